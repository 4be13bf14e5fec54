import assert from 'node:assert/strict';

import type { NetworkConfiguration } from '../../src/network/configuration.ts';
import { encodeAttributes, parseLeaseKey } from '../../src/lease/wire.ts';
import { Failure } from '../../src/diagnostic/failure.ts';
import { acquireLease, type AcquireRequest } from '../../src/store/acquire-lease.ts';
import { cidr } from '../lease/fixtures.ts';
import { shareServer, testWithBed } from './etcd/shared-server.ts';
import { assertIgnoredOccupy } from './ignored-ranges.ts';

const server = shareServer();

/** Fifty subnets. */
const configuration: NetworkConfiguration = {
  ipv4: {
    network: cidr('10.50.0.0/16'),
    subnetLength: 24,
    subnetMin: cidr('10.50.1.0/24'),
    subnetMax: cidr('10.50.50.0/24'),
  },
  ipv6: undefined,
  enableNftables: false,
};

function request(publicIp: string, hint?: string): AcquireRequest {
  return {
    configuration,
    attributes: {
      publicIp,
      publicIpv6: undefined,
      backendType: 'extension',
      backendData: 'data',
      backendV6Data: undefined,
    },
    ttlSeconds: 86_400,
    hint: hint === undefined ? undefined : parseLeaseKey(hint),
  };
}

testWithBed(
  server,
  'fifty nodes at once get fifty different subnets from etcd, and then none is left',
  async (bed) => {
    const stores = await Promise.all(Array.from({ length: 50 }, () => bed.open()));
    const crowd = stores.map((store, index) => acquireLease(store, request(`172.30.0.${index}`)));
    const keys = new Set((await Promise.all(crowd)).map(({ lease }) => lease.key));
    assert.equal(keys.size, 50);
    const store = await bed.open();
    assert.deepEqual(new Set((await store.list()).records.map(({ key }) => key)), keys);
    // Whoever lost a race for a subnet left nothing of it.
    const { leases } = await bed.raw.leaseClient.leaseLeases();
    assert.equal(leases.length, 50);
    await assert.rejects(acquireLease(store, request('172.30.0.99')), (error) => {
      assert.ok(error instanceof Failure && error.kind === 'pool-exhausted');
      assert.match(error.message, /left in the etcd at http:.*: all 50 of .* \(50 leased, 0 reserved\)$/);
      return true;
    });
  },
);

testWithBed(server, 'a node gets from etcd what it had, then what its subnet file names', async (bed) => {
  const store = await bed.open();
  const { attributes } = request('172.30.0.1');
  await store.create('10.50.9.0-24', encodeAttributes(attributes), 600);
  const reused = await acquireLease(store, request('172.30.0.1', '10.50.10.0-24'));
  assert.deepEqual([reused.how, reused.lease.key], ['reused', '10.50.9.0-24']);
  assert.ok(reused.record.expiresAt !== undefined && reused.record.expiresAt > Date.now() + 86_000_000);
  const hinted = await acquireLease(store, request('172.30.0.2', '10.50.10.0-24'));
  assert.deepEqual([hinted.how, hinted.lease.key], ['created', '10.50.10.0-24']);
});

testWithBed(server, 'a node takes its reservation in etcd, which stays one', async (bed) => {
  const store = await bed.open();
  await bed.raw.put(`${bed.prefix}/subnets/10.50.9.0-24`).value('{"PublicIP":"172.30.0.1"}');
  const { how, lease, record } = await acquireLease(store, request('172.30.0.1'));
  assert.deepEqual([how, lease.key, record.expiresAt], ['reused', '10.50.9.0-24', undefined]);
  const [kv] = (await bed.raw.get(`${bed.prefix}/subnets/10.50.9.0-24`).exec()).kvs;
  assert.equal(kv?.lease, '0');
});

testWithBed(server, 'a lease that is ignored or rejected still occupies its range in etcd', async (bed) => {
  const store = await bed.open();
  await assertIgnoredOccupy(store, async (key, text) => {
    const { ID: lease } = await bed.raw.leaseClient.leaseGrant({ TTL: 600, ID: 0 });
    await bed.raw.put(`${bed.prefix}/subnets/${key}`).value(text).lease(lease);
  });
});
