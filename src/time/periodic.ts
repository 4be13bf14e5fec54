import { timerDelay } from './longest-timer.ts';

/**
 * The state of work on an interval.
 *
 *     idle ──start──▶ waiting ──an interval later──▶ working ──done──▶ waiting
 *      └─────────────── stop ───┴────────────────────────┴──▶ stopped
 */
type PeriodicState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'working' }
  | { readonly kind: 'stopped' };

/** Repeats some work, never twice at once. The next run begins one interval after the end of the last one. */
export class Periodic {
  readonly #intervalMs: number;
  readonly #work: () => Promise<void>;
  #state: PeriodicState = { kind: 'idle' };

  /** @param work does not reject */
  constructor(intervalMs: number, work: () => Promise<void>) {
    this.#intervalMs = intervalMs;
    this.#work = work;
  }

  /**
   * Begins the interval. After a stop, nothing begins.
   *
   * @param firstInMs the time until the first run, in milliseconds
   */
  start(firstInMs: number = this.#intervalMs): void {
    switch (this.#state.kind) {
      case 'idle':
        return this.#wait(firstInMs);
      case 'waiting':
      case 'working':
      case 'stopped':
        return;
    }
  }

  /** Begins no further run, and does not wait for the present one. */
  stop(): void {
    this.#enter({ kind: 'stopped' });
  }

  #wait(delayMs: number): void {
    this.#enter({ kind: 'waiting', timer: setTimeout(() => void this.#run(), timerDelay(delayMs)) });
  }

  async #run(): Promise<void> {
    this.#enter({ kind: 'working' });
    await this.#work();
    if (this.#state.kind === 'working') this.#wait(this.#intervalMs);
  }

  /** Replaces the state and its timer. */
  #enter(state: PeriodicState): void {
    if (this.#state.kind === 'waiting') clearTimeout(this.#state.timer);
    this.#state = state;
  }
}
