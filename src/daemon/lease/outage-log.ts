import type { EmitEvent } from '../../event/event.ts';
import { StoreAbandonedError, type StoreError } from '../../store/store.ts';

/** The pause after the first line about an outage; it doubles with each. All in milliseconds. */
const firstPauseMs = 10_000;
const longestPauseMs = 3_600_000;
/** A store that was there for so long was well: its next outage is news. */
const wellMs = 60_000;

/** An outage that lasts; its times are in milliseconds since the epoch. */
export interface Outage {
  readonly since: number;
  /** The last error. */
  readonly because: string;
  readonly nextTryAt: number;
}

/**
 * The outage as several users of one store see it together: it lasts until it is over for all of them, and names the
 * next try.
 */
export function joinOutages(outages: readonly (Outage | undefined)[]): Outage | undefined {
  const there = outages.filter((outage) => outage !== undefined);
  const [next] = there.toSorted((a, b) => a.nextTryAt - b.nextTryAt);
  return next && { ...next, since: Math.min(...there.map(({ since }) => since)) };
}

/**
 * Logs an outage of the store at once, and then less and less often, down to once an hour, so that a store that is down
 * for days, or comes and goes, does not fill the disk.
 */
export class OutageLog {
  readonly #emit: EmitEvent;
  readonly #now: () => number;
  #toldAt = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  #backAt: number | undefined;
  #hasTold = false;
  #current: Outage | undefined;
  #longestMs = 0;

  /** @param now milliseconds since the epoch, of a clock that is not set back */
  constructor(emit: EmitEvent, now: () => number = () => performance.timeOrigin + performance.now()) {
    this.#emit = emit;
    this.#now = now;
  }

  /** The outage that there is, if there is one. */
  get current(): Outage | undefined {
    return this.#current;
  }

  /** How long the longest outage took that is over. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** The store failed, and is tried again after so many milliseconds. What this process gave up by itself does not count. */
  failed(error: StoreError, retryInMs: number): void {
    if (error instanceof StoreAbandonedError) return;
    const now = this.#now();
    const { since } = this.#current ?? { since: now };
    this.#current = { since, because: error.message, nextTryAt: now + retryInMs };
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
    const now = this.#now();
    this.#backAt ??= now;
    this.#longestMs = Math.max(this.#longestMs, now - (this.#current?.since ?? now));
    this.#current = undefined;
    const hadTold = this.#hasTold;
    this.#hasTold = false;
    return hadTold;
  }
}
