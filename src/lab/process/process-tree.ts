import { readdirSync, readFileSync } from 'node:fs';

/** A process below another one. */
export interface TreeProcess {
  readonly pid: number;
  readonly parent: number;
  /** The id of its process group. */
  readonly group: number;
  /** The start time, which distinguishes it from a later process with the same id. */
  readonly startedAt: string;
}

/** A process and all processes below it. Empty if it has ended. */
export function listTree(root: number): readonly TreeProcess[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const all = pids.flatMap((pid) => readProcess(Number(pid)) ?? []);
  const below = (pid: number): readonly TreeProcess[] =>
    all.filter(({ parent }) => parent === pid).flatMap((child) => [child, ...below(child.pid)]);
  return [...all.filter(({ pid }) => pid === root), ...below(root)];
}

/** The words of a process's command line; empty if it has ended. */
export function wordsOfProcess(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1);
  } catch {
    return [];
  }
}

export function isRunning({ pid, startedAt }: TreeProcess): boolean {
  return readProcess(pid)?.startedAt === startedAt;
}

/** Sends a signal to those of the processes that still run. */
export function signalEach(processes: readonly TreeProcess[], signal: NodeJS.Signals): void {
  for (const each of processes.filter(isRunning)) {
    try {
      process.kill(each.pid, signal);
    } catch {
      // It ended meanwhile, or belongs to another user.
    }
  }
}

/** Undefined for a process that has ended, also if its parent has not noticed. */
function readProcess(pid: number): TreeProcess | undefined {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return undefined;
  }
  // See proc(5). The name of the program is in parentheses, and may itself contain some.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
  return { pid, parent: Number(fields[1]), group: Number(fields[2]), startedAt: fields[19] ?? '' };
}
