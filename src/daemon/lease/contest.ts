import { steadyMs } from '../../time/retry.ts';

/**
 * Whether other machines write this node's lease.
 *
 *     peaceful ──touched──▶ contested ──left alone for a while──▶ peaceful
 *                            │     ▲
 *                            └touched
 *
 * From each of them `stop` leads to `stopped`.
 */
type ContestState =
  | { readonly kind: 'peaceful' }
  /** `repeats` counts how often somebody touched the lease since the first time. */
  | { readonly kind: 'contested'; readonly repeats: number; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'stopped' };

/** Counts how often in a row, without a peaceful time between, somebody else touched a lease. */
export class Contest {
  readonly #onPeace: () => void;
  #state: ContestState = { kind: 'peaceful' };

  /** @param onPeace called when a contested lease was left alone for two minutes */
  constructor(onPeace: () => void) {
    this.#onPeace = onPeace;
  }

  /** Somebody touched the lease. Returns how often that happened before in a row. */
  touched(): number {
    const repeats = this.#state.kind === 'contested' ? this.#state.repeats + 1 : 0;
    this.#contest(repeats);
    return repeats;
  }

  /** The writer of the last touch was found: the peaceful time begins now. */
  confirmed(): void {
    this.#contest(this.#state.kind === 'contested' ? this.#state.repeats : 0);
  }

  /** Ends the wait for peace. */
  stop(): void {
    this.#enter({ kind: 'stopped' });
  }

  #contest(repeats: number): void {
    if (this.#state.kind === 'stopped') return;
    const timer = setTimeout(() => {
      this.#enter({ kind: 'peaceful' });
      this.#onPeace();
    }, steadyMs.contest).unref();
    this.#enter({ kind: 'contested', repeats, timer });
  }

  #enter(state: ContestState): void {
    if (this.#state.kind === 'contested') clearTimeout(this.#state.timer);
    this.#state = state;
  }
}
