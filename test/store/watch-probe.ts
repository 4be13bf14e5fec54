import type { Cursor, LeaseStore, StoreChange } from '../../src/store/store.ts';
import { untilShown } from './until-shown.ts';

/** Watches in the background, keeps all it is told, and lets a test wait until that shows something. */
export class WatchProbe implements AsyncDisposable {
  readonly changes: StoreChange[] = [];
  /** Settles when the watch ends, with the error if it ended with one. */
  readonly ended: Promise<unknown>;
  readonly #abort = new AbortController();
  hasEnded = false;

  constructor(store: LeaseStore, cursor: Cursor) {
    this.ended = this.#run(store, cursor);
  }

  get keys(): string[] {
    return this.changes.map((change) => {
      if (change.kind === 'put') return `+${change.record.key}`;
      return change.kind === 'delete' ? `-${change.key}` : `!${change.fault.where}`;
    });
  }

  /** What the changes amount to: key to value. */
  get state(): Map<string, string> {
    const state = new Map<string, string>();
    for (const change of this.changes) {
      if (change.kind === 'put') state.set(change.record.key, change.record.value);
      if (change.kind === 'delete') state.delete(change.key);
    }
    return state;
  }

  until(condition: () => boolean): Promise<void> {
    return untilShown(condition, this, () => this.keys.join('\n'));
  }

  abort(): void {
    this.#abort.abort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.abort();
    await this.ended;
  }

  async #run(store: LeaseStore, cursor: Cursor): Promise<unknown> {
    try {
      for await (const batch of store.watch(cursor, this.#abort.signal)) {
        this.changes.push(...batch);
      }
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.hasEnded = true;
    }
  }
}
