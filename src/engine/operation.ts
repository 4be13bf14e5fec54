import type { Peer } from '../lease/lease.ts';
import type { Reason } from '../event/event.ts';

/** One run of SubnetAdd or SubnetRemove that the engine requests. At most one for each key runs at any time. */
export interface Operation {
  readonly kind: 'add' | 'remove';
  /** The peer; for a remove, with the values of its add. */
  readonly peer: Peer;
  readonly reason: Reason;
  /**
   * How a failure is handled. `strict`: the operation is retried until it succeeds. `lenient`: the operation is tried, and later operations
   * do not depend on it, for a recipe that cannot tell whether there is anything to remove.
   */
  readonly mode: 'strict' | 'lenient';
}

/**
 * The inputs of the engine. Times and random numbers are part of the inputs, because the engine has neither a clock nor
 * a random generator.
 */
export type EngineInput =
  /**
   * The peers in the journal of an earlier process. They may be in the kernel or not. This input comes first, if it
   * comes at all.
   */
  | { readonly kind: 'restore'; readonly peers: readonly Peer[] }
  /** All wanted peers. An absent peer is unwanted. */
  | { readonly kind: 'snapshot'; readonly peers: readonly Peer[] }
  /**
   * Peers of a list that is still being read; a snapshot follows. A peer that shares something in the kernel with another key waits for that
   * snapshot: the other one may be gone, and its remove must come first.
   */
  | { readonly kind: 'page'; readonly peers: readonly Peer[] }
  | { readonly kind: 'put'; readonly peer: Peer }
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'succeeded'; readonly operation: Operation }
  /** An operation outside a batch failed. `jitter` is uniform in [0, 1) and spreads the retries of many nodes. */
  | { readonly kind: 'failed'; readonly operation: Operation; readonly jitter: number }
  /** An operation outside a batch was not begun, so it changed nothing. `jitter` is as for `failed`. */
  | { readonly kind: 'not-run'; readonly operation: Operation; readonly jitter: number }
  /** An operation has run for so long that no other operation waits for it any more. */
  | { readonly kind: 'overdue'; readonly operation: Operation }
  /** A delay that {@link Wait} asked for is over. */
  | { readonly kind: 'due'; readonly key: string; readonly attempt: number }
  /** The network is going down. No peer is wanted from here on, whatever the later inputs are. */
  | { readonly kind: 'shutdown' };

/** A request to be told `due` after a delay. */
export interface Wait {
  readonly key: string;
  readonly attempt: number;
  readonly delayMs: number;
}
