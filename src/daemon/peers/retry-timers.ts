import type { Wait } from '../../engine/operation.ts';

/** The waits for the next try, one for each peer that failed. */
export class RetryTimers {
  readonly #onDue: (wait: Wait) => void;
  readonly #timers = new Map<string, { readonly wait: Wait; readonly timer: NodeJS.Timeout }>();

  constructor(onDue: (wait: Wait) => void) {
    this.#onDue = onDue;
  }

  /** Starts a wait. It replaces an earlier wait of the same peer. */
  set(wait: Wait): void {
    const { key, delayMs } = wait;
    clearTimeout(this.#timers.get(key)?.timer);
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#onDue(wait);
    }, delayMs);
    this.#timers.set(key, { wait, timer });
  }

  /** Ends all waits. Returns them. */
  clear(): readonly Wait[] {
    const waits = [...this.#timers.values()];
    for (const { timer } of waits) clearTimeout(timer);
    this.#timers.clear();
    return waits.map(({ wait }) => wait);
  }
}
