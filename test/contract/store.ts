import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import { encodeAttributes } from '../../src/lease/wire.ts';
import {
  CursorLostError,
  StoreError,
  type Cursor,
  type LeaseRecord,
  type LeaseStore,
  type ListPart,
} from '../../src/store/store.ts';
import { WatchProbe } from '../store/watch-probe.ts';

/** One set of data, empty at first, with as many stores on it as a test opens. */
export interface StoreBed {
  /** Opens one more store on the data; as another process would. */
  open(options?: { readonly pageSize?: number }): Promise<LeaseStore>;
  /** The store's time, milliseconds since the epoch. */
  now(): number;
  /** Lets that much of the store's time pass. */
  letPass(seconds: number): Promise<void>;
  /** Puts any text where the value of a key stands, past every check. */
  spoil(key: string, text: string): Promise<void>;
  /** Closes every store and removes the data. */
  destroy(): Promise<void>;
}

const key = '10.50.7.0-24';
const otherKey = '10.50.8.0-24&2001:cafe:42:8::-64';

function valueFrom(publicIp: string): string {
  return encodeAttributes({
    publicIp,
    publicIpv6: undefined,
    backendType: 'extension',
    backendData: '<a> & "b"',
    backendV6Data: undefined,
  });
}
const value = valueFrom('172.30.0.1');
const otherValue = valueFrom('172.30.0.2');

async function create(store: LeaseStore, at = key, ttlSeconds = 600): Promise<LeaseRecord> {
  const record = await store.create(at, value, ttlSeconds);
  assert.ok(record !== 'taken');
  return record;
}

async function reserve(store: LeaseStore): Promise<LeaseRecord> {
  const record = await store.create(key, value, undefined);
  assert.ok(record !== 'taken');
  return record;
}

async function listed(store: LeaseStore, at = key): Promise<LeaseRecord | undefined> {
  return (await store.list()).records.find((record) => record.key === at);
}

async function probe(store: LeaseStore, watched = store): Promise<WatchProbe> {
  return new WatchProbe(watched, (await store.list()).cursor);
}

/**
 * A notion of the contract that a kind of store may not have.
 *
 * - `network`: the store holds the network configuration, so that nodes and operators can write it.
 * - `expiry`: leases end by themselves.
 * - `reservations`: a lease may be kept for a node that does not have it.
 * - `race`: of several that write a lease at the same moment, exactly one succeeds.
 * - `rewrite`: a write of the value that is there already is a change.
 * - `any-key`: something that is not a lease may stand under any key.
 */
type Notion = 'network' | 'expiry' | 'reservations' | 'race' | 'rewrite' | 'any-key';

interface ContractOptions {
  /** The notions that this kind of store does not have. Tests that need one are left out. */
  readonly lacks?: readonly Notion[];
  /** The reason why no test can run here. */
  readonly skip?: string | false;
}

