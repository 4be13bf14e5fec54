import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareEntries, entriesIn, entriesOf, type KernelView } from './entries.ts';

const leases = ['7', '8'].map((number) => ({
  key: `10.50.${number}.0-24`,
  value: `{"PublicIP":"172.30.1.${number}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"02:00:00:00:00:0${number}"}}`,
}));

const kernel: KernelView = {
  routes: [{ dst: '10.50.7.0/24', gateway: '10.50.7.0', dev: 'flannel.1', flags: ['onlink'] }],
  neighbours: [{ dst: '10.50.7.0', lladdr: '02:00:00:00:00:07', state: ['PERMANENT'] }, { dst: '10.50.9.0' }],
  fdb: [{ mac: '02:00:00:00:00:07', dst: '172.30.1.7' }, { mac: '33:33:00:00:00:01' }],
};

test('a kernel that has what the leases ask for differs in nothing', () => {
  const wanted = entriesOf(leases, '172.30.1.8');
  assert.equal(wanted.length, 3);
  assert.deepEqual(compareEntries(wanted, entriesIn(kernel)), { stale: [], missing: [] });
});

test('a peer that the kernel lacks is missing, and one without a lease is stale', () => {
  const { missing } = compareEntries(entriesOf(leases, '172.30.1.9'), entriesIn(kernel));
  assert.deepEqual(missing, [
    'fdb 02:00:00:00:00:08 dst 172.30.1.8',
    'neigh 10.50.8.0 lladdr 02:00:00:00:00:08 PERMANENT',
    'route 10.50.8.0/24 via 10.50.8.0 dev flannel.1 onlink',
  ]);
  assert.equal(compareEntries([], entriesIn(kernel)).stale.length, 3);
});

test('an entry with another value is both stale and missing', () => {
  const moved = { ...kernel, fdb: [{ mac: '02:00:00:00:00:07', dst: '172.30.1.99' }] };
  assert.deepEqual(compareEntries(entriesOf(leases, '172.30.1.8'), entriesIn(moved)), {
    stale: ['fdb 02:00:00:00:00:07 dst 172.30.1.99'],
    missing: ['fdb 02:00:00:00:00:07 dst 172.30.1.7'],
  });
});

test('an entry that the kernel has twice is stale once', () => {
  const twice = { ...kernel, fdb: [...kernel.fdb, ...kernel.fdb] };
  assert.deepEqual(compareEntries(entriesOf(leases, '172.30.1.8'), entriesIn(twice)).stale, [
    'fdb 02:00:00:00:00:07 dst 172.30.1.7',
  ]);
});
