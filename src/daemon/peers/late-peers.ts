/**
 * How long nodes have, after an outage in which leases expired, to write theirs again, in milliseconds: twice the longest
 * pause between two tries to reach a store.
 */
const graceMs = 60_000;

interface LatePeersOptions {
  /** Whether this node is itself still without a lease, and so cannot expect others to have theirs. */
  readonly isWaiting: () => boolean;
  /** Their time is over. */
  readonly onGone: (keys: readonly string[]) => void;
}

/**
 * Peers whose leases are gone only because nobody could renew them, as far as one can tell: their nodes run, and are about
 * to write the same again. Their entries in the kernel stay meanwhile.
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

  /** Gives them time from now on. */
  add(keys: readonly string[]): void {
    for (const key of keys) this.#keys.add(key);
    this.#wait();
  }

  /** Something stands in the place of the lease again. */
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
