import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';

import type { IKeyValue } from 'etcd3';

import type { LeaseAttributes } from '../../src/lease/lease.ts';
import { decodeLease, encodeAttributes } from '../../src/lease/wire.ts';
import { openEtcdStore } from '../../src/store/etcd/store.ts';
import { largestLeaseValue, StoreError, type LeaseRecord, type LeaseStore } from '../../src/store/store.ts';
import type { EtcdBed } from './etcd/bed.ts';
import { shareServer, testWithBed } from './etcd/shared-server.ts';
import { WatchProbe } from './watch-probe.ts';

const server = shareServer();
const withBed = (title: string, body: (bed: EtcdBed) => Promise<void>): void => {
  testWithBed(server, title, body);
};

const key = '10.50.4.0-24';
const value = '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"host-gw"}';

/** What flanneld 0.20 to 0.28 writes, byte for byte, and what it says. */
const samples: readonly {
  readonly what: string;
  readonly key: string;
  readonly value: string;
  readonly says: LeaseAttributes;
}[] = [
  {
    what: 'vxlan',
    key: '10.50.52.0-24',
    value:
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"}}',
    says: attributes({ backendType: 'vxlan', backendData: { VNI: 1, VtepMAC: 'b2:4e:a5:f9:b5:a8' } }),
  },
  {
    what: 'host-gw',
    key: '10.50.53.0-24',
    value: '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"host-gw"}',
    says: attributes({ backendType: 'host-gw' }),
  },
  {
    what: 'extension',
    key: '10.50.54.0-24',
    value:
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"extension","BackendData":"26:70:41:4d:fe:1b"}',
    says: attributes({ backendType: 'extension', backendData: '26:70:41:4d:fe:1b' }),
  },
  {
    what: 'alloc',
    key: '10.50.55.0-24',
    value: '{"PublicIP":"172.30.0.1","PublicIPv6":null}',
    says: attributes({}),
  },
  {
    what: 'dual-stack vxlan',
    key: '10.50.4.0-24&2001:cafe:42:c::-64',
    value:
      '{"PublicIP":"172.30.0.1","PublicIPv6":"fd00:99::1","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"},"BackendV6Data":{"VNI":1,"VtepMAC":"c6:b2:59:e4:7c:27"}}',
    says: attributes({
      publicIpv6: 'fd00:99::1',
      backendType: 'vxlan',
      backendData: { VNI: 1, VtepMAC: 'b2:4e:a5:f9:b5:a8' },
      backendV6Data: { VNI: 1, VtepMAC: 'c6:b2:59:e4:7c:27' },
    }),
  },
  {
    what: 'wireguard',
    key: '10.50.56.0-24',
    value:
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"h4cVyMJ4fCuZyrSJZ4cWmTtRk2Lh7w3vnBAEtH2Y5no=","Port":51820}}',
    says: attributes({
      backendType: 'wireguard',
      backendData: { PublicKey: 'h4cVyMJ4fCuZyrSJZ4cWmTtRk2Lh7w3vnBAEtH2Y5no=', Port: 51_820 },
    }),
  },
  {
    what: 'wireguard before v0.25',
    key: '10.50.57.0-24',
    value:
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"h4cVyMJ4fCuZyrSJZ4cWmTtRk2Lh7w3vnBAEtH2Y5no="}}',
    says: attributes({
      backendType: 'wireguard',
      backendData: { PublicKey: 'h4cVyMJ4fCuZyrSJZ4cWmTtRk2Lh7w3vnBAEtH2Y5no=' },
    }),
  },
];

function attributes(changes: Partial<LeaseAttributes>): LeaseAttributes {
  return {
    publicIp: '172.30.0.1',
    publicIpv6: undefined,
    backendType: '',
    backendData: undefined,
    backendV6Data: undefined,
    ...changes,
  };
}

async function rawKey(bed: EtcdBed, path: string): Promise<IKeyValue | undefined> {
  return (await bed.raw.get(path).exec()).kvs[0];
}

async function create(store: LeaseStore, at = key, ttlSeconds = 600): Promise<LeaseRecord> {
  const record = await store.create(at, value, ttlSeconds);
  assert.ok(record !== 'taken');
  return record;
}

