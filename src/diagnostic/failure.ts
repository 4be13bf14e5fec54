import type { Diagnostic } from './diagnostic.ts';

/**
 * Every way a heddle command can fail, with its exit code. The only such table: scripts and unit files rely on it,
 * `docs/operations.md` repeats it, and a test compares the two.
 */
export const exitCodes = {
  /** A bug in heddle. */
  internal: 1,
  /** The command line: an unknown option, a missing or malformed argument, options that contradict each other. */
  usage: 2,
  /** A recipe, a network configuration or a scenario was refused, or cannot be read. */
  recipe: 3,
  /** A program, package or kernel feature is missing. */
  prerequisite: 4,
  /** Not enough privilege. */
  privilege: 5,
  /** The interface or public address could not be chosen. */
  interface: 6,
  /** The state directory cannot be used: its owner, its mode, or no space. */
  'state-directory': 7,
  /** The lease store cannot be reached, read or written. */
  store: 8,
  /** No free subnet is left in the configured range. */
  'pool-exhausted': 9,
  /** A command of the recipe failed or timed out. */
  command: 10,
  /** Another heddle already runs on this state directory, or a lab of that name exists. */
  'already-running': 11,
  /** The daemon, lab or node does not exist. */
  'not-running': 12,
  /** A lab ran, and a check of it failed or something was left behind. */
  'lab-failed': 13,
  /** A daemon runs, but is degraded. */
  degraded: 14,
  /** The store holds no such lease, or no network configuration. */
  'not-found': 15,
  /** The subnet that was asked for is not free. */
  taken: 16,
  /** The address for metrics cannot be listened on: in use, or not this machine's. */
  listen: 17,
  /** A daemon runs, but does not answer. */
  unresponsive: 18,
  /** This host cannot carry the network: a UDP port, a network identifier or a kernel module. `heddle doctor` found an error. */
  unfit: 19,
} as const satisfies Record<string, number>;

export type FailureKind = keyof typeof exitCodes;

/**
 * An expected failure, phrased for the operator. `message` is one sentence: what failed, where and why.
 * `hint` is one sentence: what to do. `diagnostics` are the findings behind it, rendered where it is shown; `detail` is
 * preformatted text (a command's stderr).
 */
export class Failure extends Error {
  readonly kind: FailureKind;
  readonly hint: string | undefined;
  readonly detail: string | undefined;
  readonly diagnostics: readonly Diagnostic[];

  constructor(
    kind: FailureKind,
    message: string,
    options: {
      hint?: string | undefined;
      detail?: string | undefined;
      diagnostics?: readonly Diagnostic[] | undefined;
      cause?: unknown;
    } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Failure';
    this.kind = kind;
    this.hint = options.hint;
    this.detail = options.detail;
    this.diagnostics = options.diagnostics ?? [];
  }
}
