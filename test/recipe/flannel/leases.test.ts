import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { checkPeer, type PeerVerdict } from '../../../src/lease/check-peer.ts';
import { claimedSubnets, decodeLease } from '../../../src/lease/wire.ts';
import { formatCidr, parseCidr } from '../../../src/network/cidr.ts';
import type { SubnetRange } from '../../../src/network/configuration.ts';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import { readTable, type RecordedLease } from './table.ts';

const { leases } = readTable();

/** Where heddle does not do what flannel does, and why. */
const otherwise: Readonly<Record<string, string>> = {
  'a key with text before it':
    'flannel looks for a subnet anywhere at the end of a key; its range stays occupied',
  'a key in a folder': 'flannel looks for a subnet anywhere at the end of a key; its range stays occupied',
  'a key with IPv6 first': 'flannel takes only what is at the end; both ranges stay occupied',
  'a key with a length of 0': 'flannel takes it for a subnet of every address; it can only stand for no IPv4',
  'PublicIPv6 is IPv4': 'flannel takes an IPv4 address for an IPv6 one; its range stays occupied',
};

/** Leases whose data flannel takes, and heddle rejects as a peer. */
const rejectedData: Readonly<Record<string, string>> = {
  'vxlan, the MAC in upper case': 'no flannel writes one, and it would not compare with the kernel’s',
  'vxlan, the MAC with dashes': 'no flannel writes one, and it would not compare with the kernel’s',
  'vxlan, the MAC with dots': 'no flannel writes one, and it would not compare with the kernel’s',
  'vxlan, a MAC of eight bytes': 'flannel takes it, and the kernel refuses the entry',
  'vxlan, data null': 'flannel takes it for a peer without a MAC',
  'vxlan, an empty object as data': 'flannel takes it for a peer without a MAC',
  'vxlan, dual-stack key without a public IPv6 address': 'flannel takes it for a peer without an address',
  'wireguard without a key': 'flannel takes it for a peer without a key',
  'host-gw, data that nobody needs': 'no flannel writes any, and text is all that the recipe expects',
};

/** Leases whose data flannel refuses, and heddle takes for a peer's. */
const takenData: Readonly<Record<string, string>> = {
  'vxlan, VNI a string': 'a number in quotation marks is the same number here',
  'wireguard, Port a string': 'a number in quotation marks is the same number here',
  'vxlan, VNI a float': '1.0 is the number 1 here',
  'vxlan, VNI with an exponent': '1e0 is the number 1 here',
  'vxlan, VNI beyond 32 bits': 'it is another VNI than that of any node: the node counts as unreachable',
};

function range(network: string, subnetLength: number): SubnetRange {
  const cidr = parseCidr(network);
  assert.ok(cidr);
  return { network: cidr, subnetLength, subnetMin: cidr, subnetMax: cidr };
}

function decode({ key, value }: RecordedLease) {
  return decodeLease({ key, value, expiresAt: 1_700_000_000_000 });
}

/** The verdict of a node with the recipe of a lease's type; undefined if there is none. */
function judge(recorded: RecordedLease): PeerVerdict | undefined {
  const decoded = decode(recorded);
  assert.equal(decoded.kind, 'lease');
  const name = decoded.lease.attributes.backendType;
  if (!['vxlan', 'wireguard', 'host-gw'].includes(name)) return undefined;
  const text = readFileSync(new URL(`../../../recipes/${name}.json`, import.meta.url), 'utf8');
  const checked = parseRecipe({ name, text }, name);
  assert.equal(checked.kind, 'valid');
  const { ipv4, ipv6 } = decoded.lease.subnets;
  const network = {
    ipv4: ipv4 && range('10.0.0.0/8', 24),
    ipv6: ipv6 && range('2001:cafe:42::/48', 64),
    enableNftables: false,
  };
  const { backendType, backendData } = checked.value;
  return checkPeer(decoded.lease, {
    network,
    backendType,
    backendData,
    ownAddresses: [],
    allowOverlap: true,
    agreed: [],
    ownIdentities: [],
  });
}

