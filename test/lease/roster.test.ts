import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatCidr, networkOf, overlaps } from '../../src/network/cidr.ts';
import { Roster } from '../../src/lease/roster.ts';
import type { LeaseReading } from '../../src/lease/open-list.ts';
import type { RosterChange } from '../../src/lease/roster.ts';
import { cidr, makeLease, textRules, vxlanRules } from './fixtures.ts';

const own = { key: '10.50.1.0-24', subnets: { ipv4: cidr('10.50.1.0/24'), ipv6: undefined } };
const lease = (subnet: string, attributes = {}): LeaseReading => ({
  kind: 'lease',
  lease: makeLease(subnet, attributes),
});
const brief = (changes: readonly RosterChange[]): string[] =>
  changes.map((change) => {
    switch (change.kind) {
      case 'put':
        return `put ${change.peer.key}`;
      case 'shared-address':
        return `shared ${change.address} by ${change.keys.join(' ')}`;
      case 'delete':
      case 'rejected':
        return `${change.kind} ${change.key}`;
    }
  });

test('the lease of this node is not a peer, and no other lease may overlap it', () => {
  const roster = new Roster(textRules, own);
  assert.deepEqual(roster.put(lease('10.50.1.0/24', { publicIp: '172.30.0.1' })), []);
  assert.deepEqual(brief(roster.put(lease('10.50.0.0/20'))), ['rejected 10.50.0.0-20']);
  assert.match([...roster.rejections.values()][0] ?? '', /this node's own/);
});

test('leases of other keys with an address of this node are claims on it, until they go or change', () => {
  const roster = new Roster(textRules, own);
  const mine = { publicIp: '172.30.0.1' };
  roster.replaceAll([lease('10.50.1.0/24', mine), lease('10.50.4.0/24', mine), lease('10.50.5.0/24')]);
  roster.put(lease('10.50.6.0/24', mine));
  const claim = { kind: 'address', address: '172.30.0.1' };
  assert.deepEqual(roster.ownClaims, [{ claim, keys: ['10.50.4.0-24', '10.50.6.0-24'] }]);
  roster.delete('10.50.6.0-24');
  roster.put(lease('10.50.4.0/24', { publicIp: '172.30.0.4' }));
  assert.deepEqual(roster.ownClaims, []);
  roster.put(lease('10.50.4.0/24', { publicIp: '172.30.0.256' }));
  assert.deepEqual([roster.ownClaims, roster.rejections.size], [[], 1]);
});

test('leases with a MAC address of this node are claims on it; their last good state stays', () => {
  const identity = { field: 'VtepMAC', value: '02:42:ac:11:00:01' };
  const roster = new Roster({ ...vxlanRules, ownIdentities: [identity] }, own);
  const withMac = (VtepMAC: string): object => ({
    backendType: 'vxlan',
    backendData: { VNI: 1, VtepMAC },
  });
  assert.deepEqual(brief(roster.put(lease('10.50.4.0/24', withMac('02:42:ac:11:00:04')))), [
    'put 10.50.4.0-24',
  ]);
  for (const subnet of ['10.50.4.0/24', '10.50.5.0/24']) roster.put(lease(subnet, withMac(identity.value)));
  assert.deepEqual(roster.ownClaims, [
    { claim: { kind: 'identity', identity }, keys: ['10.50.4.0-24', '10.50.5.0-24'] },
  ]);
  assert.deepEqual(
    roster.peers.map(({ fields }) => fields['DATA_VTEP_MAC']),
    ['02:42:ac:11:00:04'],
  );
  roster.delete('10.50.5.0-24');
  roster.put(lease('10.50.4.0/24', withMac('02:42:ac:11:00:05')));
  assert.deepEqual([roster.ownClaims, roster.rejections.size], [[], 0]);
});

test('nodes that run something else cannot be reached; a reservation without a type is not a node', () => {
  const agreed = [{ name: 'VNI', variable: 'VNI', value: '1' }];
  const roster = new Roster({ ...vxlanRules, agreed }, own);
  const vni = (value: number): object => ({
    backendType: 'vxlan',
    publicIp: `172.30.0.${value + 10}`,
    backendData: { VNI: value, VtepMAC: 'b2:4e:a5:f9:b5:a8' },
  });
  roster.replaceAll([
    lease('10.50.4.0/24', vni(1)),
    lease('10.50.5.0/24', vni(6)),
    lease('10.50.6.0/24', { backendType: 'host-gw' }),
    lease('10.50.7.0/24', { backendType: '' }),
  ]);
  assert.deepEqual(roster.unreachable, [
    { name: 'VNI', leases: [{ key: '10.50.5.0-24', name: 'VNI', value: '6' }] },
    { name: 'Type', leases: [{ key: '10.50.6.0-24', name: 'Type', value: 'host-gw' }] },
  ]);
  assert.deepEqual(roster.counts, { accepted: 2, ignored: 1, rejected: 0, unreachable: 2 });

  roster.put(lease('10.50.5.0/24', vni(1)));
  roster.put(lease('10.50.6.0/24', { backendType: 'vxlan', backendData: 'torn' }));
  assert.deepEqual([roster.unreachable, roster.counts.rejected], [[], 1]);
  roster.put(lease('10.50.4.0/24', vni(2)));
  assert.equal(roster.counts.unreachable, 1);
  roster.delete('10.50.4.0-24');
  assert.equal(roster.counts.unreachable, 0);
});

test('the first of two overlapping leases wins, and the other one follows when it goes', () => {
  const roster = new Roster(textRules, own);
  assert.deepEqual(brief(roster.put(lease('10.50.16.0/20'))), ['put 10.50.16.0-20']);
  assert.deepEqual(brief(roster.put(lease('10.50.17.0/24'))), ['rejected 10.50.17.0-24']);
  assert.deepEqual(brief(roster.delete('10.50.16.0-20')), ['delete 10.50.16.0-20', 'put 10.50.17.0-24']);
  assert.equal(roster.rejections.size, 0);
});

test('a rejection is told once for as long as its reason is the same, and leaves the last good state alone', () => {
  const roster = new Roster(textRules, own);
  roster.put(lease('10.50.4.0/24'));
  const bad = lease('10.50.4.0/24', { backendData: 'a b' });
  assert.deepEqual(brief(roster.put(bad)), ['rejected 10.50.4.0-24']);
  assert.deepEqual(roster.put(bad), []);
  assert.equal(roster.peers[0]?.stdin, '26:70:41:4d:fe:1b\n');
  assert.deepEqual(brief(roster.delete('10.50.4.0-24')), ['delete 10.50.4.0-24']);
});

test('a peer that turns to another backend type goes', () => {
  const roster = new Roster(textRules, own);
  roster.put(lease('10.50.4.0/24'));
  assert.deepEqual(brief(roster.put(lease('10.50.4.0/24', { backendType: 'host-gw' }))), [
    'delete 10.50.4.0-24',
  ]);
  assert.deepEqual(roster.counts, { accepted: 0, ignored: 1, rejected: 0, unreachable: 1 });
});

test('a new list takes the place of the old one', () => {
  const roster = new Roster(textRules, own);
  const next = lease('10.50.6.0/24', { publicIp: '172.30.0.6' });
  roster.replaceAll([lease('10.50.4.0/24'), lease('10.50.5.0/24')]);
  const changes = roster.replaceAll([lease('10.50.5.0/24'), next]);
  assert.deepEqual(brief(changes), ['delete 10.50.4.0-24', 'put 10.50.5.0-24', 'put 10.50.6.0-24']);
});

test('subnets of the usual length come first in a list, so that one wide lease does not replace many', () => {
  const roster = new Roster(textRules, own);
  const wide = lease('10.50.0.0/17', { publicIp: '172.30.0.9' });
  const changes = roster.replaceAll([wide, lease('10.50.4.0/24'), lease('10.50.5.0/24')]);
  assert.deepEqual(brief(changes).slice(0, 2), ['put 10.50.4.0-24', 'put 10.50.5.0-24']);
  assert.deepEqual([...roster.rejections.keys()], ['10.50.0.0-17']);
});

test('a peer of an earlier run stays while its lease exists and is rejected', () => {
  const earlier = new Roster(textRules, own);
  earlier.replaceAll([lease('10.50.4.0/24'), lease('10.50.5.0/24')]);
  const roster = new Roster(textRules, own, earlier.peers);
  const bad = lease('10.50.4.0/24', { backendData: 'a b' });
  assert.deepEqual(brief(roster.replaceAll([bad])), ['rejected 10.50.4.0-24', 'put 10.50.4.0-24']);
  assert.deepEqual(roster.peers, earlier.peers.slice(0, 1));
  assert.deepEqual(roster.replaceAll([bad]), []);
  assert.deepEqual(brief(roster.put(lease('10.50.4.0/24'))), ['put 10.50.4.0-24']);
  assert.equal(roster.rejections.size, 0);
  assert.deepEqual(brief(roster.replaceAll([])), ['delete 10.50.4.0-24']);
  assert.deepEqual(brief(roster.put(bad)), ['rejected 10.50.4.0-24']);
});

test('a peer of an earlier run gives way to the node that holds its subnet now', () => {
  const earlier = new Roster(textRules, own);
  earlier.put(lease('10.50.1.0/25'));
  earlier.put(lease('10.50.6.0/25'));
  const roster = new Roster(textRules, own, earlier.peers);
  const bad = lease('10.50.6.0/25', { backendData: 'a b' });
  const changes = roster.replaceAll([bad, lease('10.50.6.0/24')]);
  assert.deepEqual(brief(changes), ['put 10.50.6.0-24', 'rejected 10.50.6.0-25']);
});

test('leases that claim one underlay address are all peers, and told each time that one joins them', () => {
  const roster = new Roster(textRules, own);
  const at = (subnet: string, publicIp: string): LeaseReading => lease(subnet, { publicIp });
  assert.deepEqual(brief(roster.put(at('10.50.4.0/24', '172.30.0.4'))), ['put 10.50.4.0-24']);
  assert.deepEqual(brief(roster.put(at('10.50.5.0/24', '172.30.0.4'))), [
    'put 10.50.5.0-24',
    'shared 172.30.0.4 by 10.50.4.0-24 10.50.5.0-24',
  ]);
  // A renewal says nothing new.
  assert.deepEqual(brief(roster.put(at('10.50.5.0/24', '172.30.0.4'))), ['put 10.50.5.0-24']);
  assert.deepEqual(roster.sharedAddresses, [
    { address: '172.30.0.4', keys: ['10.50.4.0-24', '10.50.5.0-24'] },
  ]);
  roster.put(at('10.50.5.0/24', '172.30.0.5'));
  assert.deepEqual(roster.sharedAddresses, []);
  assert.deepEqual(brief(roster.put(at('10.50.5.0/24', '172.30.0.4'))).length, 2);
  roster.delete('10.50.4.0-24');
  assert.deepEqual(roster.sharedAddresses, []);
});

test('the first list keeps the named peers of an earlier daemon, unless a lease overlaps them', () => {
  const at = (subnet: string, number: number): LeaseReading =>
    lease(subnet, { publicIp: `172.30.0.${number}` });
  const before = new Roster(textRules, own);
  before.replaceAll([at('10.50.4.0/24', 4), at('10.50.5.0/24', 5), at('10.50.6.0/24', 6)]);
  const roster = new Roster(textRules, own, before.peers);
  const kept = new Set(['10.50.4.0-24', '10.50.5.0-24']);
  const list = [at('10.50.5.128/25', 8), at('10.50.7.0/24', 7)];
  const first = ['put 10.50.7.0-24', 'put 10.50.5.128-25'];
  assert.deepEqual(brief(roster.replaceAll(list, kept)), [...first, 'put 10.50.4.0-24']);
  assert.deepEqual(brief(roster.replaceAll(list)), ['delete 10.50.4.0-24', ...first]);
  assert.deepEqual(brief(roster.replaceAll(list, kept)), first);
});

test('only addresses that are shared at the end of a list are reported, once', () => {
  const roster = new Roster(textRules, own);
  const at = (subnet: string, publicIp: string): LeaseReading => lease(subnet, { publicIp });
  roster.replaceAll([at('10.50.4.0/24', '172.30.0.4'), at('10.50.5.0/24', '172.30.0.5')]);
  const swapped = [at('10.50.4.0/24', '172.30.0.5'), at('10.50.5.0/24', '172.30.0.4')];
  assert.deepEqual(brief(roster.replaceAll(swapped)), ['put 10.50.4.0-24', 'put 10.50.5.0-24']);
  const one = ['10.50.4.0/24', '10.50.5.0/24', '10.50.6.0/24'].map((subnet) => at(subnet, '172.30.0.9'));
  assert.deepEqual(brief(roster.replaceAll(one)).slice(3), [
    'shared 172.30.0.9 by 10.50.4.0-24 10.50.5.0-24 10.50.6.0-24',
  ]);
});

test('no two accepted peers ever overlap, and none is left out that could be in', () => {
  const change = fc.record({
    remove: fc.boolean(),
    length: fc.integer({ min: 17, max: 26 }),
    at: fc.nat(0xffff),
  });
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const roster = new Roster(textRules, own);
      const present = new Set<string>();
      for (const { remove, length, at } of changes) {
        const subnet = formatCidr(
          networkOf({ family: 4, value: cidr('10.50.0.0/16').value + BigInt(at) }, length),
        );
        const key = subnet.replace('/', '-');
        if (key === own.key) continue;
        if (remove) roster.delete(key);
        else roster.put(lease(subnet));
        if (remove) present.delete(key);
        else present.add(key);
      }
      const held = [...roster.peers.map((peer) => cidr(peer.subnet ?? '')), own.subnets.ipv4];
      held.forEach((a, i) => held.slice(i + 1).forEach((b) => assert.ok(!overlaps(a, b))));
      assert.equal(held.length - 1 + roster.rejections.size, present.size);
      for (const key of roster.rejections.keys()) {
        assert.ok(held.some((other) => overlaps(other, cidr(key.replace('-', '/')))));
      }
    }),
  );
});
