/**
 * A process that opens a files store, makes a lease in it, and prints how that ended as one line of JSON.
 * `trial DIRECTORY [UID]`: with a user to become once everything is loaded.
 */
import { openFilesStore } from '../../../src/store/files/store.ts';
import { StoreError } from '../../../src/store/store.ts';

const [directory = '', uid] = process.argv.slice(2);
if (uid !== undefined) {
  process.setegid?.(Number(uid));
  process.seteuid?.(Number(uid));
}
let result: object;
try {
  const store = await openFilesStore(directory);
  await store.create('10.50.7.0-24', `{"PublicIP":"172.30.0.1","BackendData":"${'x'.repeat(5000)}"}`, 600);
  result = { ended: 'well' };
} catch (error) {
  if (!(error instanceof StoreError)) throw error;
  const { message, retryable, hint } = error;
  result = { ended: 'badly', message, retryable, hint };
}
process.stdout.write(`${JSON.stringify(result)}\n`);
