import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../diagnostic/failure.ts';
import { findLab, killLab } from './process/find.ts';

/** The time that the kernel may need to remove a lab, in milliseconds. */
const goneMs = 10_000;
const lookEveryMs = 5;

/** `lab down`: ends a lab's first process, and with it the kernel ends the rest. Returns the lab's name. */
export async function downLab(name: string): Promise<string> {
  const lab = findLab(name);
  const started = startTimeOf(lab.pid);
  killLab(lab);
  const deadline = performance.now() + goneMs;
  while (existsSync(`/proc/${lab.pid}`) && startTimeOf(lab.pid) === started) {
    if (performance.now() >= deadline) {
      const message = `the lab ${lab.name} was killed, but its first process ${lab.pid} does not end`;
      throw new Failure('lab-failed', message, {
        hint: 'see dmesg for the process that hangs in the kernel',
      });
    }
    await delay(lookEveryMs);
  }
  return lab.name;
}

/** The start time of a process, which distinguishes it from a later process with the same id. */
function startTimeOf(pid: number): string | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return text.slice(text.lastIndexOf(')')).split(' ')[20];
  } catch {
    return undefined;
  }
}
