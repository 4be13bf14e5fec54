import type { Span } from '../diagnostic/source.ts';
import type { Status } from './call.ts';

/** An ending that leaves more than one command. */
export type Leaving =
  /** The shell, or the subshell, ends. `byFailure` says that `set -e` ends it, and not a command of its own. */
  | { readonly kind: 'exit'; readonly status: Status; readonly byFailure: boolean }
  /** `return` ends a function. */
  | { readonly kind: 'return'; readonly status: Status; readonly span: Span }
  /** `break` or `continue`; `levels` counts the loops that it still has to pass. */
  | { readonly kind: 'break' | 'continue'; readonly levels: number };
