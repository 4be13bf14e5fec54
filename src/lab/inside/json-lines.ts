import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Calls back for each line of a stream: with the object if the line is a JSON object, and with the text otherwise. */
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
  // The reader repeats the stream's errors, which the owner of the stream handles. Without a listener, one ends the process.
  lines.on('error', () => undefined);
}

/** Parses a line as a JSON object; undefined if it is none. */
export function parseObject(line: string): Readonly<Record<string, unknown>> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}
