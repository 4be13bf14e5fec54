import { readFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { until } from '../support/until.ts';

/** Whether a process lives: a zombie, which nobody may reap in a container, does not. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}

/** Waits until a process lives no more. */
export async function untilGone(pid: number): Promise<void> {
  await until(`process ${pid} to end`, async () => !(await isAlive(pid)));
}

/** Reads the process ids that a command printed, and ends what is left of them after the test. */
export function readPids(t: TestContext, printed: string): number[] {
  const pids = printed.trim().split(/\s+/).map(Number);
  t.after(() => {
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended already, as it should have.
      }
    }
  });
  return pids;
}
