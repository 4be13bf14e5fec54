import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Calls back for each line of a stream that is a JSON object, and with each other line as it is. */
export function readJsonLines(
  stream: Readable,
  onObject: (object: Readonly<Record<string, unknown>>) => void,
  onText?: (line: string) => void,
): void {
  const lines = createInterface({ input: stream, crlfDelay: Infinity });
  lines.on('line', (line) => {
    const object = parseObject(line);
    if (object) onObject(object);
    else onText?.(line);
  });
  // It passes on the stream's errors, which are for the owner of the stream: unheard, one ends the process.
  lines.on('error', () => undefined);
}

/** The JSON object that a line is, or undefined. */
export function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
