import { PlainFileError } from '../../host/files/plain-file-error.ts';
import { StoreError } from '../store.ts';

interface ErrorMeaning {
  readonly reason: string;
  readonly retryable: boolean;
  readonly hint?: string;
}

/** The meaning of a system error for a store, and whether it can pass without help. */
const meanings: Readonly<Record<string, ErrorMeaning>> = {
  EACCES: {
    reason: 'permission denied',
    retryable: false,
    hint: 'run heddle as the directory’s owner, or use another directory',
  },
  EPERM: { reason: 'operation not permitted', retryable: false },
  EROFS: {
    reason: 'the file system is mounted read-only',
    retryable: false,
    hint: 'mount it for writing, or use another directory',
  },
  ENOTDIR: { reason: 'a part of the path is not a directory', retryable: false },
  EEXIST: { reason: 'its path exists and is not a directory', retryable: false },
  EISDIR: {
    reason: 'a directory is in its place',
    retryable: true,
    hint: 'remove that directory, and let nobody but the users that heddle runs as write to the directory of the store',
  },
  ELOOP: { reason: 'the path has too many levels of symbolic links', retryable: false },
  ENAMETOOLONG: { reason: 'the path is too long', retryable: false },
  ENOSPC: { reason: 'no space is left on the file system', retryable: false, hint: 'free some space there' },
  EDQUOT: { reason: 'the disk quota is exceeded', retryable: false, hint: 'free some space there' },
  ENOENT: {
    reason: 'the directory does not exist',
    retryable: true,
    hint: 'mount it again, or restart heddle to create a new, empty directory',
  },
  ESTALE: { reason: 'the shared mount is stale', retryable: true, hint: 'mount it again' },
  EIO: { reason: 'an input/output error', retryable: true },
  EMFILE: { reason: 'too many files are open in this process', retryable: true },
  ENFILE: { reason: 'too many files are open on this machine', retryable: true },
};

/** The code of a system error, `ENOENT`; undefined for any other value. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return undefined;
  // Node's own check, before it asks the system to remove a file.
  return error.code.replace(/^ERR_FS_EISDIR$/, 'EISDIR');
}

/** One clause for a system error: `permission denied (EACCES)`. */
export function describeError(error: unknown): string {
  const code = errorCode(error);
  if (code === undefined) return error instanceof Error ? error.message : String(error);
  return `${meanings[code]?.reason ?? 'the system refused'} (${code})`;
}

/**
 * Turns an error into the contract's error. `action` completes "cannot": `write the lease …`. Errors of the contract, and defects, pass
 * unchanged.
 */
export function filesStoreError(action: string, error: unknown): unknown {
  if (error instanceof PlainFileError) {
    // The object in the way may be removed again. Until then the network stays as it is.
    return new StoreError(`cannot ${action}: ${error.message}`, {
      retryable: true,
      hint: 'remove it, and let nobody but the users that heddle runs as write to the directory of the store',
      cause: error,
    });
  }
  const code = errorCode(error);
  if (error instanceof StoreError || code === undefined) return error;
  const { retryable, hint } = meanings[code] ?? { retryable: false };
  return new StoreError(`cannot ${action}: ${describeError(error)}`, {
    retryable,
    cause: error,
    ...(hint !== undefined && { hint }),
  });
}