describe('flannel’s schema in etcd', () => {
  for (const sample of samples) {
    withBed(`${sample.what}: what flannel wrote is read, and written again to the byte`, async (bed) => {
      const store = await bed.open();
      const etcdLease = bed.raw.lease(86_400, { autoKeepAlive: false });
      await etcdLease.put(`${bed.prefix}/subnets/${sample.key}`).value(sample.value);
      const [record] = (await store.list()).records;
      assert.ok(record !== undefined);
      assert.deepEqual([record.key, record.value], [sample.key, sample.value]);
      const decoded = decodeLease(record);
      assert.ok(decoded.kind === 'lease');
      assert.deepEqual(decoded.lease.attributes, sample.says);

      assert.equal(await store.remove(record), 'removed');
      await store.create(sample.key, encodeAttributes(sample.says), 86_400);
      const { kvs } = await bed.raw.getAll().prefix(bed.prefix).exec();
      assert.deepEqual(
        kvs.map((kv) => [kv.key.toString(), kv.value.toString(), kv.version]),
        [[`${bed.prefix}/subnets/${sample.key}`, sample.value, '1']],
      );
    });
  }

  withBed('a lease hangs on an etcd lease of its own with the time to live', async (bed) => {
    const store = await bed.open();
    await create(store, key, 86_400);
    await create(store, '10.50.5.0-24', 86_400);
    const [one, two] = [
      await rawKey(bed, `${bed.prefix}/subnets/${key}`),
      await rawKey(bed, `${bed.prefix}/subnets/10.50.5.0-24`),
    ];
    assert.ok(one && two && one.lease !== two.lease);
    const { grantedTTL, keys } = await bed.raw.leaseClient.leaseTimeToLive({ ID: one.lease, keys: true });
    assert.equal(grantedTTL, '86400');
    assert.deepEqual(keys.map(String), [`${bed.prefix}/subnets/${key}`]);
  });

  withBed(
    'a renewal is the same key and value on a new etcd lease, and the old one is given back',
    async (bed) => {
      const store = await bed.open();
      const first = await create(store);
      const before = await rawKey(bed, `${bed.prefix}/subnets/${key}`);
      await using watch = new WatchProbe(store, (await store.list()).cursor);
      const second = await store.replace(first, value, 900);
      assert.ok(second !== 'gone' && second.expiresAt !== undefined && first.expiresAt !== undefined);
      assert.ok(second.expiresAt >= first.expiresAt + 299_000);
      const after = await rawKey(bed, `${bed.prefix}/subnets/${key}`);
      assert.ok(before && after && before.lease !== after.lease);
      assert.equal(after.mod_revision, second.revision);
      const { TTL: left } = await bed.raw.leaseClient.leaseTimeToLive({ ID: before.lease });
      assert.equal(left, '-1');
      await create(store, '10.50.5.0-24');
      await watch.until(() => watch.state.has('10.50.5.0-24'));
      assert.deepEqual(watch.keys, [`+${key}`, '+10.50.5.0-24']);
    },
  );

  withBed('a lost race leaves no etcd lease behind', async (bed) => {
    const store = await bed.open();
    const record = await create(store);
    const leases = async (): Promise<number> => (await bed.raw.leaseClient.leaseLeases()).leases.length;
    const count = await leases();
    assert.equal(await store.create(key, value, 600), 'taken');
    assert.equal(await store.replace({ ...record, revision: '1' }, value, 600), 'gone');
    assert.equal(await leases(), count);
  });

  withBed('a reservation of flannel’s is listed as one, and never gets a time to live', async (bed) => {
    const store = await bed.open();
    const path = `${bed.prefix}/subnets/${key}`;
    await bed.raw.put(path).value('{"PublicIP":"172.30.0.1"}');
    const [reserved] = (await store.list()).records;
    assert.ok(reserved !== undefined && reserved.expiresAt === undefined);
    await using watch = new WatchProbe(store, (await store.list()).cursor);
    const written = await store.replace(reserved, value, 600);
    assert.ok(written !== 'gone' && written.expiresAt === undefined);
    const kv = await rawKey(bed, path);
    assert.deepEqual([kv?.lease, kv?.value.toString()], ['0', value]);
    await watch.until(() => watch.changes.length > 0);
    const [change] = watch.changes;
    assert.ok(change?.kind === 'put' && change.record.expiresAt === undefined);
    assert.equal(await store.remove(written), 'removed');
  });

  withBed('the network configuration stands at config, exactly as it was given', async (bed) => {
    const text = '{\n\t"Network": "10.50.0.0/16" }\n';
    await bed.raw.put(`${bed.prefix}/config`).value(text);
    const network = await (await bed.open()).readNetwork();
    assert.deepEqual(network, { name: `etcd:${bed.prefix}/config`, text });
  });

  withBed('a prefix is joined as Go joins paths, and keeps to itself', async (bed) => {
    await bed.raw.put(`${bed.prefix}/subnets-of-others/10.50.1.0-24`).value(value);
    await bed.raw.put(`${bed.prefix}/subnets`).value(value);
    await bed.raw.put(`${bed.prefix}2/subnets/10.50.2.0-24`).value(value);
    const store = await bed.open({ prefix: `${bed.prefix}//./` });
    await create(store);
    assert.deepEqual(
      (await store.list()).records.map((record) => record.key),
      [key],
    );
    assert.ok((await rawKey(bed, `${bed.prefix}/subnets/${key}`)) !== undefined);
    await bed.raw.delete().prefix(`${bed.prefix}2`);
  });

  withBed('what is no text is a fault, and nobody’s to take', async (bed) => {
    const store = await bed.open();
    const path = `${bed.prefix}/subnets/${key}`;
    const { cursor } = await store.list();
    await bed.raw.put(path).value(Buffer.of(0xff, 0xfe));
    const fault = { where: path, reason: 'has a value that is not UTF-8', key };
    const { records, faults } = await store.list();
    assert.deepEqual([records, faults], [[], [fault]]);
    await using watch = new WatchProbe(store, cursor);
    await watch.until(() => watch.changes.length > 0);
    assert.deepEqual(watch.changes, [{ kind: 'fault', fault }]);
    assert.equal(await store.create(key, value, 600), 'taken');
  });

  withBed('a value that is too large is a fault, and nobody writes one', async (bed) => {
    const store = await bed.open();
    const path = `${bed.prefix}/subnets/${key}`;
    const { cursor } = await store.list();
    const large = (bytes: number): string => JSON.stringify({ a: 'x'.repeat(bytes - 8) });
    await bed.raw.put(path).value(large(largestLeaseValue + 1));
    const fault = { where: path, reason: 'has a value that is larger than 65536 bytes', key };
    const { records, faults } = await store.list();
    assert.deepEqual([records, faults], [[], [fault]]);
    await using watch = new WatchProbe(store, cursor);
    await watch.until(() => watch.changes.length > 0);
    assert.deepEqual(watch.changes, [{ kind: 'fault', fault }]);
    await bed.raw.put(path).value(large(1_000_000));
    assert.deepEqual((await store.list()).faults, [fault]);
    await bed.raw.put(path).value(large(largestLeaseValue));
    const [record] = (await store.list()).records;
    assert.equal(record?.value.length, largestLeaseValue);
    await assert.rejects(store.replace(record, large(70_000), 600), /larger than 65536 bytes/);
    await assert.rejects(store.create('10.50.9.0-24', large(70_000), 600), /larger than 65536 bytes/);
  });
});

