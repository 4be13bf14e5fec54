import type { Status } from './call.ts';

/** The shell, or the subshell, ends. */
export class ShellExit extends Error {
  readonly status: Status;
  /** Whether `set -e` ends it, and not a command of its own. */
  readonly byFailure: boolean;

  constructor(status: Status, byFailure: boolean) {
    super('the shell ends');
    this.status = status;
    this.byFailure = byFailure;
  }
}

/** `return` ends a function. */
export class FunctionReturn extends Error {
  readonly status: Status;

  constructor(status: Status) {
    super('the function ends');
    this.status = status;
  }
}

/** `break` or `continue`; `levels` counts the loops that it still has to pass. */
export class LoopJump extends Error {
  readonly kind: 'break' | 'continue';
  readonly levels: number;

  constructor(kind: 'break' | 'continue', levels: number) {
    super('the loop is left');
    this.kind = kind;
    this.levels = levels;
  }
}
