import { readFileSync, readdirSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';

const ticksPerSecond = 100;

/** CPU seconds of all processes of this PID namespace but this one's own, with the children that they waited for. */
export function cpuSecondsOfOthers(): number {
  let ticks = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && name !== `${process.pid}`)) {
    try {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
        .replace(/^.*\) /, '')
        .split(' ');
      // utime, stime, cutime, cstime of proc(5)
      for (const field of fields.slice(11, 15)) ticks += Number(field);
    } catch {
      // It has ended meanwhile; its parent has its ticks.
    }
  }
  return ticks / ticksPerSecond;
}

/** Resident megabytes now, or at their highest. */
export function residentMb(pid: number, what: 'VmRSS' | 'VmHWM'): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return (Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) * 1024) / 1e6;
}

/** The least resident megabytes within a minute: the garbage of the start is collected some seconds after it. */
export async function residentMbAtRest(pid: number): Promise<number> {
  const peak = residentMb(pid, 'VmHWM');
  let least = residentMb(pid, 'VmRSS');
  for (let seconds = 0; seconds < 60 && least > 0.85 * peak; seconds += 1) {
    await setTimeout(1000);
    least = Math.min(least, residentMb(pid, 'VmRSS'));
  }
  return least;
}
