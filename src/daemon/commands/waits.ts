import type { EmitEvent, LongWait } from '../../event/event.ts';

/** The age at which a wait is named, and the interval of its reports while the network is taken down. In milliseconds. */
export const namedAfterMs = 5000;

/** The largest difference in age between waits that one event names together, in milliseconds. */
const togetherMs = 1000;

/** The largest number of waits that one event names. */
export const mostNamed = 5;

interface Wait {
  /** A noun for the wait, made only when it is needed: `SubnetAddCommand for 10.50.4.0/24`. */
  readonly what: () => string;
  readonly limitMs: number;
  readonly since: number;
  isTold: boolean;
}

/**
 * The waits of a daemon: its commands and, at its end, the store. A wait is named once when it has lasted for five seconds. While the
 * network is taken down, every wait is named every five seconds.
 */
export class Waits {
  readonly #emit: EmitEvent;
  readonly #takingDown: AbortSignal;
  /** The waits, the oldest first. */
  readonly #waits = new Set<Wait>();
  #timer: NodeJS.Timeout | undefined;

  /** @param takingDown aborted when the network is taken down from then on */
  constructor(emit: EmitEvent, takingDown: AbortSignal) {
    this.#emit = emit;
    this.#takingDown = takingDown;
    takingDown.addEventListener('abort', () => this.#restart(), { once: true });
  }

  /** Begins a wait. Returns the function that ends it. */
  begin(what: () => string, limitMs: number): () => void {
    const wait = { what, limitMs, since: performance.now(), isTold: false };
    this.#waits.add(wait);
    this.#schedule();
    return () => void this.#waits.delete(wait);
  }

  /** Every wait, the oldest first, however short it is. */
  get all(): readonly LongWait[] {
    return [...this.#waits].map(describe);
  }

  /** The oldest wait; undefined if no wait has lasted long enough to be named. */
  get longest(): LongWait | undefined {
    const [oldest] = this.#waits;
    return oldest !== undefined && ageOf(oldest) >= namedAfterMs ? describe(oldest) : undefined;
  }

  #restart(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined) return;
    const next = this.#takingDown.aborted ? namedAfterMs : this.#nextInMs();
    if (next === undefined || this.#waits.size === 0) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#name();
      this.#schedule();
    }, next).unref();
  }

  /** The time until the oldest unnamed wait is to be named, in milliseconds. */
  #nextInMs(): number | undefined {
    for (const wait of this.#waits) if (!wait.isTold) return Math.max(0, namedAfterMs - ageOf(wait));
    return undefined;
  }

  #name(): void {
    const isDue = this.#takingDown.aborted
      ? (): boolean => true
      : (wait: Wait): boolean => !wait.isTold && ageOf(wait) >= namedAfterMs - togetherMs;
    const due = [...this.#waits].filter(isDue);
    if (due.length === 0) return;
    for (const wait of due) wait.isTold = true;
    const waits = due.slice(0, mostNamed).map(describe);
    this.#emit({ event: 'waiting', waits, more: due.length - waits.length });
  }
}

function ageOf({ since }: Wait): number {
  return performance.now() - since;
}

function describe(wait: Wait): LongWait {
  return { what: wait.what(), forMs: Math.round(ageOf(wait)), limitMs: wait.limitMs };
}
