import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { hasErrorCode } from '../system-error.ts';
import { PlainFileError } from './plain-file-error.ts';

/** An open file; its descriptor must be closed. */
export interface PlainFile {
  readonly file: number;
  readonly stats: Stats;
}

/**
 * Opens a file in a directory that others may write to, and which may hold anything. It does not follow a link, does not wait for the other
 * end of a FIFO, and throws a {@link PlainFileError} for anything but a regular file. Other errors are the system's.
 *
 * It is synchronous, so that the file that was checked is the file that is used.
 */
export function openPlainFile(path: string, flags: number, mode = 0o600): PlainFile {
  return openRegularFile(path, flags | constants.O_NOFOLLOW, mode);
}

/** Reads a file that is opened as by {@link openPlainFile}. Throws a {@link PlainFileError} if it has more than `mostBytes` bytes. */
export function readPlainFile(path: string, mostBytes: number): string {
  return readAll(path, openPlainFile(path, constants.O_RDONLY), mostBytes).toString('utf8');
}

/**
 * Reads a file that an operator names, such as a secret or a certificate. Links are followed, because Kubernetes and systemd make them. In
 * all else, the file is read as by {@link readPlainFile}: whatever the path names, nothing is waited for.
 */
export function readNamedFile(
  path: string,
  mostBytes: number,
): { readonly bytes: Buffer; readonly stats: Stats } {
  const opened = openRegularFile(path, constants.O_RDONLY);
  // A copy, because the bytes may be kept, and the buffer of the limit with them.
  return { bytes: Buffer.from(readAll(path, opened, mostBytes)), stats: opened.stats };
}

/**
 * Opens a regular file that stays open, or is too large to be read at once. Links are followed unless `flags` has `O_NOFOLLOW`; in all else,
 * it is opened as by {@link openPlainFile}.
 */
export async function openFileHandle(path: string, flags: number, mode?: number): Promise<FileHandle> {
  const file = await open(path, flags | withoutWaiting, mode).catch((error: unknown) => {
    throw explainOpen(path, flags, error);
  });
  try {
    if (!(await file.stat()).isFile()) throw notRegular(path);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

const withoutWaiting = constants.O_NONBLOCK | constants.O_NOCTTY;

function openRegularFile(path: string, flags: number, mode?: number): PlainFile {
  let file: number;
  try {
    file = openSync(path, flags | withoutWaiting, mode);
  } catch (error) {
    throw explainOpen(path, flags, error);
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw notRegular(path);
    return { file, stats };
  } catch (error) {
    closeSync(file);
    throw error;
  }
}

function explainOpen(path: string, flags: number, error: unknown): unknown {
  const isLinkRefused = (flags & constants.O_NOFOLLOW) !== 0 && hasErrorCode(error, 'ELOOP');
  if (isLinkRefused) return new PlainFileError(path, 'is a symbolic link');
  // These errors mean a socket, a FIFO without a reader, a device without a driver, or a directory that was opened for writing.
  return hasErrorCode(error, 'ENXIO', 'ENODEV', 'EISDIR') ? notRegular(path) : error;
}

function notRegular(path: string): PlainFileError {
  return new PlainFileError(path, 'is not a regular file');
}

/** Reads an open file to its end, and closes it. */
function readAll(path: string, { file }: PlainFile, mostBytes: number): Buffer {
  try {
    // One more byte shows whether the file is longer: a file of /proc has no size.
    const buffer = Buffer.allocUnsafe(mostBytes + 1);
    let length = 0;
    for (;;) {
      const count = readSync(file, buffer, length, buffer.length - length, length);
      length += count;
      if (count === 0) return buffer.subarray(0, length);
      if (length > mostBytes) throw new PlainFileError(path, `is larger than ${mostBytes} bytes`);
    }
  } finally {
    closeSync(file);
  }
}
