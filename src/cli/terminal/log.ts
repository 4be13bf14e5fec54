import { isatty } from 'node:tty';
import type Pino from 'pino';
import type { EmitEvent } from '../../event/event.ts';
import { renderEvent } from '../../event/human.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import type { Level } from '../../event/human.ts';

export type LogFormat = 'text' | 'json';

/** How many bytes wait for a slow reader of the log before lines are dropped: the network matters more. */
const mostWaiting = 8 << 20;

/** Where the lines of a log go. */
interface LogOutput {
  write(line: string): boolean;
  on(event: 'drop' | 'drain' | 'error', listener: () => void): unknown;
  destroy(): void;
}

export interface Log {
  readonly emit: EmitEvent;
  /** To be called after the last event: what cannot be written must not keep the process from ending. */
  readonly close: () => void;
}

/**
 * Writes each event to stdout: one line for a person, or one JSON object. A reader that is slow, or gone, never keeps
 * the caller waiting.
 */
export async function createLog(format: LogFormat): Promise<Log> {
  const { default: pino } = await import('pino');
  // `sync` would have it sleep whenever a pipe is full.
  const stdout = pino.destination({ fd: 1, sync: false, maxLength: mostWaiting });
  const emit = format === 'json' ? createJsonLog(pino, stdout) : await createTextLog(stdout);
  tellOfLostLines(stdout, emit);
  // A full disk may have room again, and each line is another try. A pipe's reader that is gone stays gone.
  let isFailing = false;
  let isClosing = false;
  const giveUp = (): void => {
    if (isFailing && isClosing) stdout.destroy();
  };
  stdout.on('error', () => {
    isFailing = true;
    giveUp();
  });
  stdout.on('drain', () => (isFailing = false));
  const close = (): void => {
    isClosing = true;
    giveUp();
  };
  return { emit, close };
}

function createJsonLog(pino: typeof Pino, stdout: LogOutput): EmitEvent {
  const logger = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    stdout,
  );
  return (event) => {
    const { level, text } = renderEvent(event);
    logger[level](event, text);
  };
}

async function createTextLog(stdout: LogOutput): Promise<EmitEvent> {
  const { Chalk } = await import('chalk');
  const paint = new Chalk({ level: usesColour({ isTTY: isatty(1) }) ? 1 : 0 });
  const labels: Record<Level, string> = {
    info: paint.dim('info '),
    warn: paint.yellow('warn '),
    error: paint.red('error'),
  };
  return (event) => {
    const { level, text, detail } = renderEvent(event);
    const time = paint.dim(new Date().toISOString());
    stdout.write(`${time} ${labels[level]} ${text}\n${detail === '' ? '' : `${detail}\n`}`);
  };
}

function tellOfLostLines(stdout: LogOutput, emit: EmitEvent): void {
  let lost = 0;
  stdout.on('drop', () => (lost += 1));
  stdout.on('drain', () => {
    if (lost === 0) return;
    const message = `${lost} lines of this log were lost because its reader was too slow`;
    lost = 0;
    emit({ event: 'warning', message });
  });
}
