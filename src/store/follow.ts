import { StoreRetry, type StoreRetryOptions } from './store-retry.ts';
import {
  type Cursor,
  type LeaseRecord,
  type LeaseStore,
  type Listing,
  type StoreChange,
  type StoreFault,
} from './store.ts';

export interface FollowOptions extends StoreRetryOptions {
  /** The listing to use in place of the first one, if there is one. */
  readonly takeListing?: () => Listing | undefined;
  /** Called when a step begins. */
  readonly onStep?: (step: FollowStep) => void;
}

/** The step that the following of a store is in. */
export type FollowStep =
  | { readonly kind: 'listing' }
  /** Waits for changes, however long that takes. */
  | { readonly kind: 'watching' }
  /** Waits before the next try. */
  | { readonly kind: 'pausing'; readonly forMs: number };

export type LeaseUpdate =
  /** All leases of the store. A lease that was known before and is not in the list is gone. */
  | {
      readonly kind: 'snapshot';
      readonly records: readonly LeaseRecord[];
      readonly faults: readonly StoreFault[];
    }
  | { readonly kind: 'changes'; readonly changes: readonly StoreChange[] };

/**
 * Follows a store for ever: first a snapshot, then changes. After an outage or a lost cursor, another snapshot and
 * changes follow. Ends when the signal is aborted or the store is closed. Throws a {@link StoreError} if a retry cannot
 * help.
 */
export async function* followLeases(
  store: LeaseStore,
  options: FollowOptions,
): AsyncGenerator<LeaseUpdate, void, void> {
  const { signal, onStep = () => undefined } = options;
  const retry = new StoreRetry({ ...options, onPause: (forMs) => onStep({ kind: 'pausing', forMs }) });
  while (!signal.aborted) {
    try {
      onStep({ kind: 'listing' });
      const { snapshot, cursor } = begin(options.takeListing?.() ?? (await store.list()));
      if (isAborted(signal)) return;
      retry.reached();
      onStep({ kind: 'watching' });
      yield* snapshot;
      for await (const changes of store.watch(cursor, signal)) {
        retry.settled();
        yield { kind: 'changes', changes };
      }
      return;
    } catch (error) {
      if (isAborted(signal)) return;
      await retry.waitAfter(error);
    }
  }
}

/** The snapshot is in a list that is emptied as it is read: a watch that lasts for months would keep all records in memory. */
function begin({ records, faults, cursor }: Listing): { snapshot: Iterable<LeaseUpdate>; cursor: Cursor } {
  const updates: LeaseUpdate[] = [{ kind: 'snapshot', records, faults }];
  return { snapshot: { [Symbol.iterator]: () => ({ next: () => takeNext(updates) }) }, cursor };
}

function takeNext(updates: LeaseUpdate[]): IteratorResult<LeaseUpdate, undefined> {
  const value = updates.shift();
  return value === undefined ? { done: true, value } : { done: false, value };
}

/** Reads the state of a signal. The call is needed because the compiler believes that a signal once seen unaborted stays so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
