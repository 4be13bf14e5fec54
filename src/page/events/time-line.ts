import { showInvisible, showInvisibleInLines } from '../../diagnostic/visible-text.ts';
import type { HeddleEvent } from '../../event/event.ts';
import { renderEvent } from '../../event/human.ts';
import type { FaultRecord } from '../../lab/protocol.ts';
import type { TimedEvent } from '../../lab/report/render-log.ts';
import type { Timeline, TimelineEntry, TimelineKind } from '../model.ts';

/** The events of one node, in their order. */
export interface NodeEvents {
  readonly node: string;
  readonly events: readonly TimedEvent[];
}

/** The most entries of a page, and the most characters of one. A page has to stay small enough to send around. */
const mostEntries = 600;
const mostText = 600;
const mostDetail = 1000;

/**
 * Makes the time line of a page. Of too many entries, the oldest commands that succeeded and other usual events are left out first, then
 * the oldest of the rest.
 */
export function toTimeline(nodes: readonly NodeEvents[], faults: readonly FaultRecord[]): Timeline {
  const all = [
    ...nodes.flatMap(({ node, events }) => events.map((logged) => entryOf(node, logged))),
    ...faults.map(entryOfFault),
  ].sort((one, other) => (one.at < other.at ? -1 : one.at > other.at ? 1 : 0));
  let excess = all.length - mostEntries;
  const entries = all.filter((entry) => !isUsual(entry) || (excess -= 1) < 0).slice(-mostEntries);
  return { entries, omitted: all.length - entries.length };
}

/** Whether an entry tells least about what went wrong: a lab of 20 nodes has hundreds of them at its start. */
function isUsual({ kind, level }: TimelineEntry): boolean {
  return (kind === 'command' || kind === 'other') && (level === 'info' || level === 'debug');
}

function entryOf(node: string, { time, event }: TimedEvent): TimelineEntry {
  const { level, text, detail } = renderEvent(event);
  return {
    at: time,
    node,
    kind: kindOf(event),
    level,
    text: clip(text, mostText),
    detail: clip(detail, mostDetail),
    durationMs: durationOf(event),
    ranBy: ranBy(event),
  };
}

function entryOfFault({ at, host, what }: FaultRecord): TimelineEntry {
  const text = showInvisible(what);
  return { at, node: host, kind: 'fault', level: 'warn', text, detail: '', durationMs: null, ranBy: null };
}

function kindOf({ event }: HeddleEvent): TimelineKind {
  switch (event) {
    case 'lease-acquired':
    case 'lease-renewed':
    case 'lease-lost':
    case 'lease-released':
    case 'lease-rejected':
      return 'lease';
    case 'command-finished':
    case 'command-failed':
    case 'peer-added':
    case 'peer-removed':
    case 'peer-failed':
    case 'batch-applied':
    case 'batch-failed':
      return 'command';
    case 'drift':
    case 'part-broken':
    case 'part-failed':
    case 'store-outage':
    case 'store-fault':
    case 'concern':
    case 'failure':
    case 'peer-displaced':
      return 'fault';
    case 'state':
    case 'ready':
      return 'state';
    default:
      return 'other';
  }
}

function durationOf(event: HeddleEvent): number | null {
  return 'durationMs' in event ? event.durationMs : null;
}

/** How the commands of an event ran; null for events of no command. */
function ranBy(event: HeddleEvent): TimelineEntry['ranBy'] {
  switch (event.event) {
    case 'peer-added':
    case 'peer-removed':
    case 'batch-applied':
      return event.compiled === true ? 'compiled' : 'shell';
    case 'command-finished':
      return 'shell';
    default:
      return null;
  }
}

/** Cuts a text, and says so. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}…`;
}

/** Makes a program's output fit for a page. */
export function printedText(text: string): string {
  return clip(showInvisibleInLines(text), mostDetail);
}
