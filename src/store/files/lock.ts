import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FileLockError, withFileLock } from '../../host/files/file-lock.ts';
import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { StoreError } from '../store.ts';

/**
 * The longest wait for the lock, in milliseconds. Each writer in the queue takes milliseconds, so a process that holds it this long is
 * stopped or hung.
 */
const longestWaitMs = 15_000;

/**
 * Does work while holding the store's lock, which all processes that write to the store share. Only users who may write to the store can
 * hold it: the lock's mode follows that of the store's directory. The signal ends the wait, with its reason.
 */
export async function withStoreLock<T>(
  path: string,
  work: () => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const { mode } = await stat(dirname(path));
  try {
    return await withFileLock(path, work, {
      waitMs: longestWaitMs,
      mode: lockMode(mode),
      ...(signal && { signal }),
    });
  } catch (error) {
    if (!(error instanceof FileLockError)) throw error;
    throw explainRefusal(error, path);
  }
}

/** The mode of the lock: everyone who may write to a directory of this mode may read and write it. */
function lockMode(directoryMode: number): number {
  const ofGroup = (directoryMode & 0o020) === 0 ? 0 : 0o060;
  const ofOthers = (directoryMode & 0o002) === 0 ? 0 : 0o006;
  return 0o600 | ofGroup | ofOthers;
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
      return new StoreError(`cannot write to the store: ${error.message}`, {
        retryable: true,
        hint: `end that process if it hangs; if no process is named, look for it on every node with fuser -v ${path}`,
        cause: error,
      });
    case 'unusable':
      return new StoreError(`cannot write to the store: ${error.message}`, {
        retryable: !(error.cause instanceof PlainFileError),
        hint: 'only the users that heddle runs as may be able to write to the directory of the store',
        cause: error,
      });
  }
}
