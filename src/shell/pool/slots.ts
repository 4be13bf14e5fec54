/** Room for a number of jobs at once. Further jobs wait in the order of their arrival. */
export class Slots {
  #free: number;
  readonly #size: number;
  readonly #waiting = new Set<(isTaken: boolean) => void>();

  constructor(size: number) {
    this.#size = size;
    this.#free = size;
  }

  get taken(): number {
    return this.#size - this.#free;
  }

  /** Waits for a slot. Resolves to true with a slot, which must be released after use, or to false once the signal is aborted. */
  async take(signal?: AbortSignal): Promise<boolean> {
    if (this.#free > 0) {
      this.#free -= 1;
      return true;
    }
    return new Promise((resolve) => {
      const settle = (isTaken: boolean) => {
        this.#waiting.delete(settle);
        signal?.removeEventListener('abort', giveUp);
        resolve(isTaken);
      };
      const giveUp = () => settle(false);
      this.#waiting.add(settle);
      signal?.addEventListener('abort', giveUp);
    });
  }

  /** Hands the slot to the job that has waited longest. */
  release(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next(true);
  }

  /** Resolves all waits without a slot. */
  clear(): void {
    for (const settle of this.#waiting) settle(false);
  }
}
