import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { explainError, hasErrorCode } from '../system-error.ts';

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
  const holder = spawn('flock', ['--exclusive', path, 'cat'], { detached: true });
  const ended: Promise<HolderEnd> = Promise.all([text(holder.stderr), once(holder, 'close')]).then(
    ([stderr]) => ({ stderr }),
    (error: unknown) => ({ stderr: '', error }),
  );
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
    ended.then(() => false),
  ]);
  clearTimeout(timer);
  if (!held) throw explainRefusal(path, waitMs, timedOut, await ended);
  return async () => {
    holder.stdin.end();
    await ended;
  };
}

/** The answer of flock, or the reason why it could not be run. */
interface HolderEnd {
  readonly stderr: string;
  readonly error?: unknown;
}

function explainRefusal(
  path: string,
  waitMs: number,
  timedOut: boolean,
  { stderr, error }: HolderEnd,
): FileLockError {
  if (timedOut) {
    return new FileLockError('timed-out', `another process held the lock ${path} for ${waitMs} ms`);
  }
  if (hasErrorCode(error, 'ENOENT')) {
    return new FileLockError('no-flock', 'the program flock (util-linux) is not on PATH', error);
  }
  const reason = error === undefined ? stderr.trim().replace(/^flock: /, '') : explainError(error);
  return new FileLockError('unusable', `the lock ${path} could not be taken: ${reason}`, error);
}
