/** A process that does all that a files store can do in each directory, and prints what came of it, a line each. `every-operation KEY DIRECTORY...` */
import { openFilesStore } from '../../src/store/files/store.ts';
import type { LeaseStore } from '../../src/store/store.ts';

const [key = '', ...directories] = process.argv.slice(2);
const value = '{"PublicIP":"172.30.0.1","PublicIPv6":null}';

const operations: Readonly<Record<string, (store: LeaseStore) => Promise<unknown>>> = {
  'read network': (store) => store.readNetwork(),
  'create network': (store) => store.createNetwork('{}'),
  list: (store) => store.list(),
  'create a lease': (store) => store.create(key, value, 60),
  'create another lease': (store) => store.create('10.50.9.0-24', value, 60),
  'renew each lease': async (store) => {
    for (const record of (await store.list()).records) await store.replace(record, value, 60);
  },
  watch: async (store) => {
    const changes = store.watch((await store.list()).cursor, AbortSignal.timeout(100));
    const seen: unknown[] = [];
    for await (const change of changes) seen.push(change);
    return seen;
  },
  'remove each lease': async (store) => {
    for (const record of (await store.list()).records) await store.remove(record);
  },
  discard: (store) => store.discard(key),
  'withdraw network': (store) => store.withdrawNetwork('{}'),
  'write network': (store) => store.writeNetwork('{}'),
};

async function tell(what: string, work: () => Promise<unknown>): Promise<void> {
  process.stdout.write(`${what}: `);
  const outcome = await work().then(
    (result) => (result === undefined ? 'done' : JSON.stringify(result)),
    (error: unknown) => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)),
  );
  process.stdout.write(`${outcome}\n`);
}

for (const directory of directories) {
  for (const mode of ['read-only', 'read-write'] as const) {
    await tell(`open ${directory} ${mode}`, async () => {
      const store = await openFilesStore(directory, { mode });
      try {
        for (const [what, operation] of Object.entries(operations)) await tell(what, () => operation(store));
      } finally {
        await store.close();
      }
    });
  }
}
process.stdout.write('all done\n');
