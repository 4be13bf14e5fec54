import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raiseLeaseConcerns } from '../../../src/daemon/peers/lease-concerns.ts';
import { Concerns } from '../../../src/event/concerns.ts';
import type { LeaseReading } from '../../../src/lease/open-list.ts';
import { Roster } from '../../../src/lease/roster.ts';
import { cidr, makeLease, vxlanRules } from '../../lease/fixtures.ts';

const own = { key: '10.50.1.0-24', subnets: { ipv4: cidr('10.50.1.0/24'), ipv6: undefined } };
const ownMac = '02:42:ac:11:00:01';
const rules = { ...vxlanRules, ownIdentities: [{ field: 'VtepMAC', value: ownMac }] };

/** The lease of the node with this number, with the MAC address of the node with another number. */
function lease(number: number, macOf = number, address = number): LeaseReading {
  const VtepMAC = `02:42:ac:11:00:0${macOf}`;
  return {
    kind: 'lease',
    lease: makeLease(`10.50.${number}.0/24`, {
      backendType: 'vxlan',
      publicIp: `172.30.0.${address}`,
      backendData: { VNI: 1, VtepMAC },
    }),
  };
}

function concernsOf(roster: Roster) {
  const concerns = new Concerns(
    () => undefined,
    () => undefined,
    () => 0,
  );
  raiseLeaseConcerns(roster, concerns);
  return concerns.all;
}

test('a lease with the MAC address of this node says which lease, what it has, and what to do', () => {
  const roster = new Roster(rules, own);
  roster.replaceAll([lease(4), lease(5, 1)]);
  const [concern, ...others] = concernsOf(roster);
  assert.deepEqual([concern?.kind, concern?.about, others], ['own-identity', ownMac, []]);
  assert.match(
    concern?.because ?? '',
    /^the lease 10\.50\.5\.0-24 has the VtepMAC 02:42:ac:11:00:01, which is this node's own/,
  );
  assert.match(concern?.hint ?? '', /restart heddle on this node, which then makes another VtepMAC/);
  roster.put(lease(5));
  assert.deepEqual(concernsOf(roster), []);
});

test('two nodes with one MAC address are named, with their addresses and leases', () => {
  const roster = new Roster(rules, own);
  roster.replaceAll([lease(4), lease(5, 4), lease(6)]);
  const [concern, ...others] = concernsOf(roster);
  assert.deepEqual([concern?.kind, concern?.about, others], ['shared-identity', '02:42:ac:11:00:04', []]);
  assert.equal(
    concern?.because,
    'the nodes at 172.30.0.4 (lease 10.50.4.0-24), 172.30.0.5 (lease 10.50.5.0-24) ' +
      'have the same VtepMAC 02:42:ac:11:00:04, so this node can reach only one of them',
  );
  roster.put(lease(6, 4));
  assert.match(concernsOf(roster)[0]?.because ?? '', /172\.30\.0\.6 \(lease 10\.50\.6\.0-24\)/);
  roster.delete('10.50.4.0-24');
  roster.put(lease(5));
  assert.deepEqual(concernsOf(roster), []);
});

test('two leases of one address are one concern', () => {
  const roster = new Roster(rules, own);
  roster.replaceAll([lease(4), lease(5, 4, 4)]);
  assert.deepEqual(
    concernsOf(roster).map(({ kind }) => kind),
    ['shared-address'],
  );
});

test('a peer that an earlier daemon left counts, although its lease is rejected now', () => {
  const first = new Roster(rules, own);
  first.put(lease(4));
  const roster = new Roster(rules, own, first.peers);
  roster.replaceAll([lease(4, 1), lease(5, 4)]);
  assert.deepEqual(
    concernsOf(roster).map(({ kind }) => kind),
    ['own-identity', 'shared-identity'],
  );
});
