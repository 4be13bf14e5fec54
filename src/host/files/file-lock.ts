import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, fchmodSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { explainError, hasErrorCode } from '../system-error.ts';
import { findLockHolder } from './lock-holder.ts';
import { openPlainFile, type PlainFile } from './plain-file.ts';
import { PlainFileError } from './plain-file-error.ts';

/** The reason why a lock was not taken. */
type FileLockRefusal =
  /** The program flock is not on PATH. */
  | 'no-flock'
  /** The file cannot be opened or locked. */
  | 'unusable'
  /** Another process held the lock for the whole wait. */
  | 'timed-out';

/** A lock that was not taken, so that nothing was done. Callers make it a failure of the thing that the lock guards. */
export class FileLockError extends Error {
  override readonly name = 'FileLockError';
  readonly refusal: FileLockRefusal;

  constructor(refusal: FileLockRefusal, message: string, cause?: unknown) {
    super(message, { cause });
    this.refusal = refusal;
  }
}

interface FileLockOptions {
  /** The longest wait for the lock in milliseconds; the default is 30,000. */
  readonly waitMs?: number;
  /** The mode of the lock's file; the default is 0600. If the file belongs to this user and its mode is wider, it is narrowed. */
  readonly mode?: number;
  /** The signal that ends the wait, with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Does work while holding an exclusive lock on a file, which is made if it is missing and stays. Throws a {@link FileLockError} if the lock
 * is not taken in time, or if something other than a plain file is there, because others may be able to write to its directory.
 *
 * Node has no flock(2), so util-linux's flock(1) takes the lock on this process's own descriptor. However this process ends, the kernel
 * closes the descriptor and so releases the lock.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  options: FileLockOptions = {},
): Promise<T> {
  const file = openLock(path, options.mode ?? 0o600);
  try {
    await acquire(path, file, options);
    return await work();
  } finally {
    closeSync(file);
  }
}

function openLock(path: string, mode: number): number {
  try {
    const { file, stats } = openForLock(path, mode);
    const isOpenToOthers = (stats.mode & 0o777 & ~mode) !== 0;
    if (isOpenToOthers && stats.uid === process.geteuid?.()) fchmodSync(file, mode);
    return file;
  } catch (error) {
    const why = error instanceof PlainFileError ? `it ${error.reason}` : explainError(error);
    throw new FileLockError('unusable', `the lock ${path} could not be taken: ${why}`, error);
  }
}

/** Opens the lock's file for writing, which NFS requires. On this machine, reading is enough for a lock. */
function openForLock(path: string, mode: number): PlainFile {
  try {
    return openPlainFile(path, constants.O_RDWR | constants.O_CREAT, mode);
  } catch (error) {
    if (!hasErrorCode(error, 'EACCES')) throw error;
    return openPlainFile(path, constants.O_RDONLY);
  }
}

async function acquire(
  path: string,
  file: number,
  { waitMs = 30_000, signal }: FileLockOptions,
): Promise<void> {
  signal?.throwIfAborted();
  // The child is detached, because a Ctrl-C, which goes to the whole foreground group, must not end it.
  const flock = spawn('flock', ['--exclusive', '3'], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe', file],
  });
  const ended: Promise<FlockEnd> = Promise.all([readText(flock.stderr), once(flock, 'close')]).then(
    ([stderr, [status]]) => ({ isHeld: status === 0, stderr }),
    (error: unknown) => ({ isHeld: false, stderr: '', error }),
  );
  let timedOut = false;
  const giveUp = (): void => void flock.kill('SIGKILL');
  const timer = setTimeout(() => {
    timedOut = true;
    giveUp();
  }, waitMs);
  signal?.addEventListener('abort', giveUp, { once: true });
  const end = await ended;
  clearTimeout(timer);
  signal?.removeEventListener('abort', giveUp);
  if (end.isHeld) return;
  signal?.throwIfAborted();
  throw explainRefusal(path, waitMs, timedOut, end);
}

/** Without a free descriptor, a child has no streams, and its error comes later. */
async function readText(stream: Readable | null | undefined): Promise<string> {
  return stream ? text(stream) : '';
}

/** The end of flock. */
interface FlockEnd {
  readonly isHeld: boolean;
  readonly stderr: string;
  readonly error?: unknown;
}

function explainRefusal(
  path: string,
  waitMs: number,
  timedOut: boolean,
  { stderr, error }: FlockEnd,
): FileLockError {
  if (timedOut) {
    const holder = findLockHolder(path) ?? 'another process';
    return new FileLockError('timed-out', `${holder} held the lock ${path} for ${waitMs} ms`);
  }
  if (hasErrorCode(error, 'ENOENT')) {
    return new FileLockError('no-flock', 'the program flock (util-linux) is not on PATH', error);
  }
  const reason = error === undefined ? stderr.trim().replace(/^flock: /, '') : explainError(error);
  return new FileLockError('unusable', `the lock ${path} could not be taken: ${reason}`, error);
}
