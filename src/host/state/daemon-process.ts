import { readdir, readFile, readlink, realpath, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { readPlainFile } from '../files/plain-file.ts';
import { writeStateFile } from './state-file.ts';

/** The most bytes of the note of a process. */
const mostBytes = 64;

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, 'heddle.pid');
}

/** Notes that this process owns the state directory, for programs that get no answer from it. Throws Failure `state-directory`. */
export async function noteOwnProcess(stateDirectory: string): Promise<void> {
  await writeStateFile(fileOf(stateDirectory), `${process.pid}\n`);
}

export async function forgetOwnProcess(stateDirectory: string): Promise<void> {
  await rm(fileOf(stateDirectory), { force: true });
}

/** A process that owns a state directory. */
export interface OwningProcess {
  readonly pid: number;
  /** The state of the process by proc(5): `T` if a signal stopped it. */
  readonly state: string;
}

/** The process that noted itself as the owner of the state directory; undefined if it is unknown, or not visible from here. */
export async function findOwningProcess(stateDirectory: string): Promise<OwningProcess | undefined> {
  try {
    const pid = Number(readPlainFile(fileOf(stateDirectory), mostBytes));
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return { pid, state: stat.charAt(stat.lastIndexOf(')') + 2) };
  } catch {
    return undefined;
  }
}

/** Whether a signal such as SIGSTOP stopped the process, or a debugger. */
export function isStopped({ state }: OwningProcess): boolean {
  return state === 'T' || state === 't';
}

/**
 * Finds the daemon whose state directory was deleted while it ran: it still has the journal open. Undefined if there is none, or if this
 * user cannot see it.
 */
export async function findDaemonOfDeleted(stateDirectory: string): Promise<number | undefined> {
  const absolute = resolve(stateDirectory);
  const parent = await realpath(dirname(absolute)).catch(() => dirname(absolute));
  const journal = `${join(parent, basename(absolute), 'journal')} (deleted)`;
  for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
    const directory = `/proc/${pid}/fd`;
    // A process may end meanwhile, or belong to another user.
    const files = await readdir(directory).catch(() => []);
    const links = await Promise.all(files.map((file) => readlink(join(directory, file)).catch(() => '')));
    if (links.includes(journal)) return Number(pid);
  }
  return undefined;
}
