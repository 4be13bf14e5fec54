import { closeSync, constants, lstatSync, openSync, type Stats } from 'node:fs';
import { access, lstat, mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { StoreError, type OpenMode } from '../store.ts';
import { errorCode, filesStoreError } from './errors.ts';
import { ownDraftPrefix, type FileLayout } from './layout.ts';
import { networkSetCommand } from '../network-command.ts';

/**
 * The mode of the store's directory. Leases are not secret, but anyone who can write them influences the commands that run as root on other
 * nodes.
 */
const directoryMode = 0o700;

/** Makes the directory of a store, if the mode permits it, and checks that it can be used. Throws a {@link StoreError}. */
export async function useDirectory({ root, subnets }: FileLayout, mode: OpenMode): Promise<void> {
  const isWritable = mode !== 'read-only';
  try {
    if (mode === 'read-write') await makeDirectory(subnets, directoryMode);
    for (const path of [subnets, root]) {
      if (path === subnets) statOwnDirectory(path);
      await access(path, constants.R_OK | constants.X_OK | (isWritable ? constants.W_OK : 0));
    }
    if (isWritable) await removeOldDrafts(root);
  } catch (error) {
    if (mode !== 'read-write' && errorCode(error) === 'ENOENT') throw noStore(root, error);
    throw withoutRetry(filesStoreError(`${isWritable ? 'use' : 'read'} the store directory ${root}`, error));
  }
}

/** The age of an old draft, in milliseconds. Writing a draft takes milliseconds, so its process was killed. */
const oldDraftMs = 60_000;

async function removeOldDrafts(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!name.startsWith(ownDraftPrefix)) continue;
    const path = join(root, name);
    const written = await lstat(path).catch(() => undefined);
    if (written === undefined || written.isDirectory()) continue;
    if (Date.now() - written.mtimeMs > oldDraftMs) await rm(path, { force: true });
  }
}

/**
 * Looks at a directory in the store, where others may have put something else. Throws a {@link PlainFileError} for a link and for anything
 * else that is not a directory; the system's error if nothing is there.
 */
export function statOwnDirectory(path: string): Stats {
  const stats = lstatSync(path);
  if (stats.isDirectory()) return stats;
  throw new PlainFileError(path, stats.isSymbolicLink() ? 'is a symbolic link' : 'is not a directory');
}

/**
 * Does work in a directory of the store. The path that the work gets leads to the same directory even if the original path is replaced
 * meanwhile. Throws as {@link statOwnDirectory} does.
 */
export async function inOwnDirectory<T>(path: string, work: (directory: string) => Promise<T>): Promise<T> {
  statOwnDirectory(path);
  const directory = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    return await work(`/proc/self/fd/${directory}`);
  } finally {
    closeSync(directory);
  }
}

/**
 * Creates a directory and its parents, unless they exist. Node's own recursive `mkdir` does not suffice: on a read-only
 * file system it reports that the directory does not exist.
 */
async function makeDirectory(path: string, mode: number): Promise<void> {
  try {
    await makeOne(path, mode);
  } catch (error) {
    if (errorCode(error) !== 'ENOENT' || dirname(path) === path) throw error;
    await makeDirectory(dirname(path), mode);
    await makeOne(path, mode);
  }
}

async function makeOne(path: string, mode: number): Promise<void> {
  try {
    await mkdir(path, { mode });
  } catch (error) {
    if (errorCode(error) !== 'EEXIST' || !(await stat(path)).isDirectory()) throw error;
  }
}

function noStore(root: string, cause: unknown): StoreError {
  return new StoreError(`the directory ${root} does not contain a store`, {
    retryable: false,
    hint: `mount it, or give another with --store-dir; the first node or ${networkSetCommand(['--store-dir', root])} creates a store`,
    cause,
  });
}

/**
 * Makes an error permanent: a directory that is missing at the start does not appear by waiting. One that disappears later may come back.
 */
function withoutRetry(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const { message, hint, cause } = error;
  return new StoreError(message, { retryable: false, cause, ...(hint !== undefined && { hint }) });
}
