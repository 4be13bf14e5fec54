import type { Wait } from '../../engine/operation.ts';

/** The waits for the next try, one for each peer that failed. */
export class RetryTimers {
  readonly #onDue: (wait: Wait) => void;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(onDue: (wait: Wait) => void) {
    this.#onDue = onDue;
  }

  /** Starts a wait. It replaces an earlier wait of the same peer. */
  set(wait: Wait): void {
    const { key, delayMs } = wait;
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#onDue(wait);
    }, delayMs);
    this.#timers.set(key, timer);
  }

  clear(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
