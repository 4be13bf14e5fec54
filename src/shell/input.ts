import { randomUUID } from 'node:crypto';
import { accessSync, closeSync, constants, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Opens a file without a name that holds a command's stdin, and returns its descriptor. A file, as the kernel holds it
 * even when nobody reads it, and as `/dev/stdin` can be opened again; of a FIFO, that would wait for a writer.
 * In memory where that is possible, so that a full disk cannot keep a command from running.
 */
export function openInput(text: string): number {
  if (text === '') return openSync('/dev/null', 'r');
  const path = join(inputDirectory(), `heddle-stdin-${randomUUID()}`);
  const writer = openSync(path, 'wx', 0o600);
  try {
    writeFileSync(writer, text);
    return openSync(path, 'r');
  } finally {
    unlinkSync(path);
    closeSync(writer);
  }
}

function inputDirectory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}
