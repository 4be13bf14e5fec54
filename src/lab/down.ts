import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../diagnostic/failure.ts';
import { whileWaiting } from '../host/interruption.ts';
import { findLab, killLab, type FoundLab } from './process/find.ts';

/** The time that the kernel may need to remove a lab, in milliseconds. */
const goneMs = 10_000;
const lookEveryMs = 5;

/** `lab down`: ends a lab's first process, and with it the kernel ends the rest. Returns the lab's name. */
export async function downLab(name: string): Promise<string> {
  const lab = findLab(name);
  const started = startTimeOf(lab.pid);
  killLab(lab);
  await whileWaiting({ what: `the kernel to remove the lab ${lab.name}` }, () => untilGone(lab, started));
  return lab.name;
}

/** Waits until a lab's first process is gone. Throws a {@link Failure} if that takes longer than {@link goneMs}. */
async function untilGone({ name, pid }: FoundLab, started: string | undefined): Promise<void> {
  const deadline = performance.now() + goneMs;
  while (existsSync(`/proc/${pid}`) && startTimeOf(pid) === started) {
    if (performance.now() >= deadline) {
      const message = `the lab ${name} was killed, but its first process ${pid} does not end`;
      throw new Failure('lab-failed', message, {
        hint: 'see dmesg for the process that hangs in the kernel',
      });
    }
    await delay(lookEveryMs);
  }
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
