import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, 'heddle.pid');
}

/** Notes that this process has the state directory, for whoever asks it in vain. */
export async function noteOwnProcess(stateDirectory: string): Promise<void> {
  await writeFile(fileOf(stateDirectory), `${process.pid}\n`, { mode: 0o600 });
}

export async function forgetOwnProcess(stateDirectory: string): Promise<void> {
  await rm(fileOf(stateDirectory), { force: true });
}

/** A process that has a state directory. */
interface OwningProcess {
  readonly pid: number;
  /** Its state by proc(5): `T` for a process that was stopped by a signal. */
  readonly state: string;
}

/** The process that noted that it has the state directory; undefined if it is not known, or not seen from here. */
export async function findOwningProcess(stateDirectory: string): Promise<OwningProcess | undefined> {
  try {
    const pid = Number(await readFile(fileOf(stateDirectory), 'utf8'));
    const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
    return { pid, state: stat.charAt(stat.lastIndexOf(')') + 2) };
  } catch {
    return undefined;
  }
}
