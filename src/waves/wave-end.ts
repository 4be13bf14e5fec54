import type { ProgramCall } from '../compile/call.ts';

/** How a compiled script ended. */
export type WaveEnd =
  | { readonly kind: 'succeeded'; readonly stderr: string }
  /** `last` is the command that ended the script. */
  | { readonly kind: 'failed'; readonly last: FailedCommand; readonly stderr: string }
  /** The caller stopped the script between two of its calls. */
  | { readonly kind: 'stopped' }
  /** The first program could not be started, so nothing was changed. */
  | { readonly kind: 'not-begun'; readonly how: string }
  /** Nobody knows how far the script came. */
  | { readonly kind: 'unsure'; readonly last: FailedCommand | undefined; readonly stderr: string };

export interface FailedCommand {
  readonly span: ProgramCall['span'] | undefined;
  /** The predicate of a sentence whose subject is the command: `exited with status 2`. */
  readonly how: string;
  /** Whether its time limit ended it. */
  readonly isTimeout?: boolean;
}
