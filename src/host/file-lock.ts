import { execa } from 'execa';
import { hasErrorCode } from './system-error.ts';

/** Why a lock could not be had. */
export type FileLockRefusal =
  /** The program flock is not on PATH. */
  | 'no-flock'
  /** The file cannot be opened or locked. */
  | 'unusable'
  /** Somebody held it all the time. */
  | 'timed-out';

/** A lock that could not be had; nothing was done. Callers phrase it as a failure of what they guard. */
export class FileLockError extends Error {
  override readonly name = 'FileLockError';
  readonly refusal: FileLockRefusal;

  constructor(refusal: FileLockRefusal, message: string, cause?: unknown) {
    super(message, { cause });
    this.refusal = refusal;
  }
}

/**
 * Does work while holding an exclusive lock on a file, which is made if it is missing and stays. Throws
 * {@link FileLockError} if the lock is not had within `waitMs` (30,000 unless given).
 *
 * Node has no flock(2), so util-linux's flock(1) holds it for us, around a cat that lives as long as our end of its
 * stdin: however this process ends, the kernel closes the pipe, and with cat goes the lock.
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { waitMs = 30_000 }: { waitMs?: number } = {},
): Promise<T> {
  const release = await acquire(path, waitMs);
  try {
    return await work();
  } finally {
    await release();
  }
}

async function acquire(path: string, waitMs: number): Promise<() => Promise<void>> {
  // Detached: a Ctrl-C, which goes to the whole foreground group, must not take the lock from under the work.
  const holder = execa('flock', ['--exclusive', path, 'cat'], { reject: false, detached: true });
  holder.stdin.on('error', () => undefined);
  // cat gives the byte back only once it runs, which is when the lock is held.
  holder.stdin.write('\n');
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    // flock may have started cat just now: that ends with its stdin.
    holder.stdin.end();
    holder.kill('SIGKILL');
  }, waitMs);
  const held = await Promise.race([
    new Promise<true>((resolve) => holder.stdout.once('data', () => resolve(true))),
    holder.then(() => false),
  ]);
  clearTimeout(timer);
  if (!held) throw await explainRefusal(path, waitMs, timedOut, holder);
  return async () => {
    holder.stdin.end();
    await holder;
  };
}

async function explainRefusal(
  path: string,
  waitMs: number,
  timedOut: boolean,
  holder: PromiseLike<{ stderr: string; cause?: unknown }>,
): Promise<FileLockError> {
  if (timedOut) {
    return new FileLockError('timed-out', `another process held the lock ${path} for ${waitMs} ms`);
  }
  const { stderr, cause } = await holder;
  if (hasErrorCode(cause, 'ENOENT')) {
    return new FileLockError('no-flock', 'the program flock (util-linux) is not on PATH', cause);
  }
  const reason = stderr.trim().replace(/^flock: /, '');
  return new FileLockError('unusable', `the lock ${path} could not be taken: ${reason}`, cause);
}
