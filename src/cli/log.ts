import type { EmitEvent, HeddleEvent } from '../event/event.ts';
import { renderEvent } from '../event/human.ts';
import type { Level } from '../event/human.ts';

export type LogFormat = 'text' | 'json';

/**
 * Writes each event to stdout as it happens: one line for a person, or one JSON object. A log that nobody can take any
 * more is given up: the network matters more.
 */
export async function createLog(format: LogFormat): Promise<EmitEvent> {
  return format === 'json' ? createJsonLog() : createTextLog();
}

async function createJsonLog(): Promise<EmitEvent> {
  const { default: pino } = await import('pino');
  const stdout = pino.destination({ fd: 1, sync: true });
  stdout.on('error', giveUp);
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

async function createTextLog(): Promise<EmitEvent> {
  const { Chalk } = await import('chalk');
  const paint = new Chalk({ level: process.stdout.isTTY ? 1 : 0 });
  const labels: Record<Level, string> = {
    info: paint.dim('info '),
    warn: paint.yellow('warn '),
    error: paint.red('error'),
  };
  process.stdout.on('error', giveUp);
  return (event: HeddleEvent) => {
    const { level, text, detail } = renderEvent(event);
    const time = paint.dim(new Date().toISOString());
    process.stdout.write(`${time} ${labels[level]} ${text}\n${detail === '' ? '' : `${detail}\n`}`);
  };
}

function giveUp(): void {
  // The reader of a pipe is gone, or a disk is full: there is nowhere to say so.
}
