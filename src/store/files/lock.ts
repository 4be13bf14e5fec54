import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Readable, Writable } from 'node:stream';

import { StoreError } from '../store.ts';

/** Longer than any queue of writers; whoever holds it this long is stopped or hung. */
const patienceSeconds = 60;
const patienceLost = 75;

type Holder = ChildProcessByStdio<Writable, Readable, Readable>;

/**
 * Does work while holding the kernel's lock (flock(2)) on a file, which is made if need be; one holder at a time among
 * all processes and, where the mount supports it, machines. Node cannot lock a file, so flock(1) does, and a `cat` at
 * the end of a pipe keeps it: when this process dies, however it dies, the pipe ends, and with it the lock.
 */
export async function withFileLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  // flock(1) would only say that it failed; this says why.
  await (await open(path, 'a', 0o644)).close();
  const holder = spawn(
    'flock',
    ['--timeout', String(patienceSeconds), '--conflict-exit-code', String(patienceLost), path, 'cat'],
    // A process group of its own: Ctrl-C at a terminal must not end the lock before the work.
    { stdio: ['pipe', 'pipe', 'pipe'], detached: true },
  );
  await waitUntilHeld(holder, path);
  try {
    return await work();
  } finally {
    await release(holder);
  }
}

/** The lock is held once `cat` runs, and it runs once it has sent back what it was sent. */
async function waitUntilHeld(holder: Holder, path: string): Promise<void> {
  // A holder that ends early closes the pipe under the write; its exit says more than EPIPE does.
  holder.stdin.on('error', () => undefined);
  holder.stdin.write('\n');
  let stderr = '';
  holder.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const held = once(holder.stdout, 'data').then(() => undefined);
  const ended = once(holder, 'close').then(([code]) => (typeof code === 'number' ? code : -1));
  const code = await Promise.race([held, ended]).catch((error: unknown) => {
    throw new StoreError('cannot lock the store, because flock(1) cannot be run', {
      retryable: false,
      hint: 'Install the package util-linux.',
      cause: error,
    });
  });
  ended.catch(() => undefined);
  if (code === undefined) return;
  if (code === patienceLost) {
    throw new StoreError(`another process has held the lock ${path} for ${patienceSeconds} s`, {
      retryable: true,
      hint: `Find out which with: fuser -v ${path}`,
    });
  }
  const why = stderr.trim() === '' ? `flock ended with status ${code}` : stderr.trim();
  throw new StoreError(`cannot lock ${path}: ${why}`, { retryable: true });
}

/** Waits until the kernel has let go, so that who asks next in this process does not race with its own past. */
async function release(holder: Holder): Promise<void> {
  const closed = holder.exitCode === null && holder.signalCode === null ? once(holder, 'close') : undefined;
  holder.stdin.end();
  holder.stdout.resume();
  await closed;
}
