import { setTimeout } from 'node:timers/promises';

import { backoffDelay } from '../time/backoff.ts';
import { systemClock } from '../time/clock.ts';
import {
  CursorLostError,
  StoreError,
  type LeaseRecord,
  type LeaseStore,
  type Listing,
  type StoreChange,
  type StoreFault,
} from './store.ts';

/** How long to wait before the next try: nodes that lost their store together must not come back together. */
export const storeBackoff = { firstMs: 200, capMs: 30_000 };

/** A watch that lived this long was no failure, in milliseconds. */
const steadyMs = 30_000;

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** A listing that stands for the first one, if there is one. */
  readonly takeListing?: () => Listing | undefined;
  /** The store cannot be reached; it is tried again after `retryInMs`. Called for every try that failed. */
  readonly onOutage?: (error: StoreError, retryInMs: number) => void;
  /** The store can be reached again, `afterMs` since the first failure. */
  readonly onBack?: (afterMs: number) => void;
  /** Returns a number from 0 up to, not including, 1. */
  readonly random?: () => number;
  /** Waits; may reject, or return early, when the signal is aborted. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Milliseconds; only differences count. */
  readonly now?: () => number;
}

export type LeaseUpdate =
  /** Everything there is. What was known before and is not in it is gone. */
  | {
      readonly kind: 'snapshot';
      readonly records: readonly LeaseRecord[];
      readonly faults: readonly StoreFault[];
    }
  | { readonly kind: 'changes'; readonly changes: readonly StoreChange[] };

/**
 * Follows a store for ever: a snapshot, then changes; and, when the store lost track or was away, another snapshot,
 * then changes. Ends when the signal is aborted or the store is closed. Throws a {@link StoreError} that no waiting
 * mends.
 */
export async function* followLeases(
  store: LeaseStore,
  options: FollowOptions,
): AsyncGenerator<LeaseUpdate, void, void> {
  const { signal } = options;
  const outage = new Outage(options);
  while (!signal.aborted) {
    try {
      const { records, faults, cursor } = options.takeListing?.() ?? (await store.list());
      if (isAborted(signal)) return;
      outage.reach();
      yield { kind: 'snapshot', records, faults };
      for await (const changes of store.watch(cursor, signal)) {
        outage.settle();
        yield { kind: 'changes', changes };
      }
      return;
    } catch (error) {
      if (isAborted(signal)) return;
      await outage.waitAfter(error);
    }
  }
}

/** A call, because the compiler believes that a signal once seen unaborted stays so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}

/**
 * Counts failures in a row. A store that answers a listing and then fails again is not well yet, so only changes, or
 * time, set the count back.
 */
class Outage {
  readonly #options: FollowOptions;
  readonly #now: () => number;
  #failures = 0;
  /** When the store went away; undefined while it can be reached. */
  #since: number | undefined;
  /** When it last answered a listing; undefined since it failed. */
  #reachedAt: number | undefined;

  constructor(options: FollowOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => systemClock.now());
  }

  reach(): void {
    const now = this.#now();
    this.#reachedAt = now;
    if (this.#since === undefined) return;
    this.#options.onBack?.(now - this.#since);
    this.#since = undefined;
  }

  settle(): void {
    this.#failures = 0;
  }

  /** Waits as long as the error asks for; throws it if waiting is no use. */
  async waitAfter(error: unknown): Promise<void> {
    if (this.#reachedAt !== undefined && this.#now() - this.#reachedAt >= steadyMs) this.#failures = 0;
    this.#reachedAt = undefined;
    this.#failures += 1;
    const { signal, onOutage, random = Math.random, delay = wait } = this.#options;
    const delayMs = backoffDelay(this.#failures, random(), storeBackoff);
    if (error instanceof CursorLostError) {
      // The store is there; it has only forgotten. Again and again would still be a loop.
      if (this.#failures === 1) return;
    } else if (error instanceof StoreError && error.retryable) {
      this.#since ??= this.#now();
      onOutage?.(error, delayMs);
    } else {
      throw error;
    }
    await delay(delayMs, signal);
  }
}

async function wait(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await setTimeout(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
