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
import { hasErrorCode } from '../../host/system-error.ts';

/**
 * Opens a file without a name that holds a command's stdin, and returns its descriptor. The kernel keeps a file's content even if no
 * process reads it, and `/dev/stdin` can be opened again. With a FIFO, that would wait for a writer.
 */
export function openInput(text: string): number {
  if (text === '') return openSync('/dev/null', 'r');
  const writer = openNamelessFile();
  try {
    writeFileSync(writer, text);
    // Another open file: its offset is the beginning, and it cannot be written to.
    return openSync(`/proc/self/fd/${writer}`, 'r');
  } finally {
    closeSync(writer);
  }
}

/**
 * Opens a new, empty file without a name, for reading and writing. In memory where possible, so that a full disk cannot keep a command
 * from running.
 */
export function openNamelessFile(): number {
  const parent = directory();
  try {
    return openSync(parent, O_TMPFILE | constants.O_RDWR, 0o600);
  } catch (error) {
    if (!hasErrorCode(error, ...withoutNameless)) throw error;
    return openUnlinked(parent);
  }
}

/** open(2)'s O_TMPFILE, which node:fs does not name: the file never has a name, so that a process that is killed cannot leave it. */
const O_TMPFILE = 0o20000000 | constants.O_DIRECTORY;

/** The errors of a file system, or a kernel, that does not know such files. */
const withoutNameless = ['EOPNOTSUPP', 'ENOTSUP', 'EISDIR', 'EINVAL', 'ENOENT'];

/** Puts other content into a file that is open for writing. */
export function replaceContent(file: number, content: Buffer): void {
  for (let written = 0; written < content.length;) {
    written += writeSync(file, content, written, content.length - written, written);
  }
  ftruncateSync(file, content.length);
}

/** Opens a file that has a name only until it is open. */
function openUnlinked(parent: string): number {
  const path = join(parent, `heddle-${randomUUID()}`);
  const file = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  return file;
}

function directory(): string {
  try {
    accessSync('/dev/shm', constants.W_OK | constants.X_OK);
    return '/dev/shm';
  } catch {
    return tmpdir();
  }
}
