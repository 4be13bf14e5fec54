/** Does some work on an interval, never twice at once. The first time is one interval after {@link start}. */
export class Periodic {
  readonly #intervalMs: number;
  readonly #work: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #isStopped = false;

  /** @param work does not reject */
  constructor(intervalMs: number, work: () => Promise<void>) {
    this.#intervalMs = intervalMs;
    this.#work = work;
  }

  start(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#run(), this.#intervalMs);
  }

  /** Begins no further work. Work under way is not waited for. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    await this.#work();
    this.start();
  }
}
