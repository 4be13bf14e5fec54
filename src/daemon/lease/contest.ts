import { steadyMs } from '../../time/retry.ts';

/**
 * The state of a contest for this node's lease: whether other machines write it.
 *
 *     peaceful ──touched──▶ contested ──left alone for a while──▶ peaceful
 *                            │     ▲
 *                            └touched
 *
 * From each state, `stop` leads to `stopped`.
 */
type ContestState =
  | { readonly kind: 'peaceful' }
  /** `repeats` counts the writes of other machines after the first one. */
  | { readonly kind: 'contested'; readonly repeats: number; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'stopped' };

/** Counts how often other machines write a lease in a row, without a peaceful time between the writes. */
export class Contest {
  readonly #onPeace: () => void;
  #state: ContestState = { kind: 'peaceful' };

  /** @param onPeace called when a contested lease was left alone for two minutes */
  constructor(onPeace: () => void) {
    this.#onPeace = onPeace;
  }

  /** Call when another machine wrote the lease. Returns the number of earlier writes in a row. */
  touched(): number {
    const repeats = this.#state.kind === 'contested' ? this.#state.repeats + 1 : 0;
    this.#contest(repeats);
    return repeats;
  }

  /** Call when the writer of the last write is known. The peaceful time begins then. */
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
