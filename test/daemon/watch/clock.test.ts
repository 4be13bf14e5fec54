import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { raiseClockConcern } from '../../../src/daemon/watch/clock.ts';
import { Concerns, type StandingConcern } from '../../../src/event/concerns.ts';
import { LimitedStore } from '../../../src/store/limited-store.ts';
import { openFilesStore } from '../../../src/store/files/store.ts';
import type { LeaseStore } from '../../../src/store/store.ts';
import { systemClock } from '../../../src/time/clock.ts';
import { until } from '../../support/until.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const hours = 3600 * 1000;
const key = '10.50.7.0-24';
const value = '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"host-gw"}';

/** The concerns of a node whose clock is ahead of the file system's, after it has written and renewed its lease. */
async function concernsAhead(t: TestContext, leadMs: number): Promise<readonly StandingConcern[]> {
  const clock = { ...systemClock, now: () => Date.now() + leadMs };
  const store = await openFilesStore(temporaryDirectory(t), { clock });
  t.after(() => store.close());
  const limited = new LimitedStore(store, { stopping: new AbortController().signal, lastWriteMs: () => 100 });
  const concerns = new Concerns(
    () => undefined,
    () => undefined,
    () => 0,
  );
  raiseClockConcern(limited, concerns);
  assert.deepEqual(concerns.all, [], 'nothing is known before the first write');
  const record = await limited.create(key, value, 3600);
  assert.ok(record !== 'taken');
  await limited.replace(record, value, 3600);
  raiseClockConcern(limited, concerns);
  return concerns.all;
}

test('a clock that is ahead or behind is told, with how far', async (t) => {
  const [ahead] = await concernsAhead(t, 72 * hours);
  assert.match(ahead?.because ?? '', /^the clock of this node is 72 h ahead of .* expired too early/);
  const [behind] = await concernsAhead(t, -2 * hours);
  assert.match(behind?.because ?? '', /^the clock of this node is (120 min|2 h) behind .* expired too late/);
});

test('a clock that is right, or a few seconds off, is not worth a word', async (t) => {
  for (const leadMs of [0, 20_000, -20_000]) assert.deepEqual(await concernsAhead(t, leadMs), []);
});

test('a node whose clock is days ahead removes the lease of no other node until long after its end', async (t) => {
  const directory = temporaryDirectory(t);
  const right = await openFilesStore(directory);
  t.after(() => right.close());
  await right.create(key, value, 24 * 3600);
  const isThere = async (): Promise<boolean> => (await right.list()).records.length === 1;

  /** Follows the store with a clock that is ahead, for as long as `work` takes. */
  async function followAhead(days: number, work: (store: LeaseStore) => Promise<void>): Promise<void> {
    const clock = { ...systemClock, now: () => Date.now() + days * 24 * hours };
    const store = await openFilesStore(directory, { clock, rescanMs: 20 });
    const { cursor, records } = await store.list();
    assert.deepEqual(records, [], 'for this node the lease is over');
    const end = new AbortController();
    const watching = (async () => {
      for await (const changes of store.watch(cursor, end.signal)) assert.ok(changes.length > 0);
    })();
    await work(store);
    end.abort();
    await watching;
    await store.close();
  }

  for (const days of [2, 3, 6]) {
    await followAhead(days, async (store) => {
      // A removal takes the store's lock in its turn.
      for (let n = 0; n < 10; n += 1) await store.writeNetwork('{}');
    });
    assert.ok(await isThere(), `${days} days ahead`);
  }
  await followAhead(9, async () => {
    await until('the file to be removed', async () => !(await isThere()));
  });
});
