import { randomUUID } from 'node:crypto';
import {
  accessSync,
  closeSync,
  constants,
  ftruncateSync,
  openSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * Opens a file without a name that holds a command's stdin, and returns its descriptor. The kernel keeps a file's content even if no
 * process reads it, and `/dev/stdin` can be opened again. With a FIFO, that would wait for a writer.
 */
export function openInput(text: string): number {
  if (text === '') return openSync('/dev/null', 'r');
  return makeFile((path, writer) => {
    try {
      writeFileSync(writer, text);
      return openSync(path, 'r');
    } finally {
      closeSync(writer);
    }
  });
}

/** Opens a new, empty file without a name, for reading and writing. */
export function openNamelessFile(): number {
  return makeFile((_path, file) => file);
}

/** Replaces the content of a file that is open for writing. */
export function replaceContent(file: number, content: Buffer): void {
  for (let written = 0; written < content.length;) {
    written += writeSync(file, content, written, content.length - written, written);
  }
  ftruncateSync(file, content.length);
}

/**
 * Makes a file that has a name only while `open` runs. It is in memory where possible, so that a full disk cannot keep a command from
 * running.
 */
function makeFile(open: (path: string, file: number) => number): number {
  const path = join(directory(), `heddle-${randomUUID()}`);
  const file = openSync(path, 'wx+', 0o600);
  try {
    return open(path, file);
  } finally {
    unlinkSync(path);
  }
}

function directory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}
