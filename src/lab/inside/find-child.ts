import { readdirSync, readFileSync } from 'node:fs';

/** Finds the only child of a process. Undefined if it does not have one. */
export function findChildOf(parent: number): number | undefined {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const found = pids.find((pid) => parentOf(pid) === parent);
  return found === undefined ? undefined : Number(found);
}

function parentOf(pid: string): number | undefined {
  try {
    // The name of the program is in parentheses, and may itself contain some.
    const [, parent] = /\) \S (\d+) [^)]*$/.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
    return Number(parent);
  } catch {
    // The process ended meanwhile.
    return undefined;
  }
}
