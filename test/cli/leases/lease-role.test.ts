import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roleFinder, type LeaseView } from '../../../src/cli/leases/lease-role.ts';
import type { PeerStatus } from '../../../src/daemon/report/peer-status.ts';
import type { Lease } from '../../../src/lease/lease.ts';
import { decodeLease } from '../../../src/lease/wire.ts';
import { exampleStatus } from '../status/example-status.ts';

const failing: PeerStatus = {
  key: '10.50.2.0-24',
  subnet: '10.50.2.0/24',
  publicIp: '172.30.0.2',
  publicIpv6: null,
  state: 'failing',
  lastOutcome: { operation: 'add', reason: 'new', at: '', trouble: 'it exited with status 2', stderr: '' },
  retries: 3,
  nextTryAt: null,
};
const view: LeaseView = {
  ...exampleStatus,
  peers: [failing, { ...failing, key: '10.50.3.0-24', state: 'in-place', lastOutcome: null }],
  rejections: [{ key: '10.50.4.0-24', because: 'its VtepMAC is a multicast address' }],
};

function lease(key: string, backendType = 'vxlan'): Lease {
  const value = JSON.stringify({ PublicIP: '172.30.0.9', BackendType: backendType });
  const decoded = decodeLease({ key, value, expiresAt: undefined });
  assert.equal(decoded.kind, 'lease');
  return decoded.lease;
}

const roles: readonly [what: string, lease: Lease, role: string, because: string | null][] = [
  ['the lease of this node', lease('10.50.85.0-24'), 'own', null],
  ['a peer that is in place', lease('10.50.3.0-24'), 'in-place', null],
  ['a peer that fails', lease('10.50.2.0-24'), 'failing', 'it exited with status 2'],
  ['a rejected lease', lease('10.50.4.0-24'), 'rejected', 'its VtepMAC is a multicast address'],
  ['a lease of another type', lease('10.50.5.0-24', 'host-gw'), 'not-a-peer', 'its type is host-gw'],
  ['a reservation', lease('10.50.6.0-24', ''), 'not-a-peer', 'it is a reservation'],
  [
    'a lease of this type that the daemon does not have as a peer',
    lease('10.50.7.0-24'),
    'not-a-peer',
    'its node runs the type with other parameters, or it is new',
  ],
];

for (const [what, of, state, because] of roles) {
  test(`${what} is ${state}`, () => {
    assert.deepEqual(roleFinder(view)(of), { state, because });
  });
}

test('before the daemon has its own lease, its peers are known', () => {
  const starting = { ...view, lease: null, recipe: null };
  assert.equal(roleFinder(starting)(lease('10.50.85.0-24')).state, 'not-a-peer');
  assert.equal(roleFinder(starting)(lease('10.50.3.0-24')).state, 'in-place');
});
