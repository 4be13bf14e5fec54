import type { TestContext } from 'node:test';
import { startHosts } from './host-set.ts';
import type { Host } from './host.ts';
import { StoreDirectory } from './store-directory.ts';

/** A host and a store that are gone when the test is over. */
export async function oneHost(t: TestContext): Promise<{ host: Host; store: StoreDirectory }> {
  const set = await startHosts([1]);
  t.after(() => set.close());
  const [host] = set.hosts;
  if (host === undefined) throw new Error('the host is missing');
  return { host, store: new StoreDirectory(t) };
}
