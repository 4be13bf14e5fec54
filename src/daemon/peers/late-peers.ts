import type { OwnLease } from '../lease/own-lease.ts';

/**
 * The time that nodes have to write their leases again after an outage in which leases expired, in milliseconds: twice the longest pause
 * between two tries to reach a store.
 */
const graceMs = 60_000;

/**
 * Whether leases are waited for.
 *
 *     idle ──add──▶ waiting ──the time is over──▶ idle
 *                    │   ▲
 *                    └add, or this node has no lease itself
 */
type GraceState = { readonly kind: 'idle' } | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout };

/**
 * The peers whose leases probably expired only because the store was away. Their nodes run and will write the leases again, so their
 * entries in the kernel stay meanwhile.
 */
export class LatePeers {
  readonly #own: Pick<OwnLease, 'isOver'>;
  readonly #onGone: (keys: readonly string[]) => void;
  readonly #keys = new Set<string>();
  #state: GraceState = { kind: 'idle' };

  /**
   * @param own this node's lease: while it is over, the other nodes may wait for theirs, too
   * @param onGone called with the keys whose time is over
   */
  constructor(own: Pick<OwnLease, 'isOver'>, onGone: (keys: readonly string[]) => void) {
    this.#own = own;
    this.#onGone = onGone;
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
    this.#enter({ kind: 'idle' });
  }

  #wait(): void {
    this.#enter({ kind: 'waiting', timer: setTimeout(() => this.#giveUp(), graceMs) });
  }

  #enter(state: GraceState): void {
    if (this.#state.kind === 'waiting') clearTimeout(this.#state.timer);
    this.#state = state;
  }

  #giveUp(): void {
    if (this.#own.isOver) {
      this.#wait();
      return;
    }
    this.#enter({ kind: 'idle' });
    const keys = [...this.#keys];
    this.#keys.clear();
    this.#onGone(keys);
  }
}
