import { followLeases } from '../../../src/store/follow.ts';
import type { LeaseStore, StoreError } from '../../../src/store/store.ts';
import { untilShown } from '../until-shown.ts';

/** Follows a store in the background, as a node does, and keeps what it was told. */
export class BackgroundFollower implements AsyncDisposable {
  /** What stands in the store, as far as it was told: key to value. */
  readonly state = new Map<string, string>();
  /** `failures` counts those without a change in between. */
  readonly outages: {
    readonly error: StoreError;
    readonly retryInMs: number;
    readonly failures: number;
  }[] = [];
  /** How often each key was told of as a change. */
  readonly told = new Map<string, number>();
  snapshots = 0;
  backs = 0;
  /** Settles when it ends, with the error if it ended with one. */
  readonly ended: Promise<unknown>;
  #failures = 0;
  #isAway = false;
  readonly #abort = new AbortController();
  hasEnded = false;

  constructor(store: LeaseStore) {
    this.ended = this.#follow(store);
  }

  until(condition: () => boolean): Promise<void> {
    const describe = (): string =>
      `${this.snapshots} snapshots, ${this.outages.length} outages, ${JSON.stringify([...this.state])}`;
    return untilShown(condition, this, describe);
  }

  /** Waits until it knows exactly what a listing of another store says. */
  async untilSameAs(other: LeaseStore): Promise<void> {
    const { records } = await other.list();
    await this.until(
      () =>
        this.state.size === records.length &&
        records.every(({ key, value }) => this.state.get(key) === value),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#abort.abort();
    await this.ended;
  }

  async #follow(store: LeaseStore): Promise<unknown> {
    try {
      const updates = followLeases(store, {
        signal: this.#abort.signal,
        outages: {
          failed: (error, retryInMs) => {
            this.#failures += 1;
            this.#isAway = true;
            this.outages.push({ error, retryInMs, failures: this.#failures });
          },
          answered: () => {
            if (this.#isAway) this.backs += 1;
            this.#isAway = false;
          },
        },
      });
      const pages = new Map<string, string>();
      for await (const update of updates) {
        if (update.kind === 'begin') pages.clear();
        else if (update.kind === 'page') for (const { key, value } of update.records) pages.set(key, value);
        else if (update.kind === 'end') {
          this.snapshots += 1;
          this.state.clear();
          for (const [key, value] of pages) this.state.set(key, value);
        } else {
          this.#failures = 0;
          for (const change of update.changes) {
            if (change.kind === 'put') this.#put(change.record.key, change.record.value);
            if (change.kind === 'delete') this.state.delete(change.key);
          }
        }
      }
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.hasEnded = true;
    }
  }

  #put(key: string, value: string): void {
    this.state.set(key, value);
    this.told.set(key, (this.told.get(key) ?? 0) + 1);
  }
}
