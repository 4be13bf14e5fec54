import { getSystemErrorMap } from 'node:util';
import { describeReachedLimit } from './limits.ts';

/** Whether an error is a system error with one of these codes: `ENOENT`, `EPIPE`. */
export function hasErrorCode(error: unknown, ...codes: readonly string[]): boolean {
  return (
    error instanceof Error && 'code' in error && typeof error.code === 'string' && codes.includes(error.code)
  );
}

/** The system's own words for an error, as a clause: `permission denied`, `no space left on device`. */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const number = 'errno' in error && typeof error.errno === 'number' ? error.errno : undefined;
  const [name, words] = (number === undefined ? undefined : getSystemErrorMap().get(number)) ?? [];
  const limit = describeReachedLimit(error);
  if (limit !== undefined) return limit;
  // This error comes from reading a directory as a file.
  return name === 'EISDIR' ? 'it is a directory' : (words ?? error.message);
}

/** Whether an error only says that a signal was aborted. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
