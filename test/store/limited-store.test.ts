import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { LimitedStore } from '../../src/store/limited-store.ts';
import {
  StoreAbandonedError,
  type LeaseRecord,
  type LeaseStore,
  type ListPart,
} from '../../src/store/store.ts';
import { Bench, changedStore, leaseValue } from '../daemon/bench.ts';

const never = <T>(): Promise<T> => new Promise<T>(() => undefined);
const record: LeaseRecord = { key: '10.50.4.0-24', value: '{}', expiresAt: 1, revision: '1' };

/** A store of which each method hangs that was not changed. */
async function hanging(t: TestContext, changes: Partial<LeaseStore> = {}): Promise<LeaseStore> {
  const real = await new Bench(t).openStore();
  t.after(() => real.close());
  return changedStore(real, {
    readNetwork: never,
    createNetwork: never,
    withdrawNetwork: never,
    writeNetwork: never,
    list: never,
    readLease: never,
    create: never,
    replace: never,
    remove: never,
    close: never,
    async *listPages() {
      yield await never<ListPart>();
    },
    async *watch() {
      yield [];
      await never();
    },
    ...changes,
  });
}

const reads: readonly ((store: LeaseStore) => Promise<unknown>)[] = [
  (store) => store.readNetwork(),
  (store) => store.list(),
  (store) => store.readLease(record.key),
  async (store) => {
    for await (const part of store.listPages()) assert.equal(part.kind, 'begin');
  },
];
const writes: readonly ((store: LeaseStore) => Promise<unknown>)[] = [
  (store) => store.createNetwork('{}'),
  (store) => store.withdrawNetwork('{}'),
  (store) => store.writeNetwork('{}'),
  (store) => store.create(record.key, '{}', 60),
  (store) => store.replace(record, '{}', 60),
  (store) => store.remove(record),
];

test('a call that hangs ends when the process stops: what is read at once, what is written soon', async (t) => {
  const stopping = new AbortController();
  const limits = { stopping: stopping.signal, lastWriteMs: () => 20 };
  const store = new LimitedStore(await hanging(t), limits);
  const calls = [...reads, ...writes].map((call) => call(store));
  stopping.abort();
  for (const call of calls) await assert.rejects(call, StoreAbandonedError);
});

test('a call that comes later ends as well', async (t) => {
  const limits = { stopping: AbortSignal.abort(), lastWriteMs: () => 20 };
  const store = new LimitedStore(await hanging(t), limits);
  for (const call of [...reads, ...writes]) await assert.rejects(call(store), StoreAbandonedError);
  await store.close();
});

test('a write that is confirmed in time is confirmed', async (t) => {
  const limits = { stopping: AbortSignal.abort(), lastWriteMs: () => 60_000 };
  const store = new LimitedStore(
    await hanging(t, { remove: () => Promise.resolve('removed'), close: () => Promise.resolve() }),
    limits,
  );
  assert.equal(await store.remove(record), 'removed');
  await store.close();
});

test('a watch that hangs ends with the process, and one that does not goes on', async (t) => {
  const stopping = new AbortController();
  const limits = { stopping: stopping.signal, lastWriteMs: () => 20 };
  const store = new LimitedStore(await hanging(t), limits);
  const watch = store.watch('' as never, new AbortController().signal)[Symbol.asyncIterator]();
  assert.deepEqual(await watch.next(), { done: false, value: [] });
  const next = watch.next();
  stopping.abort();
  await assert.rejects(next, StoreAbandonedError);
});

test('a store that answers is passed on as it is', async (t) => {
  const bench = new Bench(t);
  const real = await bench.openStore();
  const store = new LimitedStore(real, { stopping: new AbortController().signal, lastWriteMs: () => 0 });
  assert.equal(store.description, real.description);
  const created = await store.create(record.key, leaseValue(4), 60);
  assert.notEqual(created, 'taken');
  assert.equal((await store.list()).records.length, 1);
  await store.close();
});

test('a store that was given up once is not waited for again', async (t) => {
  const given: number[] = [];
  const limits = {
    stopping: AbortSignal.abort(),
    lastWriteMs: () => 300,
    onWait: (_: string, limitMs: number) => {
      given.push(limitMs);
      return () => undefined;
    },
  };
  const store = new LimitedStore(await hanging(t), limits);
  for (const write of writes) await assert.rejects(write(store), StoreAbandonedError);
  await store.close();
  assert.deepEqual(given, [300, 50, 50, 50, 50, 50, 50]);
});

test('a write that has more time ends when that time becomes shorter', async (t) => {
  const shortening = new AbortController();
  let lastWriteMs = 600_000;
  const limits = {
    stopping: AbortSignal.abort(),
    shortening: shortening.signal,
    lastWriteMs: () => lastWriteMs,
  };
  const store = new LimitedStore(await hanging(t), limits);
  const removed = store.remove(record);
  lastWriteMs = 10;
  shortening.abort();
  await assert.rejects(removed, StoreAbandonedError);
});

test('the wait of an end is reported until it has ended', async (t) => {
  const waits: string[] = [];
  const limits = {
    stopping: AbortSignal.abort(),
    lastWriteMs: () => 20,
    onWait: (what: string) => {
      waits.push(what);
      return () => waits.push('over');
    },
  };
  const store = new LimitedStore(await hanging(t), limits);
  await assert.rejects(store.remove(record), StoreAbandonedError);
  assert.match(waits[0] ?? '', /^the files in .* to remove the lease 10\.50\.4\.0-24$/);
  assert.deepEqual(waits.slice(1), ['over']);
});
