import { readdirSync, readFileSync, statSync } from 'node:fs';
import { Failure } from '../../diagnostic/failure.ts';
import { firstProcessMarker } from './first-process.ts';
import { nameArgument } from '../plan/request.ts';

/** A running lab. */
export interface FoundLab {
  readonly name: string;
  /** Of its first process, in the PID namespace of who looks. */
  readonly pid: number;
}

/** Finds the labs of this user by their first processes: a lab leaves no file in the machine to find it by. */
export function findLabs(): readonly FoundLab[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const name = labNameOf(pid);
    return name === undefined ? [] : [{ name, pid: Number(pid) }];
  });
}

function labNameOf(pid: string): string | undefined {
  try {
    const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
    if (words[0] !== 'sh' || words[3] !== firstProcessMarker) return undefined;
    const namespacePids = /^NSpid:\s+(.+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    const isFirst = namespacePids?.split('\t').at(-1) === '1';
    return isFirst && statSync(`/proc/${pid}`).uid === process.getuid?.() ? words[4] : undefined;
  } catch {
    // It ended while it was looked at.
    return undefined;
  }
}

/** Finds a lab by its name. Throws a {@link Failure} that names those there are. */
export function findLab(name: string): FoundLab {
  const labs = findLabs();
  const wanted = labs.find((lab) => lab.name === name);
  if (wanted) return wanted;
  const names = labs.map((lab) => lab.name).join(', ');
  throw new Failure('not-running', `no lab named ${name} is running`, {
    hint:
      names === ''
        ? `start one with heddle lab up${nameArgument(name)} RECIPE`
        : `choose a running lab with --name ${names}`,
  });
}

/** Ends a lab at once: with its first process the kernel ends the rest. Nothing happens if it is gone already. */
export function killLab(lab: FoundLab): void {
  try {
    process.kill(lab.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
