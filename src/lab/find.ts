import { readdirSync, readFileSync, statSync } from 'node:fs';
import { Failure } from '../diagnostic/failure.ts';
import { firstProcessMarker } from './first-process.ts';

/** A running lab. */
export interface FoundLab {
  readonly name: string;
  /** Of its first process, in the PID namespace of who looks. */
  readonly pid: number;
}

/** The name of a lab that was not given one. */
export const defaultLabName = 'default';

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

/**
 * Finds one lab by name; without a name, the lab named `default`, or the only one there is.
 * Throws a {@link Failure} that names those there are.
 */
export function findLab(name: string | undefined): FoundLab {
  const labs = findLabs();
  const wanted = labs.find((lab) => lab.name === (name ?? defaultLabName));
  if (wanted) return wanted;
  const [only, ...others] = labs;
  if (name === undefined && only && others.length === 0) return only;
  if (!only) {
    throw new Failure('not-running', name === undefined ? 'No lab runs.' : `No lab named ${name} runs.`, {
      hint: 'Start one with: heddle lab up RECIPE',
    });
  }
  const names = labs.map((lab) => lab.name).join(', ');
  throw new Failure('not-running', `No lab named ${name ?? defaultLabName} runs.`, {
    hint: `Name one of those that do with --name: ${names}.`,
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