describe('a lease is what flannel takes it for', () => {
  for (const recorded of leases.filter(({ name }) => !(name in otherwise))) {
    const { name, takes, refuses } = recorded;
    test(name, () => {
      const decoded = decode(recorded);
      if (refuses !== undefined) return assert.equal(decoded.kind, 'malformed');
      assert.ok(takes);
      assert.equal(decoded.kind, 'lease');
      const { subnets, attributes } = decoded.lease;
      assert.equal(subnets.ipv4 === undefined ? '0.0.0.0/0' : formatCidr(subnets.ipv4), takes.network);
      assert.equal(subnets.ipv6 === undefined, takes.ipv6Subnet === null);
      assert.equal(attributes.publicIp ?? '0.0.0.0', takes.publicIp);
      assert.equal(attributes.publicIpv6 ?? null, takes.publicIpv6);
      assert.equal(attributes.backendType, takes.backendType);
      const verdict = takes.publicIp === '0.0.0.0' ? undefined : judge(recorded);
      if (verdict === undefined) return;
      const isTaken = name in takenData || (takes.dataRefused === undefined && !(name in rejectedData));
      assert.equal(verdict.kind, isTaken ? 'peer' : 'rejected', JSON.stringify(verdict));
      if (verdict.kind !== 'peer') return;
      const mac = verdict.peer.fields['DATA_VTEP_MAC'];
      if (mac !== undefined && !(name in takenData)) assert.equal(mac, takes.data?.['VtepMAC']);
      const publicKey = verdict.peer.fields['DATA_PUBLIC_KEY'];
      if (publicKey !== undefined && !(name in takenData)) assert.equal(publicKey, takes.data?.['PublicKey']);
    });
  }

  for (const [name, why] of Object.entries(otherwise)) {
    test(`but ${name}: ${why}`, () => {
      const recorded = leases.find((lease) => lease.name === name);
      assert.ok(recorded?.takes);
      assert.equal(decode(recorded).kind, 'malformed');
      const claimed = claimedSubnets(recorded.key)?.ipv4;
      const { network } = recorded.takes;
      assert.equal(claimed && formatCidr(claimed), network === '0.0.0.0/0' ? undefined : network);
    });
  }
});

test('the port of a peer of wireguard is one of 16 bits, because wg takes 65536 for 0', () => {
  const value = (port: string | number): string =>
    JSON.stringify({
      PublicIP: '172.30.0.1',
      BackendType: 'wireguard',
      BackendData: { PublicKey: 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=', Port: port },
    });
  const kindOf = (port: string | number): string | undefined =>
    judge({ name: String(port), key: '10.50.4.0-24', value: value(port) })?.kind;
  for (let port = 0; port < 1 << 16; port += port < 100 || port > 65_400 ? 1 : 97)
    assert.equal(kindOf(port), 'peer', String(port));
  for (const port of [
    65_536,
    65_540,
    65_600,
    66_000,
    70_000,
    99_999,
    100_000,
    -1,
    '00',
    '051820',
    '5e4',
    ' 1',
  ])
    assert.equal(kindOf(port), 'rejected', String(port));
});

describe('a key that is not a lease claims its range', () => {
  const keys: readonly (readonly [key: string, ranges: string])[] = [
    ['10.50.4.7-32', '10.50.4.7/32'],
    ['10.244.206.194-26', '10.244.206.192/26'],
    ['10.50.04.0-24', '10.50.4.0/24'],
    ['10.50.4.0/24', '10.50.4.0/24'],
    ['10.50.4.0-24.json', '10.50.4.0/24'],
    ['old/10.50.4.0-24', '10.50.4.0/24'],
    ['10.50.4.0-24&2001:CAFE:42:C::-64', '10.50.4.0/24 2001:cafe:42:c::/64'],
    ['2001:cafe:42:c::1-128', '2001:cafe:42:c::1/128'],
    ['node1', ''],
    ['10.50.4.0', ''],
    ['0.0.0.0-0', ''],
    ['10.50.4.0-240', ''],
    ['300.50.4.0-24', ''],
  ];
  for (const [key, ranges] of keys) {
    test(`${key}: ${ranges}`, () => {
      const { ipv4, ipv6 } = claimedSubnets(key) ?? {};
      const claimed = [ipv4, ipv6].flatMap((cidr) => (cidr === undefined ? [] : [formatCidr(cidr)]));
      assert.equal(claimed.join(' '), ranges);
    });
  }
});
