/** Runs work while holding a lock. */
type LockAround = (work: () => Promise<void>) => Promise<void>;

/** Enough to spare a crowd its queueing, few enough to let other processes have a turn. */
const worksPerTurn = 32;

interface LockRequest {
  readonly run: () => Promise<void>;
  readonly fail: (error: unknown) => void;
}

/**
 * Lets the works of one process take turns under a lock between processes. Those that wait when it is gained share it:
 * taking it costs a process, which would dwarf the work.
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
