import { readdirSync, readFileSync, statSync } from 'node:fs';
import { Failure } from '../../diagnostic/failure.ts';
import { firstProcessMarker } from './first-process.ts';
import { nameArgument } from '../plan/request.ts';

/** A running lab. */
export interface FoundLab {
  readonly name: string;
  /** The id of the lab's first process, in the PID namespace of this process. */
  readonly pid: number;
}

/** Finds the labs of this user by their first processes, because a lab leaves no file on the machine. */
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
    // The process ended meanwhile.
    return undefined;
  }
}

/** Finds a lab by its name. Throws a {@link Failure} that names the existing labs. */
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

/** Ends a lab at once: the kernel ends the rest with its first process. Does nothing if the lab is gone already. */
export function killLab(lab: FoundLab): void {
  try {
    process.kill(lab.pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
