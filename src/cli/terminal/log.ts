import { setTimeout as delay } from 'node:timers/promises';
import { isatty } from 'node:tty';
import type Pino from 'pino';
import type { EmitEvent, HeddleEvent } from '../../event/event.ts';
import { renderEvent } from '../../event/human.ts';
import { Repeats } from '../../event/repeats.ts';
import { usesColour } from '../../host/terminal-colour.ts';
import { isShown, levelOf } from '../../event/level.ts';
import type { Level } from '../../event/level.ts';
import { isJournal, withPriority } from './journal-priority.ts';

export type LogFormat = 'text' | 'json';

export interface LogOptions {
  readonly format: LogFormat;
  /** The least important level that is shown. */
  readonly level: Level;
}

/** How many bytes wait for a slow reader of the log before lines are dropped: the network matters more. */
const mostWaiting = 8 << 20;

/** How long the reader of the log may take for the last lines, in milliseconds. */
const longestFlushMs = 400;

/** Where the lines of a log go. */
interface LogOutput {
  write(line: string): boolean;
  on(event: 'drop' | 'drain', listener: () => void): unknown;
  once(event: 'drain' | 'error' | 'close', listener: () => void): unknown;
  end(): void;
}

interface Log {
  readonly emit: EmitEvent;
  /** Writes what is left, for less than half a second: what cannot be written must not keep the process from ending. */
  readonly close: () => Promise<void>;
}

/**
 * Writes each event to stdout: one line for a person, or one JSON object. A reader that is slow, or gone, never keeps
 * the caller waiting.
 *
 * @param flushMs how long the reader may take for the last lines, in milliseconds
 */
export async function createLog(options: LogOptions, flushMs: number = longestFlushMs): Promise<Log> {
  const { default: pino } = await import('pino');
  // `sync` would have it sleep whenever a pipe is full.
  const stdout = pino.destination({ fd: 1, sync: false, maxLength: mostWaiting });
  const write =
    options.format === 'json' ? createJsonLog(pino, stdout) : await createTextLog(stdout, isJournal(1));
  const { emit, endWindows } = options.level === 'debug' ? showEach(write) : foldRepeats(write);
  const emitShown: EmitEvent = (event) => {
    if (isShown(levelOf(event), options.level)) emit(event);
  };
  tellOfLostLines(stdout, write);
  // A full disk may have room again, and each line is another try.
  stdout.on('error', () => undefined);
  const close = async (): Promise<void> => {
    endWindows();
    await Promise.race([writeRest(stdout), delay(flushMs, undefined, { ref: false })]);
    // Otherwise pino writes the rest when the process exits, and waits for the reader.
    stdout.destroy();
  };
  return { emit: emitShown, close };
}

/** The way of an event to its line. */
interface Folding {
  readonly emit: EmitEvent;
  /** Shows what is still counted. */
  readonly endWindows: () => void;
}

function showEach(write: EmitEvent): Folding {
  return { emit: write, endWindows: () => undefined };
}

/** Shows events of one cause as one line, and then a count of them. */
function foldRepeats(write: EmitEvent): Folding {
  const repeats = new Repeats(write);
  let timer: NodeJS.Timeout | undefined;
  let wakesAt = Infinity;
  const wait = (): void => {
    const endsAt = repeats.endsAt ?? Infinity;
    if (endsAt >= wakesAt) return;
    clearTimeout(timer);
    wakesAt = endsAt;
    // The count must not keep the process from ending.
    timer = setTimeout(end, Math.ceil(endsAt - performance.now())).unref();
  };
  const end = (): void => {
    wakesAt = Infinity;
    repeats.endWindows(performance.now());
    wait();
  };
  const emit: EmitEvent = (event) => {
    repeats.take(event, performance.now());
    wait();
  };
  return { emit, endWindows: () => repeats.endWindows(Infinity) };
}

/** Resolves when all is written, or cannot be. */
async function writeRest(stdout: LogOutput): Promise<void> {
  const failed = new Promise<void>((resolve) => stdout.once('error', resolve));
  const drained = new Promise<void>((resolve) => stdout.once('drain', resolve));
  // Even if nothing waits to be written, this drains.
  stdout.write('');
  await Promise.race([drained, failed]);
  const closed = new Promise<void>((resolve) => stdout.once('close', resolve));
  // What was lost is told now.
  stdout.end();
  await Promise.race([closed, failed]);
}

function createJsonLog(pino: typeof Pino, stdout: LogOutput): EmitEvent {
  let current: Level = 'info';
  const journal = { write: (line: string) => stdout.write(withPriority(current, line)) };
  const logger = pino(
    {
      base: null,
      level: 'debug',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    isJournal(1) ? journal : stdout,
  );
  return (event) => {
    const { level, text } = renderEvent(event);
    current = level;
    logger[level](roundDurations(event), text);
  };
}

/** Tenths of a millisecond: more digits say nothing. */
function roundDurations(event: HeddleEvent): object {
  const fields = Object.entries(event).map(([name, value]: [string, unknown]) => [
    name,
    typeof value === 'number' && name.endsWith('Ms') ? Math.round(value * 10) / 10 : value,
  ]);
  return Object.fromEntries(fields) as object;
}

/** @param isForJournal whether each line begins with its priority */
async function createTextLog(stdout: LogOutput, isForJournal: boolean): Promise<EmitEvent> {
  const { Chalk } = await import('chalk');
  const paint = new Chalk({ level: usesColour({ isTTY: isatty(1) }) ? 1 : 0 });
  const labels: Record<Level, string> = {
    debug: paint.dim('debug'),
    info: paint.dim('info '),
    warn: paint.yellow('warn '),
    error: paint.red('error'),
  };
  return (event) => {
    const { level, text, detail } = renderEvent(event);
    const time = paint.dim(new Date().toISOString());
    const lines = `${time} ${labels[level]} ${text}\n${detail === '' ? '' : `${detail}\n`}`;
    stdout.write(isForJournal ? withPriority(level, lines) : lines);
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
