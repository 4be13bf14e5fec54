import { networkHint } from '../../daemon/setup/await-network.ts';
import { Failure } from '../../diagnostic/failure.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { openStore } from '../../store/open-store.ts';

/** Prints the document exactly as it stands in the store, ending with a line break. */
export async function getNetwork(choice: StoreChoice): Promise<void> {
  const store = await openStore(choice, 'read-only');
  try {
    const document = await store.readNetwork();
    if (document === undefined) {
      throw new Failure('not-found', `the ${store.description} does not have a network configuration`, {
        hint: networkHint,
      });
    }
    process.stdout.write(document.text.endsWith('\n') ? document.text : `${document.text}\n`);
  } finally {
    await store.close();
  }
}
