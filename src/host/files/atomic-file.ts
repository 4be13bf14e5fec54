import { randomUUID } from 'node:crypto';
import { chmod, constants, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

/**
 * Replaces a file as a whole: a reader sees only the old or only the new content, also after a loss of power. The mode is exact, regardless
 * of the umask. Rejects with the system's error, and then leaves nothing behind.
 *
 * The package write-file-atomic does less: it does not sync the directory, and opens the draft even if somebody else made that file.
 */
export async function writeFileAtomically(path: string, text: string, mode: number): Promise<void> {
  const directory = dirname(path);
  const temporary = join(directory, `.${basename(path)}.${randomUUID()}`);
  try {
    const file = await open(temporary, 'wx', mode);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncDirectory(directory);
}

/** The name of a draft of {@link writeFileAtomically}. */
const draftForm = /^\.(.+)\.[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Removes the drafts that killed processes left in a directory. They may hold secrets. Nobody else may write there now; with `of`, the
 * name of a file, nobody else may write that file.
 */
export async function removeDrafts(directory: string, of?: string): Promise<void> {
  for (const name of await readdir(directory)) {
    const file = draftForm.exec(name)?.[1];
    if (file !== undefined && (of === undefined || of === file))
      await rm(join(directory, name), { force: true });
  }
}

/**
 * Writes to an existing file, which keeps its place, its owner and its mode. A reader may see a mixture of old and new for a moment. A
 * symbolic link is not followed. Rejects with the system's error.
 */
export async function overwriteFile(path: string, text: string): Promise<void> {
  const file = await open(path, constants.O_WRONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length;)
      at += (await file.write(bytes, at, bytes.length - at, at)).bytesWritten;
    // The file is truncated last, so that readers never see it empty.
    await file.truncate(bytes.length);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Writes a directory to disk. Only after that is a rename in it on disk. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** Makes a directory and its parents. New directories have the exact mode, regardless of the umask; existing ones stay as they are. */
export async function makeDirectories(path: string, mode: number): Promise<void> {
  const first = await mkdir(path, { recursive: true, mode });
  if (first === undefined) return;
  for (let made = resolve(path); ; made = dirname(made)) {
    await chmod(made, mode);
    if (made === resolve(first)) return;
  }
}
