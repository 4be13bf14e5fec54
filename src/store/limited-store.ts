import { StoreAbandonedError, type LeaseStore, type ListOptions, type LeaseRecord } from './store.ts';
import type { AssignedNode, Cursor, ListPart, StoreChange, StoredNetworkPlace } from './store.ts';

/** The limits of a process that ends and still waits for its store. */
export interface StoreLimits {
  /** Aborted when the process is to end. */
  readonly stopping: AbortSignal;
  /** The time for a call after the stop, or for a write under way, in milliseconds: the release of a lease, for example. */
  readonly lastWriteMs: () => number;
  /** Aborted when `lastWriteMs` has become shorter, also for calls under way. */
  readonly shortening?: AbortSignal;
  /** Called with a noun for each such call. The returned function is called at the call's end. */
  readonly onWait?: (what: string, limitMs: number) => () => void;
}

/** The time for a call after an earlier one was given up, in milliseconds, so that a store that is away is not waited for twice. */
const secondChanceMs = 50;

/**
 * A store that never keeps a process from ending. After the stop, reads under way fail at once with a {@link StoreAbandonedError}, and
 * every other call fails after its time. The effect of an abandoned write on the store is unknown.
 */
export class LimitedStore implements LeaseStore {
  readonly #store: LeaseStore;
  readonly #limits: StoreLimits;
  #isAway = false;

  constructor(store: LeaseStore, limits: StoreLimits) {
    this.#store = store;
    this.#limits = limits;
  }

  get description(): string {
    return this.#store.description;
  }

  get clockLeadMs(): number | undefined {
    return this.#store.clockLeadMs;
  }

  get node(): AssignedNode | undefined {
    const { node } = this.#store;
    return (
      node && {
        readSubnets: () => this.#read("read this node's subnets", () => node.readSubnets()),
        readPublicAddresses: () =>
          this.#read("read this node's public addresses", () => node.readPublicAddresses()),
        reportReady: () => this.#write('report that the network is up', () => node.reportReady()),
      }
    );
  }

  readNetwork(): ReturnType<LeaseStore['readNetwork']> {
    return this.#read('read the network configuration', () => this.#store.readNetwork());
  }

  async locateNetwork(): Promise<StoredNetworkPlace> {
    const unknown = { place: this.description, cause: undefined };
    return this.#store.locateNetwork?.() ?? unknown;
  }

  createNetwork(text: string): Promise<string> {
    return this.#write('write the network configuration', () => this.#store.createNetwork(text));
  }

  withdrawNetwork(text: string): Promise<'withdrawn' | 'kept'> {
    return this.#write('remove the network configuration', () => this.#store.withdrawNetwork(text));
  }

  writeNetwork(text: string): Promise<void> {
    return this.#write('write the network configuration', () => this.#store.writeNetwork(text));
  }

  list(options?: ListOptions): ReturnType<LeaseStore['list']> {
    return this.#read('list the leases', () => this.#store.list(options));
  }

  listPages(): AsyncIterable<ListPart> {
    return this.#readEach('list the leases', this.#store.listPages());
  }

  readLease(key: string): ReturnType<LeaseStore['readLease']> {
    return this.#read(`read the lease ${key}`, () => this.#store.readLease(key));
  }

  watch(cursor: Cursor, signal: AbortSignal): AsyncIterable<readonly StoreChange[]> {
    return this.#readEach('watch the leases', this.#store.watch(cursor, signal));
  }

  async *#readEach<T>(action: string, all: AsyncIterable<T>): AsyncGenerator<T, void, void> {
    const each = all[Symbol.asyncIterator]();
    // The whole is one read: a stop between two of its parts ends it as well.
    const patience = this.#patience;
    try {
      for (;;) {
        const next = await this.#until(patience, action, () => each.next());
        if (next.done === true) return;
        yield next.value;
      }
    } finally {
      // A read that hangs ends when it can.
      each.return?.().catch(() => undefined);
    }
  }

  create(key: string, value: string, ttlSeconds: number | undefined): Promise<LeaseRecord | 'taken'> {
    return this.#write(`create the lease ${key}`, () => this.#store.create(key, value, ttlSeconds));
  }

  replace(
    previous: LeaseRecord,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<LeaseRecord | 'gone'> {
    return this.#write(`write the lease ${previous.key}`, () =>
      this.#store.replace(previous, value, ttlSeconds),
    );
  }

  remove(previous: LeaseRecord): Promise<'removed' | 'gone'> {
    return this.#write(`remove the lease ${previous.key}`, () => this.#store.remove(previous));
  }

  discard(key: string): Promise<'removed' | 'gone'> {
    return this.#write(`remove ${key}`, () => this.#store.discard(key));
  }

  /** Closes the store's connections. */
  async close(): Promise<void> {
    await this.#write('close the store', () => this.#store.close()).catch((error: unknown) => {
      if (!(error instanceof StoreAbandonedError)) throw error;
    });
  }

  /** The patience of a read that begins now. A read under way is useless after the stop; a later read belongs to the end itself. */
  get #patience(): 'patient' | 'impatient' {
    return this.#limits.stopping.aborted ? 'patient' : 'impatient';
  }

  #read<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#until(this.#patience, action, work);
  }

  #write<T>(action: string, work: () => Promise<T>): Promise<T> {
    return this.#until('patient', action, work);
  }

  /** Limits some work after the stop, or from the beginning of the work if that is later: to the time of a write, or to no time. */
  async #until<T>(patience: 'patient' | 'impatient', action: string, work: () => Promise<T>): Promise<T> {
    const { stopping, shortening, onWait } = this.#limits;
    let timer: NodeJS.Timeout | undefined;
    let told = (): void => undefined;
    let limit = (): void => undefined;
    const late = new Promise<never>((_, reject) => {
      limit = () => {
        if (!stopping.aborted) return;
        clearTimeout(timer);
        told();
        const limitMs = patience === 'impatient' ? 0 : this.#patienceMs;
        told = onWait?.(`the ${this.description} to ${action}`, limitMs) ?? told;
        timer = setTimeout(() => {
          if (patience === 'patient') this.#isAway = true;
          reject(this.#abandoned(action));
        }, limitMs);
      };
    });
    for (const signal of [stopping, shortening]) signal?.addEventListener('abort', limit, { once: true });
    limit();
    try {
      return await Promise.race([work(), late]);
    } finally {
      clearTimeout(timer);
      told();
      for (const signal of [stopping, shortening]) signal?.removeEventListener('abort', limit);
    }
  }

  get #patienceMs(): number {
    const { lastWriteMs } = this.#limits;
    return this.#isAway ? Math.min(secondChanceMs, lastWriteMs()) : lastWriteMs();
  }

  #abandoned(action: string): StoreAbandonedError {
    return new StoreAbandonedError(`cannot ${action}: the ${this.description} did not answer in time`);
  }
}
