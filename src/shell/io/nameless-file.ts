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
 * Opens a file without a name that holds a command's stdin, and returns its descriptor. A file, as the kernel holds it
 * even when nobody reads it, and as `/dev/stdin` can be opened again; of a FIFO, that would wait for a writer.
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

/** Puts other content into a file that is open for writing. */
export function replaceContent(file: number, content: Buffer): void {
  for (let written = 0; written < content.length;) {
    written += writeSync(file, content, written, content.length - written, written);
  }
  ftruncateSync(file, content.length);
}

/** Has a file only while `open` is run. In memory where possible, so that a full disk cannot keep a command from running. */
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
