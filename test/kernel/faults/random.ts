import { randomInt } from 'node:crypto';

/** Random numbers that a seed repeats. */
export class Random {
  readonly seed: number;
  #state: number;

  constructor(seed: number) {
    this.seed = seed;
    this.#state = seed;
  }

  /** A whole number from 0 up to, not including, `bound`: mulberry32. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * bound);
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('There is nothing to pick from.');
    return item;
  }
}

/** Does some work with a new seed, or with that of the environment, and names it if the work fails. */
export async function withRandom(work: (random: Random) => Promise<void>): Promise<void> {
  const seed = Number(process.env['HEDDLE_TEST_SEED'] ?? randomInt(2 ** 31));
  try {
    await work(new Random(seed));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`With HEDDLE_TEST_SEED=${seed}: ${message}`, { cause: error });
  }
}
