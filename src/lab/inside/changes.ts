/** Lets code wait for a condition that other code brings about, without polling. */
export class Changes {
  readonly #waiters = new Set<() => void>();

  /** Call when anything has changed that a condition may depend on. */
  notify(): void {
    for (const check of [...this.#waiters]) check();
  }

  /** Waits until the condition holds, for at most `withinMs`. Returns whether it holds. */
  until(condition: () => boolean, withinMs: number): Promise<boolean> {
    if (condition()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const finish = (held: boolean): void => {
        clearTimeout(timer);
        this.#waiters.delete(check);
        resolve(held);
      };
      const check = (): void => {
        if (condition()) finish(true);
      };
      const timer = setTimeout(() => finish(false), withinMs);
      this.#waiters.add(check);
    });
  }
}
