import type { ProgramCall } from '../compile/call.ts';

/** How a compiled script ended. */
export type WaveEnd =
  | { readonly kind: 'succeeded'; readonly stderr: string }
  /** `last` is the last call that failed; undefined if the script itself says that it failed. */
  | { readonly kind: 'failed'; readonly last: FailedCall | undefined; readonly stderr: string }
  /** The caller stopped the script between two of its calls. */
  | { readonly kind: 'stopped' }
  /** Nobody knows how far the script came. */
  | { readonly kind: 'unsure'; readonly last: FailedCall | undefined; readonly stderr: string };

export interface FailedCall {
  readonly call: ProgramCall;
  /** The predicate of a sentence whose subject is the call: `exited with status 2`. */
  readonly how: string;
}
