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
  const safely = flags | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;
  let file: number;
  try {
    file = openSync(path, safely, mode);
  } catch (error) {
    if (hasErrorCode(error, 'ELOOP')) throw new PlainFileError(path, 'is a symbolic link');
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

/** Reads a file that is opened as by {@link openPlainFile}. Throws a {@link PlainFileError} if it has more than `mostBytes` bytes. */
export function readPlainFile(path: string, mostBytes: number): string {
  const { file } = openPlainFile(path, constants.O_RDONLY);
  try {
    // One more byte shows whether the file is longer: a file of /proc has no size.
    const buffer = Buffer.allocUnsafe(mostBytes + 1);
    let length = 0;
    for (;;) {
      const count = readSync(file, buffer, length, buffer.length - length, length);
      length += count;
      if (count === 0) return buffer.toString('utf8', 0, length);
      if (length > mostBytes) throw new PlainFileError(path, `is larger than ${mostBytes} bytes`);
    }
  } finally {
    closeSync(file);
  }
}
