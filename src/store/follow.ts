import { StoreRetry, type StoreRetryOptions } from './store-retry.ts';
import { type Cursor, type LeaseStore, type ListPart, type StoreChange } from './store.ts';

export interface FollowOptions extends StoreRetryOptions {
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

/** A part of a list of all leases, or later changes. At the end of a list, a known lease that was in none of its pages is gone. */
export type LeaseUpdate = ListPart | { readonly kind: 'changes'; readonly changes: readonly StoreChange[] };

/**
 * Follows a store for ever: first a list in pages, then changes. After an outage or a lost cursor, another list and changes follow. The
 * store reads a page while the caller works on the one before. Ends when the signal is aborted or the store is closed. Throws a {@link
 * StoreError} if a retry cannot help.
 */
export async function* followLeases(
  store: LeaseStore,
  options: FollowOptions,
): AsyncGenerator<LeaseUpdate, void, void> {
  const { signal, onStep = () => undefined } = options;
  const retry = new StoreRetry({ ...options, onPause: (forMs) => onStep({ kind: 'pausing', forMs }) });
  while (!signal.aborted) {
    try {
      let cursor: Cursor | undefined;
      onStep({ kind: 'listing' });
      for await (const part of store.listPages()) {
        if (isAborted(signal)) return;
        if (part.kind === 'end') {
          ({ cursor } = part);
          retry.reached();
          onStep({ kind: 'watching' });
        }
        yield part;
        if (part.kind !== 'end') onStep({ kind: 'listing' });
      }
      if (cursor === undefined) throw new Error('a list of leases had no end');
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

/** Reads the state of a signal. The call is needed because the compiler believes that a signal once seen unaborted stays so. */
function isAborted(signal: AbortSignal): boolean {
  return signal.aborted;
}
