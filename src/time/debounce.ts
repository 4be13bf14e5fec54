/** Milliseconds: how long to wait for quiet, and how long at most while there is none. */
export interface DebounceBounds {
  readonly quietMs: number;
  readonly longestMs: number;
}

/**
 * Whether a call is due.
 *
 *     idle ──request──▶ pending ──quiet, or too long──▶ idle
 */
type DebounceState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'pending'; readonly firstAt: number; readonly timer: NodeJS.Timeout };

/**
 * Turns a burst of requests into one call: `quietMs` after the last of them, but no later than `longestMs` after the
 * first, so that a network that never comes to rest is still looked at.
 */
export class Debounce {
  readonly #bounds: DebounceBounds;
  readonly #call: () => void;
  #state: DebounceState = { kind: 'idle' };

  constructor(bounds: DebounceBounds, call: () => void) {
    this.#bounds = bounds;
    this.#call = call;
  }

  request(): void {
    const { quietMs, longestMs } = this.#bounds;
    const now = performance.now();
    const firstAt = this.#state.kind === 'pending' ? this.#state.firstAt : now;
    this.cancel();
    const delayMs = Math.max(0, Math.min(quietMs, firstAt + longestMs - now));
    this.#state = { kind: 'pending', firstAt, timer: setTimeout(() => this.#fire(), delayMs) };
  }

  /** Forgets what was requested. */
  cancel(): void {
    if (this.#state.kind === 'pending') clearTimeout(this.#state.timer);
    this.#state = { kind: 'idle' };
  }

  #fire(): void {
    this.#state = { kind: 'idle' };
    this.#call();
  }
}
