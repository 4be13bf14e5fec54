import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, mock, test } from 'node:test';

import { Failure } from '../../src/diagnostic/failure.ts';
import type { LeaseAttributes } from '../../src/lease/lease.ts';
import { encodeAttributes, parseLeaseKey } from '../../src/lease/wire.ts';
import { parseAddress, parseCidr } from '../../src/network/cidr.ts';
import type { NetworkConfiguration } from '../../src/network/configuration.ts';
import { acquireLease, requireSubnet, type AcquireRequest } from '../../src/store/acquire-lease.ts';
import { openFilesStore } from '../../src/store/files/store.ts';
import type { KnownContent } from '../../src/store/content-slot.ts';
import { surveyOf } from '../../src/store/survey.ts';
import type { LeaseStore, Listing } from '../../src/store/store.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

function configure(subnetMax: string): NetworkConfiguration {
  const network = parseCidr('10.50.0.0/16');
  const [min, max] = [parseAddress('10.50.1.0'), parseAddress(subnetMax)];
  assert.ok(network && min && max);
  return {
    ipv4: { network, subnetLength: 24, subnetMin: min, subnetMax: max },
    ipv6: undefined,
    enableNftables: false,
  };
}

function attributesOf(publicIp: string): LeaseAttributes {
  return {
    publicIp,
    publicIpv6: undefined,
    backendType: 'extension',
    backendData: 'data',
    backendV6Data: undefined,
  };
}

function request(publicIp: string, changes: Partial<AcquireRequest> = {}): AcquireRequest {
  return {
    configuration: configure('10.50.255.0'),
    attributes: attributesOf(publicIp),
    ttlSeconds: 600,
    hint: undefined,
    ...changes,
  };
}

function withStore(
  title: string,
  body: (open: () => Promise<LeaseStore>, subnets: string) => Promise<void>,
): void {
  test(title, { timeout: 60_000 }, async (t) => {
    const directory = temporaryDirectory(t);
    const stores: LeaseStore[] = [];
    const open = async (): Promise<LeaseStore> => {
      const store = await openFilesStore(directory);
      stores.push(store);
      return store;
    };
    try {
      await body(open, join(directory, 'subnets'));
    } finally {
      await Promise.all(stores.map((store) => store.close()));
    }
  });
}

/** Makes reservations of other nodes, and lists the store. */
async function fill(store: LeaseStore, keys: readonly string[]): Promise<Listing> {
  for (const key of keys) await store.create(key, '{"PublicIP":"172.30.0.9"}', undefined);
  return store.list();
}

/** What a node that asks has seen of a list. */
function seen(listing: Listing, { attributes, ...asking }: AcquireRequest): KnownContent {
  const { publicIp, publicIpv6 } = attributes;
  const applicant = { earlier: undefined, ...asking, publicIp, publicIpv6 };
  return { kind: 'survey', survey: surveyOf(applicant, listing) };
}

