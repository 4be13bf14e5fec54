import { lstatSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/*
 * The note that another node's lease had this node's MAC address or key while this node ran. With the note, the next start compares its own
 * with all leases, and makes another one.
 */

function fileOf(stateDirectory: string): string {
  return join(stateDirectory, '.shared-identity');
}

/** Whether the note is there. */
export function isIdentityShared(stateDirectory: string): boolean {
  return lstatSync(fileOf(stateDirectory), { throwIfNoEntry: false }) !== undefined;
}

/** Makes the note, if it is not there. Throws the file system's error. */
export function noteSharedIdentity(stateDirectory: string): void {
  // A file that exists, of whatever kind, is not opened.
  if (!isIdentityShared(stateDirectory))
    writeFileSync(fileOf(stateDirectory), '', { flag: 'wx', mode: 0o600 });
}

/** Removes the note. Throws the file system's error. */
export function forgetSharedIdentity(stateDirectory: string): void {
  rmSync(fileOf(stateDirectory), { force: true });
}
