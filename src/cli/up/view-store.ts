import { locateNetwork, networkHint } from '../../daemon/setup/await-network.ts';
import type { SourceText } from '../../diagnostic/source.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { hasErrorCode } from '../../host/system-error.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { openStore } from '../../store/open-store.ts';
import { StoreError, type Cursor, type LeaseStore, type Listing } from '../../store/store.ts';

/** The content of a store at one moment, or the reason why it cannot be seen now. */
export type StoreView =
  | {
      readonly kind: 'seen';
      readonly description: string;
      /** The network configuration. */
      readonly document: SourceText | undefined;
      /** The cure of a missing network configuration, as a clause. */
      readonly networkHint: string;
      readonly listing: Listing;
      /** The subnets that the store assigns to this node; undefined where nodes choose. */
      readonly assigned: LeaseSubnets | undefined;
    }
  | {
      readonly kind: 'away';
      readonly description: string;
      readonly because: string;
      readonly hint: string | undefined;
    };

/**
 * Looks at a store, and writes nothing. A store that a start would create counts as empty, and one that a start would wait for is away. An
 * existing store is also given to `look`. Throws a {@link StoreError} that no waiting helps.
 */
export async function viewStore(
  choice: StoreChoice,
  look: (store: LeaseStore) => Promise<void> = () => Promise.resolve(),
): Promise<StoreView> {
  let store: LeaseStore;
  try {
    store = await openStore(choice, 'read-only');
  } catch (error) {
    if (!(error instanceof StoreError) || !hasErrorCode(error.cause, 'ENOENT')) throw error;
    const listing: Listing = { records: [], faults: [], cursor: '' as Cursor };
    return {
      kind: 'seen',
      description: `new store of ${choice.kind}`,
      document: undefined,
      networkHint: networkHint(choice),
      listing,
      assigned: undefined,
    };
  }
  const { description } = store;
  try {
    return await whileWaiting({ what: `the ${description}` }, async () => {
      const assigned = await store.node?.readSubnets();
      const [document, listing] = [await store.readNetwork(), await store.list()];
      await look(store);
      const { cause, hint = networkHint(choice) } =
        document === undefined ? await locateNetwork(store) : { cause: undefined };
      return { kind: 'seen', description, document, networkHint: cause ?? hint, listing, assigned };
    });
  } catch (error) {
    if (!(error instanceof StoreError) || !error.retryable) throw error;
    return { kind: 'away', description, because: error.message, hint: error.hint };
  } finally {
    await store.close();
  }
}
