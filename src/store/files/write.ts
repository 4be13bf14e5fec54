import { link, open, rename, rm } from 'node:fs/promises';

import { errorCode } from './errors.ts';

/** Readable by all, because leases hold no secret; writable by the owner alone, because commands act on them. */
const fileMode = 0o644;

/** Writes a file that must not exist yet; it appears whole or not at all. Returns whether it was this call that made it. */
export async function createWhole(draft: string, path: string, text: string): Promise<boolean> {
  await writeDraft(draft, text);
  try {
    // Unlike a rename, a link never replaces what somebody without the lock put there meanwhile.
    await link(draft, path);
  } catch (error) {
    if (errorCode(error) === 'EEXIST') return false;
    if (!isLinkUnsupported(error)) throw error;
    await rename(draft, path);
    return true;
  } finally {
    await rm(draft, { force: true });
  }
  return true;
}

/** Writes a file in the place of another; a reader sees the one or the other, whole. */
export async function replaceWhole(draft: string, path: string, text: string): Promise<void> {
  await writeDraft(draft, text);
  await rename(draft, path);
}

/** The draft is created again each time, because a draft of a dead process may already be linked to a lease. */
async function writeDraft(draft: string, text: string): Promise<void> {
  await rm(draft, { force: true });
  const file = await open(draft, 'wx', fileMode);
  try {
    await file.writeFile(text);
    // Else a power cut could leave an empty file under a lease's name.
    await file.sync();
  } finally {
    await file.close();
  }
}

/** FAT, some FUSE and SMB mounts know no hard links. */
function isLinkUnsupported(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'].includes(errorCode(error) ?? '');
}