describe('time in an etcd store', () => {
  withBed('a lease expires by itself, and is reported as deleted', async (bed) => {
    const store = await bed.open();
    const record = await create(store, key, 2);
    await using watch = new WatchProbe(store, (await store.list()).cursor);
    await watch.until(() => watch.keys.includes(`-${key}`));
    assert.equal(await store.replace(record, value, 600), 'gone');
    await create(store);
  });

  withBed('a listing says when leases expire only to those who ask', async (bed) => {
    const store = await bed.open();
    for (let index = 0; index < 40; index += 1) await create(store, `10.50.${index}.0-24`, 1000 + index);
    await store.create('10.51.0.0-24', value, undefined);
    const quick = (await store.list()).records;
    assert.deepEqual(new Set(quick.map(({ expiresAt }) => expiresAt)), new Set([Infinity, undefined]));

    const before = Date.now();
    const { records } = await store.list({ expiries: true });
    assert.equal(records.length, 41);
    for (const { key: at, expiresAt } of records) {
      const index = /^10\.50\.(\d+)\.0-24$/.exec(at)?.[1];
      if (index === undefined) assert.equal(expiresAt, undefined);
      else {
        assert.ok(expiresAt !== undefined && expiresAt <= Date.now() + 1000 * (1000 + Number(index)));
        assert.ok(expiresAt >= before + 900_000);
      }
    }
  });
});

