import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import { StoreError, type OpenMode } from '../store.ts';
import { errorCode, toStoreError } from './errors.ts';
import type { FileLayout } from './layout.ts';

/** Leases are no secret, but whoever can write them has a say in what runs as root elsewhere. */
const directoryMode = 0o700;

/** Makes the directory of a store, if that may be, and sees that it can be used. Throws a {@link StoreError}. */
export async function useDirectory({ root, subnets }: FileLayout, mode: OpenMode): Promise<void> {
  const isWritable = mode !== 'read-only';
  try {
    if (mode === 'read-write') await makeDirectory(subnets, directoryMode);
    for (const path of [subnets, root]) {
      await access(path, constants.R_OK | constants.X_OK | (isWritable ? constants.W_OK : 0));
    }
  } catch (error) {
    if (mode !== 'read-write' && errorCode(error) === 'ENOENT') throw noStore(root, error);
    throw withoutRetry(toStoreError(`${isWritable ? 'use' : 'read'} the store directory ${root}`, error));
  }
}

/**
 * Makes a directory, and those above it, unless they are there. Node's own recursive `mkdir` will not do: on a read-only
 * file system it claims that there is no such directory.
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
    hint: 'mount it, or give another with --store-dir; the first node or heddle network set creates a store',
    cause,
  });
}

/** What is missing at the start does not come by waiting; what goes missing later may come back. */
function withoutRetry(error: unknown): unknown {
  if (!(error instanceof StoreError)) return error;
  const { message, hint, cause } = error;
  return new StoreError(message, { retryable: false, cause, ...(hint !== undefined && { hint }) });
}
