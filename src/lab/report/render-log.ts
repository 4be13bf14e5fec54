import { showInvisibleInLines } from '../../diagnostic/visible-text.ts';
import type { HeddleEvent } from '../../event/event.ts';
import { renderEvent } from '../../event/human.ts';
import { eventNames } from '../../event/level.ts';

/** Renders the JSON log of a daemon for people. A line that is not an event stays as it is. */
export function renderLog(text: string): string {
  const lines = text.replace(/\n$/, '').split('\n');
  return text === '' ? '' : lines.map((line) => `${renderLine(line)}\n`).join('');
}

function renderLine(line: string): string {
  const logged = readLoggedEvent(line);
  if (logged === undefined) return showInvisibleInLines(line);
  const { level, text, detail } = renderEvent(logged.event);
  return `${logged.time} ${level.padEnd(5)} ${text}${detail === '' ? '' : `\n${detail}`}`;
}

/** An event of the log, with its time. */
export interface TimedEvent {
  readonly time: string;
  readonly event: HeddleEvent;
}

/** Reads a line of a daemon's JSON log; undefined if it is not an event. */
export function readLoggedEvent(line: string): TimedEvent | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    const logged = JSON.parse(line) as HeddleEvent & { readonly time: unknown };
    return eventNames.includes(logged.event) ? { time: String(logged.time), event: logged } : undefined;
  } catch {
    return undefined;
  }
}
