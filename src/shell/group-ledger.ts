import { closeSync, constants, mkdirSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openPlainFile, readPlainFile } from '../host/files/plain-file.ts';
import { hasErrorCode } from '../host/system-error.ts';
import { endGroup, lookAtWorkerGroup } from './process-group.ts';

/**
 * The kind of a process group. `worker`: its leader runs one command after another, and earlier ones may have left processes in the group.
 * `listener`: it listens to the kernel and changes nothing.
 */
type GroupKind = 'command' | 'worker' | 'listener';

/** A ledger of the process groups that commands run in. */
export interface GroupLedger {
  /** Notes a group by its leader. Returns the function that removes the note, for when no process of the group is left. Never throws. */
  note(leader: number, kind: GroupKind): () => void;
}

/** The most bytes of a note. */
const mostBytes = 1024;

export const noLedger: GroupLedger = { note: () => () => undefined };

/**
 * Notes groups as files of a directory, one for each group, named for the leader's process id. A killed process leaves its notes, so that
 * its successor can end the groups; see {@link endNotedGroups}. The start times of the leader and of the machine distinguish a leader from
 * a later process with the same id.
 *
 * A note that cannot be written, on a full disk for example, does not keep a command from running: taking a network down must go on.
 */
export function createGroupLedger(directory: string): GroupLedger {
  return {
    note(leader, kind) {
      const path = join(directory, String(leader));
      try {
        mkdirSync(directory, { recursive: true, mode: 0o700 });
        writeNote(path, `${kind} ${identify(readFileSync(`/proc/${leader}/stat`, 'utf8'))}`);
      } catch {
        return () => undefined;
      }
      return () => rmSync(path, { force: true });
    },
  };
}

/**
 * Ends the groups that a dead process noted in this directory and that still run, and removes their notes. Processes that earlier commands
 * left in such a group on purpose stay. Returns the number of ended commands: a worker that waits for one does not count, nor does a group
 * that only listens.
 *
 * @param graceMs milliseconds between SIGTERM and SIGKILL
 */
export async function endNotedGroups(directory: string, graceMs: number): Promise<number> {
  const names = (await listNotes(directory)).filter((name) => /^\d+$/.test(name));
  const ended = await Promise.all(
    names.map((name) => endNoted(join(directory, name), Number(name), graceMs)),
  );
  return ended.filter((isEnded) => isEnded).length;
}

async function listNotes(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw error;
  }
}

async function endNoted(path: string, leader: number, graceMs: number): Promise<boolean> {
  const [kind = '', ...identity] = readNote(path).split(' ');
  const now = await readFile(`/proc/${leader}/stat`, 'utf8').catch(() => undefined);
  const isRunning = now !== undefined && identify(now) === identity.join(' ');
  const worker = isRunning && kind === 'worker' ? await lookAtWorkerGroup(leader) : undefined;
  if (isRunning) await endGroup(leader, graceMs, worker?.left);
  await rm(path, { force: true });
  return isRunning && kind !== 'listener' && worker?.isBusy !== false;
}

function writeNote(path: string, text: string): void {
  const { file } = openPlainFile(path, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC);
  try {
    writeSync(file, text);
  } finally {
    closeSync(file);
  }
}

/** A note that another program made is as good as none. */
function readNote(path: string): string {
  try {
    return readPlainFile(path, mostBytes);
  } catch {
    return '';
  }
}

/** The values that distinguish a process from any other with the same id: its start in clock ticks (field 22 of proc(5)), and the boot. */
function identify(stat: string): string {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  return `${fields[19] ?? ''} ${bootId}\n`;
}
