import { setTimeout } from 'node:timers/promises';
import { systemClock } from '../time/clock.ts';
import { retries, retryDelay, steadyMs } from '../time/retry.ts';
import { CursorLostError, StoreError } from './store.ts';

/** A record of the outages of a store. */
interface OutageWitness {
  /** Called for every try that did not reach the store; the next try follows after `retryInMs`. */
  failed(error: StoreError, retryInMs: number): void;
  /** Called whenever the store answers. */
  answered(): void;
}

export interface StoreRetryOptions {
  readonly signal: AbortSignal;
  readonly outages?: OutageWitness;
  /** Called before each pause, with its length in milliseconds. */
  readonly onPause?: (ms: number) => void;
  /** A random number from 0 up to, not including, 1. */
  readonly random?: () => number;
  /** Waits; may reject, or return early, when the signal is aborted. */
  readonly delay?: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** The time in milliseconds; only differences count. */
  readonly now?: () => number;
}

/**
 * The delays between tries. It counts failures in a row. A store that answers a listing and then fails again is not well yet, so only
 * changes, or time, reset the count.
 */
export class StoreRetry {
  readonly #options: StoreRetryOptions;
  readonly #now: () => number;
  #failures = 0;
  /** The time of the last answer to a listing; undefined after a failure. */
  #reachedAt: number | undefined;

  constructor(options: StoreRetryOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => systemClock.now());
  }

  /** Call when the store answered a listing, or a single request. */
  reached(): void {
    this.#reachedAt = this.#now();
    this.#options.outages?.answered();
  }

  /** Call when the store is well, so that the next failure begins a new count. */
  settled(): void {
    this.#failures = 0;
  }

  /** Waits for the delay after an error. Throws the error if waiting cannot help. */
  async waitAfter(error: unknown): Promise<void> {
    if (this.#reachedAt !== undefined && this.#now() - this.#reachedAt >= steadyMs.store) this.#failures = 0;
    this.#reachedAt = undefined;
    this.#failures += 1;
    const { signal, outages, random = Math.random, delay = wait } = this.#options;
    const delayMs = retryDelay(this.#failures, random(), retries.store);
    if (error instanceof CursorLostError) {
      // The store answers, but no longer knows the cursor. A loop of these would still need delays.
      if (this.#failures === 1) return;
    } else if (error instanceof StoreError && error.retryable) {
      outages?.failed(error, delayMs);
    } else {
      throw error;
    }
    this.#options.onPause?.(delayMs);
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
