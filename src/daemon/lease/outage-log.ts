import type { EmitEvent } from '../../event/event.ts';
import { StoreAbandonedError, type StoreError } from '../../store/store.ts';

/** The pause after the first line about an outage, in milliseconds. The pause doubles with each line. */
const firstPauseMs = 10_000;
const longestPauseMs = 3_600_000;
/** The time after which a store counts as well again, so that its next outage is logged at once. In milliseconds. */
const wellMs = 60_000;

/** An outage that has not ended. Times are in milliseconds since the epoch. */
export interface Outage {
  readonly since: number;
  /** The last error. */
  readonly because: string;
  /** The cure, as a clause; absent if it is not known. */
  readonly hint?: string | undefined;
  readonly nextTryAt: number;
}

/** The outage as all users of one store see it together: it lasts until it has ended for each of them, and names the next try. */
export function joinOutages(outages: readonly (Outage | undefined)[]): Outage | undefined {
  const there = outages.filter((outage) => outage !== undefined);
  const [next] = there.toSorted((a, b) => a.nextTryAt - b.nextTryAt);
  return next && { ...next, since: Math.min(...there.map(({ since }) => since)) };
}

/** An outage that has just ended. */
interface EndedOutage {
  readonly afterMs: number;
  /** Whether the log has a line about the outage. */
  readonly isLogged: boolean;
}

/**
 * The known state of the store.
 *
 *     well ──failed──▶ away ──answered──▶ well
 */
type StoreState =
  | { readonly kind: 'well'; readonly since: number }
  | { readonly kind: 'away'; readonly outage: Outage; readonly isLogged: boolean };

/**
 * Keeps the outages of a store, as one of its users sees them. An outage is logged at once, and then less and less often, down to once an
 * hour: a store that is down for days, or comes and goes, does not fill the disk.
 */
export class OutageLog {
  readonly #emit: EmitEvent;
  readonly #now: () => number;
  #state: StoreState = { kind: 'well', since: Number.NEGATIVE_INFINITY };
  #loggedAt = Number.NEGATIVE_INFINITY;
  #pauseMs = 0;
  #longestMs = 0;

  /** @param now milliseconds since the epoch, of a clock that is not set back */
  constructor(emit: EmitEvent, now: () => number = () => performance.timeOrigin + performance.now()) {
    this.#emit = emit;
    this.#now = now;
  }

  /** The present outage; undefined if there is none. */
  get current(): Outage | undefined {
    return this.#state.kind === 'away' ? this.#state.outage : undefined;
  }

  /** The length of the longest outage that has ended, in milliseconds. */
  get longestMs(): number {
    return this.#longestMs;
  }

  /** Call when the store fails and is tried again after this time, in milliseconds. A call that this process cancelled does not count. */
  failed(error: StoreError, retryInMs: number): void {
    if (error instanceof StoreAbandonedError) return;
    const now = this.#now();
    const { message: because, hint } = error;
    const isDue = this.#isLineDue(now);
    const since = this.#state.kind === 'away' ? this.#state.outage.since : now;
    const wasLogged = this.#state.kind === 'away' && this.#state.isLogged;
    const outage = { since, because, ...(hint !== undefined && { hint }), nextTryAt: now + retryInMs };
    this.#state = { kind: 'away', outage, isLogged: wasLogged || isDue };
    if (!isDue) return;
    this.#loggedAt = now;
    this.#pauseMs = Math.min(Math.max(2 * this.#pauseMs, firstPauseMs), longestPauseMs);
    this.#emit({ event: 'store-outage', because, retryInMs });
  }

  /** Call when the store answers. Returns the outage that has ended, if there was one. */
  answered(): EndedOutage | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'well':
        return undefined;
      case 'away': {
        const now = this.#now();
        this.#state = { kind: 'well', since: now };
        const afterMs = now - state.outage.since;
        this.#longestMs = Math.max(this.#longestMs, afterMs);
        return { afterMs, isLogged: state.isLogged };
      }
    }
  }

  #isLineDue(now: number): boolean {
    if (this.#state.kind === 'well' && now - this.#state.since >= wellMs) this.#pauseMs = 0;
    return now - this.#loggedAt >= this.#pauseMs;
  }
}
