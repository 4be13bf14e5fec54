import { link, open, rename, rm } from 'node:fs/promises';

import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { errorCode } from './errors.ts';

/** The mode of leases: readable by all, because they hold no secret; writable by the owner alone, because commands act on them. */
const leaseMode = 0o644;

/** The mode of the network configuration, which may hold a secret, such as a PSK. */
export const configMode = 0o600;

/**
 * Writes a file that must not exist yet. The file appears whole or not at all. Returns whether this call made it. The caller holds the
 * store's lock: without hard links, nothing else keeps two writers apart.
 */
export async function createWhole(draft: string, path: string, text: string): Promise<boolean> {
  const outcome = await createByLink(draft, path, text);
  if (outcome !== 'no-links') return outcome === 'created';
  await replaceWhole(draft, path, text);
  return true;
}

/**
 * Writes a new file without the lock, from a draft that no other process writes to. On a file system without hard links, the file is not
 * written (`no-links`).
 */
export async function createByLink(
  draft: string,
  path: string,
  text: string,
  mode = leaseMode,
): Promise<'created' | 'exists' | 'no-links'> {
  await writeDraft(draft, text, mode);
  try {
    // Unlike a rename, a link never replaces a file that somebody without the lock put there meanwhile.
    await link(draft, path);
    return 'created';
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return 'exists';
    if (isLinkUnsupported(error)) return 'no-links';
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

/** Replaces a file. A reader sees the old or the new content, always whole. */
export async function replaceWhole(
  draft: string,
  path: string,
  text: string,
  mode = leaseMode,
): Promise<void> {
  await writeDraft(draft, text, mode);
  await rename(draft, path);
}

/** Writes a draft. It is created again each time, because a draft of a dead process may already be linked to a lease. */
async function writeDraft(draft: string, text: string, mode: number): Promise<void> {
  try {
    await rm(draft, { force: true });
  } catch (error) {
    if (errorCode(error) === 'EISDIR') throw new PlainFileError(draft, 'is a directory');
    throw error;
  }
  const file = await open(draft, 'wx', mode);
  try {
    await file.writeFile(text);
    // Without this, a power cut could leave an empty file under a lease's name.
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Whether the file system lacks hard links, as FAT, some FUSE and SMB mounts do. */
function isLinkUnsupported(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error) ?? '');
}