describe('acquiring a lease', () => {
  withStore('creates one, and reuses it the next time with what is new', async (open) => {
    const store = await open();
    const first = await acquireLease(store, request('172.30.0.1'));
    assert.equal(first.how, 'created');
    assert.deepEqual(first.lease.attributes, attributesOf('172.30.0.1'));
    assert.equal(first.record.value, encodeAttributes(attributesOf('172.30.0.1')));
    const changed = { ...attributesOf('172.30.0.1'), backendData: 'new' };
    const second = await acquireLease(store, request('172.30.0.1', { attributes: changed }));
    assert.equal(second.how, 'reused');
    assert.equal(second.lease.key, first.lease.key);
    assert.equal(second.lease.attributes.backendData, 'new');
    assert.equal((await store.list()).records.length, 1);
  });

  withStore('reuses a reservation, which stays one', async (open) => {
    const store = await open();
    await store.create('10.50.9.0-24', '{"PublicIP":"172.30.0.1"}', undefined);
    const { how, lease, record } = await acquireLease(store, request('172.30.0.1'));
    assert.deepEqual([how, lease.key, record.expiresAt], ['reused', '10.50.9.0-24', undefined]);
  });

  withStore('takes the subnet of the last run while it is free', async (open) => {
    const store = await open();
    const hint = parseLeaseKey('10.50.9.0-24');
    assert.equal((await acquireLease(store, request('172.30.0.1', { hint }))).lease.key, '10.50.9.0-24');
    assert.notEqual((await acquireLease(store, request('172.30.0.2', { hint }))).lease.key, '10.50.9.0-24');
  });

  withStore('drops a lease of its own that does not fit any more', async (open) => {
    const store = await open();
    await store.create('10.50.0.0-22', encodeAttributes(attributesOf('172.30.0.1')), 600);
    const acquired = await acquireLease(
      store,
      request('172.30.0.1', { configuration: configure('10.50.3.0') }),
    );
    assert.equal(acquired.how, 'created');
    assert.deepEqual(
      (await store.list()).records.map(({ key }) => key),
      [acquired.lease.key],
    );
  });

  withStore('keeps clear of what it cannot read', async (open, subnets) => {
    const store = await open();
    await writeFile(join(subnets, '10.50.1.0-24'), '{"torn');
    await writeFile(join(subnets, '10.50.2.0-24'), '{"PublicIP":"nonsense"}');
    const hint = parseLeaseKey('10.50.1.0-24');
    const limited = request('172.30.0.1', { configuration: configure('10.50.3.0'), hint });
    assert.equal((await acquireLease(store, limited)).lease.key, '10.50.3.0-24');
    await assert.rejects(
      acquireLease(store, { ...limited, attributes: attributesOf('172.30.0.2') }),
      (error) => {
        assert.ok(error instanceof Failure && error.kind === 'pool-exhausted');
        assert.match(error.message, /\(1 leased, 0 reserved, 2 unreadable\)$/);
        return true;
      },
    );
  });

  withStore('says with the numbers that no subnet is left', async (open) => {
    const store = await open();
    const configuration = configure('10.50.2.0');
    await store.create('10.50.1.0-24', '{"PublicIP":"172.30.0.9"}', undefined);
    await acquireLease(store, request('172.30.0.1', { configuration }));
    await assert.rejects(acquireLease(store, request('172.30.0.2', { configuration })), (error) => {
      assert.ok(error instanceof Failure && error.kind === 'pool-exhausted');
      assert.match(
        error.message,
        /^no free subnet is left in the files in .*: all 2 of length \/24 from 10\.50\.1\.0 to 10\.50\.2\.0 of 10\.50\.0\.0\/16 are in use \(1 leased, 1 reserved\)$/,
      );
      assert.match(error.hint ?? '', /widen the range/);
      return true;
    });
  });

  withStore('begins with a listing of before, and lists again where that is out of date', async (open) => {
    const store = await open();
    const configuration = configure('10.50.2.0');
    const [empty, full] = [await store.list(), await fill(store, ['10.50.1.0-24', '10.50.2.0-24'])];
    const reserved = full.records.find(({ key }) => key === '10.50.2.0-24');
    assert.ok(reserved !== undefined);
    await store.remove(reserved);
    // The subnet that looks free is taken, and then the one that looks taken is free.
    const hint = parseLeaseKey('10.50.1.0-24');
    const first = request('172.30.0.1', { configuration, hint });
    const afterFirst = await acquireLease(store, { ...first, known: seen(empty, first) });
    assert.equal(afterFirst.lease.key, '10.50.2.0-24');
    const [mine] = (await store.list()).records.filter(({ key }) => key === '10.50.2.0-24');
    assert.ok(mine !== undefined);
    await store.remove(mine);
    const second = request('172.30.0.2', { configuration });
    const afterSecond = await acquireLease(store, { ...second, known: seen(full, second) });
    assert.equal(afterSecond.lease.key, '10.50.2.0-24');
  });

  withStore('does without another list, unless its address is another one than before', async (open) => {
    for (const [asking, address, lists] of [
      ['172.30.0.1', '172.30.0.1', 1],
      ['172.30.0.3', '172.30.0.4', 2],
    ] as const) {
      const store = await open();
      const list = mock.method(store, 'listPages');
      const { attributes, configuration, hint } = request(asking);
      const { publicIp, publicIpv6 } = attributes;
      const applicant = { configuration, hint, earlier: undefined, publicIp, publicIpv6 };
      const known = await requireSubnet(store, applicant);
      assert.equal(known.kind, 'survey');
      const { how } = await acquireLease(store, request(address, { known }));
      assert.equal(how, 'created');
      assert.equal(list.mock.callCount(), lists);
    }
  });

  withStore('takes away its lease that does not fit, as an earlier list showed it', async (open) => {
    const store = await open();
    await store.create('10.50.0.0-22', encodeAttributes(attributesOf('172.30.0.1')), 600);
    const own = request('172.30.0.1');
    const known = seen(await store.list(), own);
    const list = mock.method(store, 'listPages');
    const { record, dropped } = await acquireLease(store, { ...own, known });
    assert.deepEqual(
      dropped.map(({ key }) => key),
      ['10.50.0.0-22'],
    );
    assert.equal(list.mock.callCount(), 0);
    assert.deepEqual(
      (await store.list()).records.map(({ key }) => key),
      [record.key],
    );
  });

  withStore('ends when its signal is aborted', async (open) => {
    const signal = AbortSignal.abort(new Error('stopped'));
    await assert.rejects(acquireLease(await open(), request('172.30.0.1', { signal })), /stopped/);
  });

  withStore('gives a crowd different subnets, to the last one there is', async (open) => {
    const configuration = configure('10.50.20.0');
    const stores = await Promise.all([open(), open(), open(), open()]);
    const crowd = Array.from({ length: 20 }, (_, index) => {
      const store = stores[index % stores.length];
      assert.ok(store !== undefined);
      return acquireLease(store, request(`172.30.0.${index}`, { configuration }));
    });
    const keys = new Set((await Promise.all(crowd)).map(({ lease }) => lease.key));
    assert.equal(keys.size, 20);
  });
});
