import { mkdtempSync, statSync } from 'node:fs';
import { lstat, readdir, rmdir, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const commonPrefix = 'heddle-pipes-';

/** The names of FIFOs in a directory of pipes: the number of a set, and a pipe of it. */
const fifoForm = /^\d+-[a-z]+$/;

/**
 * Makes a private directory for the names of pipes, in the directory for temporary files. Returns its path.
 *
 * @param owner a directory that only one process uses at a time, such as a state directory: see {@link removeLeftPipes}
 */
export function makePipeDirectory(owner: string | undefined): string {
  return mkdtempSync(join(tmpdir(), (owner === undefined ? undefined : prefixOf(owner)) ?? commonPrefix));
}

/**
 * Removes the directories that {@link makePipeDirectory} made for earlier processes which used the same directory and were killed. To be
 * called while this process has the owner for itself, and before it makes pipes. A directory that cannot be removed stays.
 */
export async function removeLeftPipes(owner: string): Promise<void> {
  const prefix = prefixOf(owner);
  if (prefix === undefined) return;
  const names = await readdir(tmpdir()).catch(() => []);
  const paths = names.filter((name) => name.startsWith(prefix)).map((name) => join(tmpdir(), name));
  for (const path of paths) await removePipeDirectory(path).catch(() => undefined);
}

/** A directory that anybody may have made. Nothing in it is removed but what can be a FIFO of heddle's. */
async function removePipeDirectory(path: string): Promise<void> {
  const stats = await lstat(path);
  if (!stats.isDirectory() || stats.uid !== process.geteuid?.()) return;
  for (const name of await readdir(path)) if (fifoForm.test(name)) await unlink(join(path, name));
  await rmdir(path);
}

/** Names the owner by its device and inode, as several containers may share a directory for temporary files. Undefined if it is gone. */
function prefixOf(owner: string): string | undefined {
  const stats = statSync(owner, { throwIfNoEntry: false, bigint: true });
  return stats && `${commonPrefix}${stats.dev}-${stats.ino}-`;
}
