/** Milliseconds: how long to wait for quiet, and how long at most while there is none. */
export interface DebounceBounds {
  readonly quietMs: number;
  readonly longestMs: number;
}

/**
 * Turns a burst of requests into one call: `quietMs` after the last of them, but no later than `longestMs` after the
 * first, so that a network that never comes to rest is still looked at.
 */
export class Debounce {
  readonly #bounds: DebounceBounds;
  readonly #call: () => void;
  #timer: NodeJS.Timeout | undefined;
  #firstAt: number | undefined;

  constructor(bounds: DebounceBounds, call: () => void) {
    this.#bounds = bounds;
    this.#call = call;
  }

  request(): void {
    const now = performance.now();
    this.#firstAt ??= now;
    const left = this.#firstAt + this.#bounds.longestMs - now;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#fire(), Math.max(0, Math.min(this.#bounds.quietMs, left)));
  }

  /** Forgets what was requested. */
  cancel(): void {
    clearTimeout(this.#timer);
    this.#firstAt = undefined;
  }

  #fire(): void {
    this.#firstAt = undefined;
    this.#call();
  }
}
