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
  const record = await limited.create(key, value, 3600);
  assert.ok(record !== 'taken');
  await limited.replace(record, value, 3600);
  raiseClockConcern(limited, concerns);
  return concerns.all;
}

test('a clock that is ahead or behind is told, with how far', async (t) => {
  const [ahead] = await concernsAhead(t, 72 * hours);
  assert.match(ahead?.because ?? '', /^the clock of this node is 72 h ahead of that of the file system/);
  const [behind] = await concernsAhead(t, -2 * hours);
  assert.match(
    behind?.because ?? '',
    /^the clock of this node is (120 min|2 h) behind that of the file system/,
  );
});

test('a clock that is right, or a few seconds off, is not worth a word', async (t) => {
  for (const leadMs of [0, 20_000, -20_000]) assert.deepEqual(await concernsAhead(t, leadMs), []);
});

/** Opens a store as a node does whose clock is ahead. `set` changes the lead, as `date -s` does. */
async function openAhead(
  t: TestContext,
  directory: string,
  leadMs: number,
): Promise<{ readonly store: LeaseStore; readonly set: (leadMs: number) => void }> {
  let lead = leadMs;
  const clock = { ...systemClock, now: () => Date.now() + lead };
  const store = await openFilesStore(directory, { clock, rescanMs: 20 });
  t.after(() => store.close());
  return { store, set: (leadMs) => (lead = leadMs) };
}

/** The keys that a follower of the store knows, from its listing and the changes since. */
async function follow(t: TestContext, store: LeaseStore): Promise<ReadonlySet<string>> {
  const { cursor, records } = await store.list();
  const known = new Set(records.map((record) => record.key));
  const end = new AbortController();
  t.after(() => end.abort());
  void (async () => {
    for await (const changes of store.watch(cursor, end.signal)) {
      for (const change of changes) {
        if (change.kind === 'put') known.add(change.record.key);
        if (change.kind === 'delete') known.delete(change.key);
      }
    }
  })();
  return known;
}

for (const days of [2, 9, -3]) {
  test(`a node whose clock is ${days} days ahead keeps the leases of others until their end`, async (t) => {
    const directory = temporaryDirectory(t);
    const right = await openFilesStore(directory);
    t.after(() => right.close());
    await right.create(key, value, 24 * 3600);
    const { store } = await openAhead(t, directory, days * 24 * hours);
    const known = await follow(t, store);
    assert.deepEqual([...known], [key]);
    const expiresAt = (await store.list()).records[0]?.expiresAt ?? 0;
    const leftMs = expiresAt - (Date.now() + days * 24 * hours);
    assert.ok(leftMs > 23 * hours && leftMs < 25 * hours, 'it ends a day later, by the clock of this node');
    assert.equal(await store.create(key, value, 60), 'taken');

    await right.create('10.50.8.0-24', value, 2);
    await until('a short lease to come', () => known.has('10.50.8.0-24'));
    await until('and to end at its time', () => !known.has('10.50.8.0-24'));
    assert.deepEqual([...known], [key]);
    assert.equal((await right.list()).records.length, 1);
  });
}

test('the lease of a node whose clock is off ends at its time for the others, and for itself', async (t) => {
  const directory = temporaryDirectory(t);
  const right = await openFilesStore(directory);
  t.after(() => right.close());
  for (const leadMs of [72 * hours, -72 * hours]) {
    const { store } = await openAhead(t, directory, leadMs);
    const record = await store.create(key, value, 3600);
    assert.ok(record !== 'taken');
    assert.ok(Math.abs((record.expiresAt ?? 0) - (Date.now() + leadMs + hours)) < 60_000);
    const [seen] = (await right.list()).records;
    assert.ok(Math.abs((seen?.expiresAt ?? 0) - (Date.now() + hours)) < 60_000);
    assert.notEqual(await store.replace(record, value, 3600), 'gone');
    const [present] = (await store.list()).records;
    assert.ok(present);
    assert.equal(await store.remove(present), 'removed');
  }
});

test('a clock that is set while the node runs takes no peer away', async (t) => {
  const directory = temporaryDirectory(t);
  const right = await openFilesStore(directory);
  t.after(() => right.close());
  await right.create(key, value, 24 * 3600);
  const { store, set } = await openAhead(t, directory, 0);
  const known = await follow(t, store);
  for (const leadMs of [72 * hours, -72 * hours, 20_000]) {
    set(leadMs);
    // The watch looks at every file before it sees this one.
    const other = '10.50.9.0-24';
    const record = await right.create(other, value, 3600);
    assert.ok(record !== 'taken');
    await until('the watch to look', () => known.has(other));
    await right.remove(record);
    await until('the watch to look again', () => !known.has(other));
    assert.deepEqual([...known], [key]);
    assert.ok(Math.abs((store.clockLeadMs ?? 0) - leadMs) < 2000);
  }
});
