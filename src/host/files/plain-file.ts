import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs';
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

function openRegularFile(path: string, flags: number, mode?: number): PlainFile {
  let file: number;
  try {
    file = openSync(path, flags | constants.O_NONBLOCK | constants.O_NOCTTY, mode);
  } catch (error) {
    const isLinkRefused = (flags & constants.O_NOFOLLOW) !== 0 && hasErrorCode(error, 'ELOOP');
    if (isLinkRefused) throw new PlainFileError(path, 'is a symbolic link');
    // These errors mean a socket, a FIFO without a reader, or a device without a driver.
    if (hasErrorCode(error, 'ENXIO', 'ENODEV')) throw new PlainFileError(path, 'is not a regular file');
    throw error;
  }
  try {
    const stats = fstatSync(file);
    if (!stats.isFile()) throw new PlainFileError(path, 'is not a regular file');
    return { file, stats };
  } catch (error) {
    closeSync(file);
    throw error;
  }
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
