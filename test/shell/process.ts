import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import type { TestContext } from 'node:test';

/** Whether a process lives: a zombie, which nobody may reap in a container, does not. */
export async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return stat[stat.lastIndexOf(')') + 2] !== 'Z';
  } catch {
    return false;
  }
}

/** Waits until a condition holds; the test's own time limit ends a wait in vain. */
export async function waitUntil(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await delay(10);
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
