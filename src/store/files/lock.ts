import { FileLockError, withFileLock } from '../../host/files/file-lock.ts';
import { StoreError } from '../store.ts';

/** Longer than any queue of writers; whoever holds it this long is stopped or hung. */
const patienceMs = 60_000;

/** Does work while holding the store's lock, which all processes that write to it share. */
export async function withStoreLock<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await withFileLock(path, work, { waitMs: patienceMs });
  } catch (error) {
    if (!(error instanceof FileLockError)) throw error;
    throw explainRefusal(error, path);
  }
}

function explainRefusal(error: FileLockError, path: string): StoreError {
  switch (error.refusal) {
    case 'no-flock':
      return new StoreError('cannot lock the store, because flock(1) cannot be run', {
        retryable: false,
        hint: 'install the package util-linux',
        cause: error,
      });
    case 'timed-out':
      return new StoreError(`another process has held the lock ${path} for ${patienceMs / 1000} s`, {
        retryable: true,
        hint: `find the process with fuser -v ${path}`,
        cause: error,
      });
    case 'unusable':
      return new StoreError(`cannot lock ${path}: ${error.message}`, { retryable: true, cause: error });
  }
}
