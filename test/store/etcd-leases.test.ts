import assert from 'node:assert/strict';
import type { LeaseRecord, LeaseStore } from '../../src/store/store.ts';
import type { EtcdBed } from './etcd/bed.ts';
import { shareServer, testWithBed } from './etcd/shared-server.ts';

const server = shareServer();

/** A test that begins without any etcd lease. */
function testLeases(name: string, work: (bed: EtcdBed) => Promise<void>): void {
  testWithBed(server, name, async (bed) => {
    for (const ID of await listLeases(bed)) await bed.raw.leaseClient.leaseRevoke({ ID });
    await work(bed);
  });
}

const key = '10.50.4.0-24';
const ttl = 600;

const valueOf = (n: number): string => JSON.stringify({ PublicIP: '172.30.0.4', BackendData: n });

/** The etcd leases that there are: no other test uses this server. */
async function listLeases(bed: EtcdBed): Promise<readonly string[]> {
  return (await bed.raw.leaseClient.leaseLeases()).leases.map(({ ID }) => ID);
}

async function countLeases(bed: EtcdBed): Promise<number> {
  return (await listLeases(bed)).length;
}

async function create(store: LeaseStore): Promise<LeaseRecord> {
  const record = await store.create(key, valueOf(0), ttl);
  assert.ok(record !== 'taken');
  return record;
}

async function replace(store: LeaseStore, record: LeaseRecord, n: number): Promise<LeaseRecord> {
  const next = await store.replace(record, valueOf(n), ttl);
  assert.ok(next !== 'gone');
  return next;
}

const pathOf = (bed: EtcdBed): string => `${bed.prefix}/subnets/${key}`;

testLeases('a lease that is renewed twenty times has one etcd lease', async (bed) => {
  const store = await bed.open();
  let record = await create(store);
  for (let n = 1; n <= 20; n += 1) record = await replace(store, record, n);
  assert.equal(await countLeases(bed), 1);
  assert.equal(await store.remove(record), 'removed');
  assert.equal(await countLeases(bed), 0);
});

testLeases('a lease that is taken again after each of ten restarts has one etcd lease', async (bed) => {
  await create(await bed.open());
  for (let n = 1; n <= 10; n += 1) {
    const store = await bed.open();
    const [record] = (await store.list()).records;
    assert.ok(record);
    await replace(store, record, n);
    await store.close();
  }
  assert.equal(await countLeases(bed), 1);
  assert.equal(await (await bed.open()).discard(key), 'removed');
  assert.equal(await countLeases(bed), 0);
});

testLeases('a key that is lost sixty times leaves one etcd lease', async (bed) => {
  const store = await bed.open();
  await create(store);
  for (let n = 0; n < 60; n += 1) {
    await bed.raw.delete().key(pathOf(bed)).exec();
    await create(store);
  }
  assert.equal(await countLeases(bed), 1);
});

testLeases('a lease that becomes a reservation gives its etcd lease back', async (bed) => {
  const store = await bed.open();
  const record = await create(store);
  assert.notEqual(await store.replace(record, valueOf(1), undefined), 'gone');
  assert.equal(await countLeases(bed), 0);
});

testLeases('an etcd lease on which another key hangs is kept, and with it that key', async (bed) => {
  const store = await bed.open();
  let record = await create(store);
  const [shared = ''] = await listLeases(bed);
  const other = `${bed.prefix}/other`;
  await bed.raw.kv.put({ key: Buffer.from(other), value: Buffer.from('mine'), lease: shared });
  record = await replace(store, record, 1);
  assert.equal(await bed.raw.get(other), 'mine');
  assert.equal(await countLeases(bed), 2);
  await store.remove(record);
  assert.deepEqual(await listLeases(bed), [shared]);
  await bed.raw.leaseClient.leaseRevoke({ ID: shared });
});

testLeases('a lease whose etcd lease has expired is taken again without trouble', async (bed) => {
  const store = await bed.open();
  const record = await create(store);
  for (const ID of await listLeases(bed)) await bed.raw.leaseClient.leaseRevoke({ ID });
  assert.equal(await store.replace(record, valueOf(1), ttl), 'gone');
  await create(store);
  assert.equal(await countLeases(bed), 1);
});

for (const days of [3, -3]) {
  testLeases(`etcd alone ends leases, whatever a clock says that is ${days} days ahead`, async (bed) => {
    const stored = JSON.stringify({ PublicIP: '172.30.0.4', Expiration: '2020-01-01T00:00:00Z' });
    const right = await bed.open();
    assert.notEqual(await right.create(key, stored, ttl), 'taken');
    const { now } = Date;
    Date.now = () => now() + days * 24 * 3600 * 1000;
    try {
      const store = await bed.open();
      const [record] = (await store.list()).records;
      assert.equal(record?.value, stored);
      assert.ok((record.expiresAt ?? 0) > Date.now());
      assert.equal(await store.create(key, valueOf(0), ttl), 'taken');
    } finally {
      Date.now = now;
    }
  });
}
