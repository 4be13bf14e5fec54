import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Ends a process, also one that is stopped, and resolves when the process has ended. Does nothing if it has ended before. */
export async function endChild(child: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (child?.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  // A process that is stopped does not take SIGTERM.
  child.kill('SIGCONT');
  child.kill(signal);
  await ended;
}
