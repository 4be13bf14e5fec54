import type { StoreChoice } from './kind.ts';
import { storeKindOf, storeKinds } from './kinds.ts';
import type { LeaseStore, OpenMode } from './store.ts';

/**
 * Opens a store, and loads its library first. Throws a StoreError, or a Failure for malformed options or an unknown kind.
 */
export async function openStore(
  choice: StoreChoice,
  mode: OpenMode = 'read-write',
  kinds = storeKinds,
): Promise<LeaseStore> {
  return storeKindOf(choice, kinds).open(choice, mode);
}