describe('many leases in etcd', () => {
  withBed('are listed in pages as of one moment, and told of once each as they appear', async (bed) => {
    const store = await bed.open({ pageSize: 700 });
    const keys = Array.from({ length: 5000 }, (_, index) => `10.${50 + (index >> 8)}.${index & 255}.0-24`);
    await using watch = new WatchProbe(store, (await store.list()).cursor);
    await writeAtOnce(bed, keys);
    await watch.until(() => watch.changes.length >= keys.length);
    assert.deepEqual(watch.keys.sort(), keys.map((at) => `+${at}`).sort());
    const { records, faults, cursor } = await store.list();
    assert.deepEqual(faults, []);
    assert.deepEqual(records.map((record) => record.key).sort(), [...keys].sort());
    await using later = new WatchProbe(store, cursor);
    await create(store, '10.99.0.0-24');
    await later.until(() => later.changes.length > 0);
    assert.deepEqual(later.keys, ['+10.99.0.0-24']);
  });

  withBed('come page by page as of one moment, whatever changes between two pages', async (bed) => {
    const keys = Array.from({ length: 300 }, (_, index) => `10.${50 + (index >> 8)}.${index & 255}.0-24`);
    await writeAtOnce(bed, keys);
    const store = await bed.open({ pageSize: 70 });
    const seen: string[] = [];
    const pages: number[] = [];
    for await (const part of store.listPages()) {
      if (part.kind === 'page') {
        pages.push(part.records.length);
        seen.push(...part.records.map((record) => record.key));
        await create(store, `10.99.${pages.length}.0-24`);
      } else if (part.kind === 'end') {
        await using watch = new WatchProbe(store, part.cursor);
        await watch.until(() => watch.changes.length >= pages.length);
        assert.deepEqual(
          watch.keys,
          pages.map((_, index) => `+10.99.${index + 1}.0-24`),
        );
      }
    }
    assert.deepEqual(pages, [70, 70, 70, 70, 20]);
    assert.deepEqual(seen.sort(), [...keys].sort());
  });

  withBed('are listed anew when compaction overtakes the listing', async (bed) => {
    const keys = Array.from({ length: 300 }, (_, index) => `10.50.${index}.0-24`);
    await writeAtOnce(bed, keys);
    const store = await bed.open({ pageSize: 10 });
    const listed = new AbortController();
    const compacting = compactUntil(listed.signal, bed);
    const outcome = await store.list().catch((error: unknown) => error);
    listed.abort();
    await compacting;
    // Nothing else will do against one who compacts without pause; but it must not be half a listing.
    if (outcome instanceof Error) {
      assert.ok(outcome instanceof StoreError && outcome.retryable);
      assert.match(outcome.message, /compacts revisions faster than heddle can read them/);
    } else {
      assert.equal((outcome as { records: unknown[] }).records.length, 300);
    }
    assert.equal((await store.list()).records.length, 300);
  });

  withBed('in pages begin again if compaction overtakes them between two pages', async (bed) => {
    const keys = Array.from({ length: 30 }, (_, index) => `10.50.${index}.0-24`);
    await writeAtOnce(bed, keys);
    const store = await bed.open({ pageSize: 10 });
    const seen: string[] = [];
    let listed: string[] = [];
    for await (const part of store.listPages()) {
      seen.push(part.kind);
      if (part.kind === 'begin') listed = [];
      if (part.kind !== 'page') continue;
      listed.push(...part.records.map((record) => record.key));
      if (seen.length > 2) continue;
      await create(store, '10.99.0.0-24');
      const { header } = await bed.raw.put(`${bed.prefix}/other`).value('');
      await bed.raw.kv.compact({ revision: header.revision, physical: true });
    }
    // The second page was on its way when the first one came.
    assert.deepEqual(seen, [
      ...['begin', 'page', 'page'],
      ...['begin', 'page', 'page', 'page', 'page', 'end'],
    ]);
    assert.deepEqual(listed.sort(), [...keys, '10.99.0.0-24'].sort());
  });
});

/** Without a pause. */
async function compactUntil(signal: AbortSignal, bed: EtcdBed): Promise<void> {
  while (!signal.aborted) {
    const { header } = await bed.raw.put(`${bed.prefix}/other`).value('');
    await bed.raw.kv.compact({ revision: header.revision });
  }
}

async function writeAtOnce(bed: EtcdBed, keys: readonly string[]): Promise<void> {
  const chunks = Array.from({ length: Math.ceil(keys.length / 100) }, (_, index) =>
    keys.slice(index * 100, index * 100 + 100),
  );
  await Promise.all(
    chunks.map((chunk) =>
      bed.raw.kv.txn({
        success: chunk.map((at) => ({
          request_put: { key: Buffer.from(`${bed.prefix}/subnets/${at}`), value: Buffer.from(value) },
        })),
      }),
    ),
  );
}

test('an etcd store that was closed does not keep its process', { timeout: 60_000 }, async () => {
  const store = new URL('../../src/store/etcd/store.ts', import.meta.url).href;
  const options = JSON.stringify({ endpoints: [server().endpoint], prefix: '/heddle.test/exit' });
  const script = `
    import { openEtcdStore } from ${JSON.stringify(store)};
    const store = await openEtcdStore(${options});
    const { cursor } = await store.list();
    const watch = store.watch(cursor, new AbortController().signal)[Symbol.asyncIterator]().next();
    await store.create('10.50.4.0-24', '{}', 600);
    await watch;
    await store.close();
    process.stdout.write('closed');`;
  const child = await promisify(execFile)(process.execPath, [
    ...['--import', 'tsx', '--input-type=module', '--eval', script],
  ]);
  assert.deepEqual(child, { stdout: 'closed', stderr: '' });
});

test('an etcd store does not say more of itself than it should', async () => {
  const store = await openEtcdStore({
    endpoints: ['http://10.0.0.1:2379', '10.0.0.2:2379/'],
    user: { name: 'heddle', password: 'geheim' },
  });
  assert.equal(
    store.description,
    'etcd at http://10.0.0.1:2379, http://10.0.0.2:2379 under /coreos.com/network',
  );
  await store.close();
});
