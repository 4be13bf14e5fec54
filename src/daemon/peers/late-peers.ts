/**
 * The time that nodes have to write their leases again after an outage in which leases expired, in milliseconds: twice the longest pause
 * between two tries to reach a store.
 */
const graceMs = 60_000;

interface LatePeersOptions {
  /** Whether this node still waits for its own lease. The other nodes may wait for theirs then, too. */
  readonly isWaiting: () => boolean;
  /** Called with the keys whose time is over. */
  readonly onGone: (keys: readonly string[]) => void;
}

/**
 * The peers whose leases probably expired only because the store was away. Their nodes run and will write the leases again, so their
 * entries in the kernel stay meanwhile.
 */
export class LatePeers {
  readonly #options: LatePeersOptions;
  readonly #keys = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: LatePeersOptions) {
    this.#options = options;
  }

  get keys(): ReadonlySet<string> {
    return this.#keys;
  }

  /** Starts the time of these keys. */
  add(keys: readonly string[]): void {
    for (const key of keys) this.#keys.add(key);
    this.#wait();
  }

  /** Call when the store has an entry for this key again. */
  settle(key: string): void {
    this.#keys.delete(key);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #wait(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#giveUp(), graceMs);
  }

  #giveUp(): void {
    if (this.#options.isWaiting()) {
      this.#wait();
      return;
    }
    const keys = [...this.#keys];
    this.#keys.clear();
    this.#options.onGone(keys);
  }
}
