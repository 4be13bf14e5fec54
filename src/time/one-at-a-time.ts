type WorkState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'running'; readonly done: Promise<void> }
  | { readonly kind: 'asked-again'; readonly done: Promise<void> };

/**
 * Does some work again and again, never twice at once. Whoever asks while it runs gets it once more after that, since the run
 * under way may not have seen what made them ask.
 *
 *     idle ──run──▶ running ──run──▶ asked-again
 *       ▲             │   ▲               │
 *       └────done─────┘   └─────done──────┘
 */
export class OneAtATime {
  readonly #work: () => Promise<void>;
  #state: WorkState = { kind: 'idle' };

  constructor(work: () => Promise<void>) {
    this.#work = work;
  }

  /** Resolves once the work was done from beginning to end after this call. Rejects if it did. */
  run(): Promise<void> {
    switch (this.#state.kind) {
      case 'idle': {
        // The work begins in a turn of its own, when the state says that it runs.
        const done = Promise.resolve().then(() => this.#runUntilCurrent());
        this.#state = { kind: 'running', done };
        return done;
      }
      case 'running':
      case 'asked-again':
        this.#state = { kind: 'asked-again', done: this.#state.done };
        return this.#state.done;
    }
  }

  /** Resolves when nothing is being done, however that ended. */
  async idle(): Promise<void> {
    if (this.#state.kind !== 'idle') await this.#state.done.catch(() => undefined);
  }

  async #runUntilCurrent(): Promise<void> {
    try {
      await this.#work();
      while (this.#state.kind === 'asked-again') {
        this.#state = { kind: 'running', done: this.#state.done };
        await this.#work();
      }
    } finally {
      this.#state = { kind: 'idle' };
    }
  }
}
