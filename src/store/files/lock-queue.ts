/** Runs work while holding a lock. */
type LockAround = (work: () => Promise<void>) => Promise<void>;

/**
 * The number of works for each turn of the lock: enough that a crowd does not queue for each, and few enough for other processes to have a
 * turn.
 */
const worksPerTurn = 32;

interface LockRequest {
  readonly run: () => Promise<void>;
  readonly fail: (error: unknown) => void;
}

/**
 * Runs the works of one process under a lock between processes. Works that wait when the lock is taken share it, because taking it starts a
 * process, which costs much more than the work.
 */
export class LockQueue {
  readonly #lockAround: LockAround;
  #waiting: LockRequest[] = [];
  #turns: Promise<void> | undefined;

  constructor(lockAround: LockAround) {
    this.#lockAround = lockAround;
  }

  run<T>(work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#waiting.push({ run: () => work().then(resolve, reject), fail: reject });
      this.#turns ??= this.#takeTurns();
    });
  }

  /** Waits until nothing is under way. */
  async idle(): Promise<void> {
    await this.#turns;
  }

  async #takeTurns(): Promise<void> {
    while (this.#waiting.length > 0) {
      try {
        await this.#lockAround(() => this.#runSome());
      } catch (error) {
        for (const { fail } of this.#waiting.splice(0)) fail(error);
      }
    }
    this.#turns = undefined;
  }

  async #runSome(): Promise<void> {
    for (const { run } of this.#waiting.splice(0, worksPerTurn)) await run();
  }
}
