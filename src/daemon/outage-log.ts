import type { EmitEvent } from '../event/event.ts';
import type { StoreError } from '../store/store.ts';

/** The pause after the first line about an outage; it doubles with each. All in milliseconds. */
const firstPauseMs = 10_000;
const longestPauseMs = 3_600_000;
/** A store that was there for so long was well: its next outage is news. */
const wellMs = 60_000;

/**
 * Tells of an outage of the store at once, and then ever more seldom, down to once an hour: a store that is away, or comes
 * and goes, for days must not fill a disk.
 */
export class OutageLog {
  readonly #emit: EmitEvent;
  readonly #now: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  #backAt: number | undefined;
  #hasTold = false;

  /** @param now milliseconds; only differences count */
  constructor(emit: EmitEvent, now: () => number = () => performance.now()) {
    this.#emit = emit;
    this.#now = now;
  }

  /** The store failed, and is tried again after so many milliseconds. */
  failed(error: StoreError, retryInMs: number): void {
    const now = this.#now();
    if (this.#backAt !== undefined && now - this.#backAt >= wellMs) this.#pauseMs = 0;
    this.#backAt = undefined;
    if (now - this.#toldAt < this.#pauseMs) return;
    this.#toldAt = now;
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, firstPauseMs), longestPauseMs);
    this.#hasTold = true;
    this.#emit({ event: 'store-outage', because: error.message, retryInMs });
  }

  /** The store answered. Returns whether it was told that it did not. */
  back(): boolean {
    this.#backAt ??= this.#now();
    const hadTold = this.#hasTold;
    this.#hasTold = false;
    return hadTold;
  }
}