/** Every sentence of `src/store/store.ts`, for any store. Each test gets a bed of its own. */
export function describeStoreContract(
  name: string,
  makeBed: () => Promise<StoreBed>,
  { lacks = [], skip = false }: ContractOptions = {},
): void {
  const needing =
    (...needs: readonly Notion[]) =>
    (title: string, body: (bed: StoreBed) => Promise<void>): void => {
      if (!needs.some((notion) => lacks.includes(notion))) contract(title, body);
    };
  const contract = (title: string, body: (bed: StoreBed) => Promise<void>): void => {
    test(title, { timeout: 60_000, skip }, async () => {
      const bed = await makeBed();
      try {
        await body(bed);
      } finally {
        await bed.destroy();
      }
    });
  };

  describe(`${name}: the network configuration`, () => {
    needing('network')('is absent at first, and is read as it was created', async (bed) => {
      const store = await bed.open();
      assert.equal(await store.readNetwork(), undefined);
      const text = '{ "Network": "10.50.0.0/16" }\n';
      assert.equal(await store.createNetwork(text), text);
      const network = await (await bed.open()).readNetwork();
      assert.equal(network?.text, text);
      assert.match(network.name, /config/);
    });

    needing('network')('of several creators the first wins, and all are told so', async (bed) => {
      const texts = Array.from({ length: 6 }, (_, index) => `{"Network":"10.${index}.0.0/16"}`);
      const stores = await Promise.all(texts.map(() => bed.open()));
      const standing = await Promise.all(
        stores.map((store, index) => store.createNetwork(texts[index] ?? '')),
      );
      const network = await stores[0]?.readNetwork();
      assert.ok(network !== undefined && texts.includes(network.text));
      assert.deepEqual(new Set(standing), new Set([network.text]));
    });

    needing('network')(
      'is taken back if it still is what was written, and then another may be created',
      async (bed) => {
        const [store, other] = [await bed.open(), await bed.open()];
        const [text, later] = ['{"Network":"10.50.0.0/16"}', '{"Network":"10.60.0.0/16"}'];
        assert.equal(await store.withdrawNetwork(text), 'kept', 'there is none');
        await store.createNetwork(text);
        assert.equal(await other.withdrawNetwork(later), 'kept');
        assert.equal((await store.readNetwork())?.text, text);
        assert.equal(await other.withdrawNetwork(text), 'withdrawn');
        assert.equal(await store.readNetwork(), undefined);
        assert.equal(await store.createNetwork(later), later);
      },
    );

    needing('network')('is not taken back while a lease stands', async (bed) => {
      const [store, other] = [await bed.open(), await bed.open()];
      const text = '{"Network":"10.50.0.0/16"}';
      await store.createNetwork(text);
      const record = await create(other);
      assert.equal(await store.withdrawNetwork(text), 'kept');
      await other.remove(record);
      await reserve(other);
      assert.equal(await store.withdrawNetwork(text), 'kept');
      assert.equal((await other.readNetwork())?.text, text);
    });

    needing('network')(
      'is taken back or kept as the answer says, also when a lease comes at that moment',
      async (bed) => {
        const [store, other] = [await bed.open(), await bed.open()];
        const text = '{"Network":"10.50.0.0/16"}';
        for (let round = 0; round < 10; round += 1) {
          await store.createNetwork(text);
          const [outcome, record] = await Promise.all([store.withdrawNetwork(text), create(other)]);
          const network = await other.readNetwork();
          assert.equal(network === undefined, outcome === 'withdrawn');
          await other.remove(record);
        }
      },
    );
  });

  describe(`${name}: a list in pages`, () => {
    const keys = [1, 2, 3, 4, 5].map((number) => `10.50.${number}.0-24`);
    const keysOf = (parts: readonly ListPart[]): readonly string[] =>
      parts.flatMap((part) => (part.kind === 'page' ? part.records.map((record) => record.key) : []));
    const openLong = async (bed: StoreBed): Promise<LeaseStore> => {
      const store = await bed.open({ pageSize: 2 });
      for (const each of keys) await create(store, each);
      return store;
    };

    contract('has the entries of a whole list, in pages of the size', async (bed) => {
      const store = await openLong(bed);
      await bed.spoil('10.50.6.0-24', 'not JSON');
      const parts: ListPart[] = [];
      for await (const part of store.listPages()) parts.push(part);
      const kinds = parts.map(({ kind }) => kind);
      assert.deepEqual([kinds[0], kinds.at(-1)], ['begin', 'end']);
      const pages = parts.flatMap((part) => (part.kind === 'page' ? part : []));
      assert.ok(pages.length >= 3, kinds.join());
      assert.equal(pages.length, parts.length - 2);
      for (const { records, faults } of pages) assert.ok(records.length + faults.length <= 2);
      const { records, faults } = await store.list();
      assert.deepEqual(
        pages.flatMap((page) => page.records),
        records,
      );
      assert.deepEqual(
        pages.flatMap((page) => page.faults),
        faults,
      );
      assert.equal(records.length + faults.length, 6);
    });

    contract('loses nothing of what happens between two pages', async (bed) => {
      const store = await openLong(bed);
      const other = await bed.open();
      const state = new Map<string, string>();
      let cursor: Cursor | undefined;
      for await (const part of store.listPages()) {
        if (part.kind === 'end') ({ cursor } = part);
        if (part.kind !== 'page') continue;
        const isFirst = state.size === 0;
        for (const record of part.records) state.set(record.key, record.value);
        if (!isFirst) continue;
        const [first, ...rest] = await Promise.all(keys.map((each) => listed(other, each)));
        assert.ok(first !== undefined);
        await other.remove(first);
        for (const record of rest) if (record) await other.replace(record, otherValue, 600);
        await create(other, '10.50.0.0-24');
        await create(other, '10.50.9.0-24');
      }
      assert.ok(cursor !== undefined);
      await using watch = new WatchProbe(store, cursor);
      await create(other, otherKey);
      const { records } = await other.list();
      const present = new Map(records.map((record) => [record.key, record.value]));
      assert.equal(present.size, 7);
      await watch.until(() => {
        const after = new Map(state);
        for (const change of watch.changes) {
          if (change.kind === 'put') after.set(change.record.key, change.record.value);
          if (change.kind === 'delete') after.delete(change.key);
        }
        return after.size === 7 && [...present].every(([at, text]) => after.get(at) === text);
      });
    });

    contract('may be left off after a page, and begun again', async (bed) => {
      const store = await openLong(bed);
      for await (const part of store.listPages()) if (part.kind === 'page') break;
      const parts: ListPart[] = [];
      for await (const part of store.listPages()) parts.push(part);
      assert.deepEqual([...keysOf(parts)].sort(), keys);
    });

    contract(
      'ends with an error and without an end if the store is closed between two pages',
      async (bed) => {
        const store = await openLong(bed);
        const seen: string[] = [];
        const read = async (): Promise<void> => {
          for await (const part of store.listPages()) {
            seen.push(part.kind);
            if (part.kind === 'page') await store.close();
          }
        };
        await assert.rejects(read(), StoreError);
        assert.ok(seen.includes('page') && !seen.includes('end'), seen.join());
      },
    );
  });

  describe(`${name}: one lease by its key`, () => {
    contract('is read as a list has it, as long as it is there', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      assert.equal(await one.readLease(key), undefined);
      await create(one, otherKey);
      const record = await create(one);
      assert.deepEqual(await two.readLease(key), await listed(two));
      assert.equal((await two.readLease(otherKey))?.key, otherKey);
      const changed = await two.replace(record, otherValue, 600);
      assert.ok(changed !== 'gone');
      assert.equal((await one.readLease(key))?.value, otherValue);
      assert.equal((await one.readLease(key))?.revision, changed.revision);
      assert.equal(await one.remove(changed), 'removed');
      assert.equal(await two.readLease(key), undefined);
    });

    needing('reservations')('is a reservation without an expiry', async (bed) => {
      const store = await bed.open();
      await reserve(store);
      const record = await store.readLease(key);
      assert.ok(record !== undefined);
      assert.equal(record.expiresAt, undefined);
    });

    needing('expiry')('is not there once its time is over', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      await create(one, key, 3);
      await bed.letPass(6);
      assert.equal(await two.readLease(key), undefined);
    });

    contract('is not there if it cannot be read, or if the key is not that of a lease', async (bed) => {
      const store = await bed.open();
      await bed.spoil(key, '');
      const seen = await store.readLease(key);
      if (seen !== undefined) assert.deepEqual(seen, await listed(store));
      for (const other of ['', '.', '../config', `${key}/`, 'config', 'nobody'])
        assert.equal(await store.readLease(other), undefined, JSON.stringify(other));
    });

    contract('cannot be read once the store is closed', async (bed) => {
      const store = await bed.open();
      await store.close();
      await assert.rejects(store.readLease(key), StoreError);
    });
  });

  describe(`${name}: create`, () => {
    needing('expiry')('a lease is listed as it was written, until its time is over', async (bed) => {
      const store = await bed.open();
      const before = bed.now();
      const record = await create(store);
      assert.equal(record.key, key);
      assert.equal(record.value, value);
      assert.ok(record.expiresAt !== undefined && record.expiresAt >= before + 590_000);
      assert.ok(record.expiresAt <= bed.now() + 610_000);
      const { records, faults } = await store.list();
      assert.deepEqual(
        records.map(({ key, value, revision }) => ({ key, value, revision })),
        [{ key, value, revision: record.revision }],
      );
      assert.deepEqual(faults, []);
    });

    needing('reservations')('a lease without a time to live is a reservation', async (bed) => {
      const store = await bed.open();
      assert.equal((await reserve(store)).expiresAt, undefined);
      await bed.letPass(5);
      assert.equal((await listed(await bed.open()))?.expiresAt, undefined);
      assert.equal((await listed(store))?.value, value);
    });

    needing('reservations')(
      'a key that is held is taken, for every store, and stays as it was',
      async (bed) => {
        const [one, two] = [await bed.open(), await bed.open()];
        await create(one);
        assert.equal(await one.create(key, otherValue, 600), 'taken');
        assert.equal(await two.create(key, otherValue, undefined), 'taken');
        assert.equal((await listed(two))?.value, value);
      },
    );

    needing('race')('of several that create one key at once, one gets it', async (bed) => {
      const stores = await Promise.all(Array.from({ length: 8 }, () => bed.open()));
      const results = await Promise.all(
        stores.map((store, index) => store.create(key, valueFrom(`172.30.1.${index}`), 600)),
      );
      const winners = results.filter((result) => result !== 'taken');
      assert.equal(winners.length, 1);
      assert.equal((await listed(await bed.open()))?.value, winners[0]?.value);
    });

    contract('different keys do not disturb each other', async (bed) => {
      const store = await bed.open();
      await Promise.all([create(store), create(store, otherKey)]);
      const keys = (await store.list()).records.map((record) => record.key);
      assert.deepEqual(keys.sort(), [key, otherKey]);
    });
  });

  describe(`${name}: replace`, () => {
    needing('rewrite')(
      'writes a lease again with a new revision, even if its value is the same',
      async (bed) => {
        const store = await bed.open();
        const first = await create(store);
        const second = await store.replace(first, value, 600);
        assert.ok(second !== 'gone');
        assert.notEqual(second.revision, first.revision);
        const third = await store.replace(second, otherValue, 600);
        assert.ok(third !== 'gone');
        assert.notEqual(third.revision, second.revision);
        assert.equal((await listed(store))?.revision, third.revision);
        assert.equal((await listed(store))?.value, otherValue);
      },
    );

    contract('does nothing if somebody else wrote since, or removed it', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      const first = await create(one);
      const known = await listed(two);
      assert.ok(known !== undefined);
      const second = await two.replace(known, otherValue, 600);
      assert.ok(second !== 'gone');
      assert.equal(await one.replace(first, value, 600), 'gone');
      assert.equal((await listed(one))?.value, otherValue);
      assert.equal(await one.remove(second), 'removed');
      assert.equal(await two.replace(second, value, 600), 'gone');
      assert.equal(await listed(two), undefined);
    });

    needing('race')('of several at once, one succeeds', async (bed) => {
      const stores = await Promise.all(Array.from({ length: 6 }, () => bed.open()));
      const first = await create(await bed.open());
      const results = await Promise.all(stores.map((store) => store.replace(first, value, 600)));
      assert.equal(results.filter((result) => result !== 'gone').length, 1);
    });

    needing('expiry')('gives a lease new time', async (bed) => {
      const store = await bed.open();
      const first = await create(store, key, 3);
      assert.ok((await store.replace(first, value, 600)) !== 'gone');
      await bed.letPass(5);
      assert.equal((await listed(store))?.value, value);
    });

    needing('reservations')('leaves a reservation one', async (bed) => {
      const store = await bed.open();
      const reservation = await reserve(store);
      const written = await store.replace(reservation, otherValue, 3);
      assert.ok(written !== 'gone');
      assert.equal(written.expiresAt, undefined);
      await bed.letPass(5);
      const record = await listed(await bed.open());
      assert.equal(record?.value, otherValue);
      assert.equal(record.expiresAt, undefined);
    });
  });

  describe(`${name}: replace without a time to live`, () => {
    needing('reservations')('makes a lease a reservation, which does not end', async (bed) => {
      const store = await bed.open();
      const first = await create(store, key, 3);
      const reserved = await store.replace(first, otherValue, undefined);
      assert.ok(reserved !== 'gone');
      assert.equal(reserved.expiresAt, undefined);
      await bed.letPass(600);
      const record = await listed(await bed.open());
      assert.equal(record?.value, otherValue);
      assert.equal(record.expiresAt, undefined);
      assert.equal(await store.create(key, value, 600), 'taken');
      assert.equal(await store.remove(reserved), 'removed');
    });

    needing('reservations')('leaves a reservation one, with the new value', async (bed) => {
      const store = await bed.open();
      const written = await store.replace(await reserve(store), otherValue, undefined);
      assert.ok(written !== 'gone');
      await bed.letPass(600);
      assert.equal((await listed(store))?.value, otherValue);
    });

    needing('expiry', 'reservations')(
      'does nothing if somebody else wrote since, or the time was over',
      async (bed) => {
        const [one, two] = [await bed.open(), await bed.open()];
        const first = await create(one);
        assert.ok((await two.replace(first, otherValue, 3)) !== 'gone');
        assert.equal(await one.replace(first, value, undefined), 'gone');
        const known = await listed(two);
        assert.equal(known?.value, otherValue);
        await bed.letPass(6);
        assert.equal(await one.replace(known, value, undefined), 'gone');
        assert.equal(await listed(one), undefined);
      },
    );

    needing('reservations')('is told to whoever watches', async (bed) => {
      const [writing, watching] = [await bed.open(), await bed.open()];
      const first = await create(writing);
      await using watch = await probe(watching);
      assert.ok((await writing.replace(first, otherValue, undefined)) !== 'gone');
      await watch.until(() => watch.keys.includes(`+${key}`));
    });
  });

  describe(`${name}: discard`, () => {
    needing('reservations')('removes a lease and a reservation, whatever was written since', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      const first = await create(one);
      assert.ok((await two.replace(first, otherValue, 600)) !== 'gone');
      assert.equal(await one.discard(key), 'removed');
      assert.equal(await one.discard(key), 'gone');
      await reserve(two);
      assert.equal(await one.discard(key), 'removed');
      assert.deepEqual((await two.list()).records, []);
    });

    needing('any-key')('removes what cannot be read, so that the key is free', async (bed) => {
      const store = await bed.open();
      for (const text of ['', 'not JSON', '\u0000\u00ff', '[]']) {
        await bed.spoil(key, text);
        assert.equal(await store.create(key, value, 600), 'taken', JSON.stringify(text));
        assert.equal(await store.discard(key), 'removed', JSON.stringify(text));
        const { records, faults } = await store.list();
        assert.deepEqual([records.length, faults.length], [0, 0], JSON.stringify(text));
      }
      await create(store);
    });

    needing('any-key')('removes a key that is not that of a lease, and nothing else', async (bed) => {
      const store = await bed.open();
      await create(store);
      for (const odd of ['junk', '10.50.7.0', '10.50.7.0-24.bak']) {
        await bed.spoil(odd, 'x');
        assert.equal(await store.discard(odd), 'removed', odd);
        assert.equal(await store.discard(odd), 'gone', odd);
      }
      assert.equal((await listed(store))?.value, value);
    });

    needing('network')('does not leave the leases', async (bed) => {
      const store = await bed.open();
      const text = '{"Network":"10.50.0.0/16"}';
      await store.createNetwork(text);
      await create(store);
      for (const outside of ['../config', '', '.', '..', '/', `${key}/`]) {
        await store.discard(outside).catch(() => undefined);
      }
      assert.equal((await store.readNetwork())?.text, text);
      assert.equal((await listed(store))?.value, value);
    });

    contract('is told to whoever watches', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      await create(one);
      await using watch = await probe(two);
      assert.equal(await one.discard(key), 'removed');
      await watch.until(() => watch.keys.includes(`-${key}`));
    });
  });

  describe(`${name}: remove`, () => {
    contract('removes a lease once', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      const record = await create(one);
      assert.equal(await two.remove(record), 'removed');
      assert.equal(await one.remove(record), 'gone');
      assert.deepEqual((await one.list()).records, []);
    });

    contract('leaves what somebody else wrote since', async (bed) => {
      const store = await bed.open();
      const first = await create(store);
      await store.replace(first, otherValue, 600);
      assert.equal(await store.remove(first), 'gone');
      assert.equal((await listed(store))?.value, otherValue);
      const again = await listed(store);
      assert.ok(again !== undefined);
      await store.remove(again);
      const recreated = await create(store);
      assert.equal(await store.remove(again), 'gone');
      assert.equal((await listed(store))?.revision, recreated.revision);
    });
  });

  describe(`${name}: a lease whose time is over`, () => {
    needing('expiry')('is neither listed, nor replaced, nor removed, and its key is free', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      const old = await create(one, key, 3);
      await create(one, otherKey, 600);
      await bed.letPass(6);
      assert.deepEqual(
        (await two.list()).records.map((record) => record.key),
        [otherKey],
      );
      assert.equal(await one.replace(old, value, 600), 'gone');
      assert.equal(await one.remove(old), 'gone');
      const record = await two.create(key, otherValue, 600);
      assert.ok(record !== 'taken');
      assert.equal((await listed(one))?.value, otherValue);
      assert.equal(await one.replace(old, value, 600), 'gone');
    });

    needing('expiry')('is reported as deleted when its time is over, without any action', async (bed) => {
      const store = await bed.open();
      await create(store, key, 3);
      await create(store, otherKey, 600);
      await using watch = await probe(store);
      const late = await bed.open();
      await create(late, '10.50.9.0-24', 3);
      await watch.until(() => watch.state.has('10.50.9.0-24'));
      await bed.letPass(6);
      await watch.until(() => watch.keys.includes(`-${key}`) && watch.keys.includes('-10.50.9.0-24'));
      assert.ok(!watch.keys.includes(`-${otherKey}`));
    });

    needing('expiry')('is not reported as deleted if it was renewed in time', async (bed) => {
      const store = await bed.open();
      const first = await create(store, key, 3);
      await using watch = await probe(store);
      const second = await store.replace(first, value, 600);
      assert.ok(second !== 'gone');
      await watch.until(() => watch.state.has(key));
      await bed.letPass(6);
      await create(store, otherKey);
      await watch.until(() => watch.state.has(otherKey));
      assert.ok(!watch.keys.includes(`-${key}`));
    });
  });

  describe(`${name}: watch`, () => {
    contract('tells what other stores write and remove, oldest first', async (bed) => {
      const [watching, writing] = [await bed.open(), await bed.open()];
      await using watch = await probe(watching);
      const first = await create(writing);
      await watch.until(() => watch.changes.length >= 1);
      const second = await writing.replace(first, otherValue, 600);
      assert.ok(second !== 'gone');
      await watch.until(() => watch.state.get(key) === otherValue);
      await writing.remove(second);
      await watch.until(() => watch.keys.includes(`-${key}`));
      await create(writing, otherKey);
      await watch.until(() => watch.state.has(otherKey));
      assert.equal(watch.keys[0], `+${key}`);
      assert.deepEqual(watch.keys.slice(-2), [`-${key}`, `+${otherKey}`]);
      const put = watch.changes[0];
      assert.ok(put?.kind === 'put');
      assert.deepEqual(
        { ...put.record, expiresAt: undefined },
        { key, value, revision: first.revision, expiresAt: undefined },
      );
    });

    needing('rewrite')('tells a renewal with the same value', async (bed) => {
      const store = await bed.open();
      const first = await create(store);
      await using watch = await probe(store);
      const second = await store.replace(first, value, 900);
      assert.ok(second !== 'gone');
      await watch.until(() => watch.keys.includes(`+${key}`));
      const put = watch.changes.at(-1);
      assert.ok(put?.kind === 'put');
      assert.equal(put.record.revision, second.revision);
    });

    contract('loses nothing of what happened between the listing and the watch', async (bed) => {
      const [watching, writing] = [await bed.open(), await bed.open()];
      const [removed, changed] = [await create(writing), await create(writing, otherKey)];
      const { cursor } = await watching.list();
      await writing.remove(removed);
      await writing.replace(changed, otherValue, 600);
      await create(writing, '10.50.9.0-24');
      await using watch = new WatchProbe(watching, cursor);
      await watch.until(() => watch.changes.length >= 3);
      assert.ok(watch.keys.includes(`-${key}`));
      assert.equal(watch.state.get('10.50.9.0-24'), value);
      assert.equal(watch.state.get(otherKey), otherValue);
    });

    contract('tells nothing of what the listing told', async (bed) => {
      const store = await bed.open();
      await create(store);
      await using watch = await probe(store);
      await create(store, otherKey);
      await watch.until(() => watch.changes.length > 0);
      assert.deepEqual(watch.keys, [`+${otherKey}`]);
    });

    contract('may be begun twice from one cursor', async (bed) => {
      const store = await bed.open();
      const { cursor } = await store.list();
      await create(store);
      for (let round = 0; round < 2; round += 1) {
        await using watch = new WatchProbe(store, cursor);
        await watch.until(() => watch.state.has(key));
      }
    });

    contract('ends right after many changes at once by several stores', async (bed) => {
      const [watching, ...writing] = await Promise.all(Array.from({ length: 4 }, () => bed.open()));
      assert.ok(watching !== undefined);
      await using watch = await probe(watching);
      const work = writing.map(async (store, writer) => {
        for (let index = 0; index < 20; index += 1) {
          const at = `10.6${writer}.${index}.0-24`;
          const record = await create(store, at);
          if (index % 3 === 0) await store.remove(record);
          if (index % 3 === 1) await store.replace(record, otherValue, 600);
        }
      });
      await Promise.all(work);
      const { records } = await watching.list();
      const expected = new Map(records.map((record) => [record.key, record.value]));
      assert.equal(expected.size, 39);
      await watch.until(() => {
        const { state } = watch;
        return state.size === expected.size && [...expected].every(([at, value]) => state.get(at) === value);
      });
    });

    contract('ends when its signal is aborted, before or while it waits', async (bed) => {
      const store = await bed.open();
      const { cursor } = await store.list();
      const before = new WatchProbe(store, cursor);
      before.abort();
      assert.equal(await before.ended, undefined);
      await using watch = new WatchProbe(store, cursor);
      await create(store);
      await watch.until(() => watch.state.has(key));
      watch.abort();
      assert.equal(await watch.ended, undefined);
    });

    contract('ends when its reader leaves', async (bed) => {
      const store = await bed.open();
      const { cursor } = await store.list();
      await create(store);
      for await (const changes of store.watch(cursor, new AbortController().signal)) {
        assert.equal(changes.length, 1);
        break;
      }
      await create(store, otherKey);
    });

    contract('refuses a cursor that it does not know', async (bed) => {
      const watch = new WatchProbe(await bed.open(), 'nobody’s' as Cursor);
      assert.ok((await watch.ended) instanceof CursorLostError);
    });
  });

  describe(`${name}: close`, () => {
    contract('ends watches, and leaves other stores alone', async (bed) => {
      const [one, two] = [await bed.open(), await bed.open()];
      const watch = await probe(one);
      await create(two);
      await watch.until(() => watch.state.has(key));
      await one.close();
      assert.equal(await watch.ended, undefined);
      await assert.rejects(one.list(), StoreError);
      await assert.rejects(one.create(otherKey, value, 600), StoreError);
      assert.equal((await listed(two))?.value, value);
    });

    contract('describes itself in a word or two', async (bed) => {
      assert.match((await bed.open()).description, /\w/);
    });
  });
}
