import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { checkPeer } from '../../src/lease/check-peer.ts';
import type { Json, Lease, Peer } from '../../src/lease/lease.ts';
import type { NetworkConfiguration } from '../../src/network/configuration.ts';
import { cidr, dualStack, makeLease, textRules, vxlanRules } from './fixtures.ts';

/** Why the lease is refused. Fails the test if it is not. */
function refusal(lease: Lease, rules = textRules): string {
  const verdict = checkPeer(lease, rules);
  if (verdict.kind !== 'rejected') assert.fail(`it was not rejected but ${verdict.kind}`);
  return verdict.because;
}

test('a text lease becomes a peer whose stdin is its data and a newline', () => {
  assert.deepEqual(checkPeer(makeLease('10.50.4.0/24'), textRules), {
    kind: 'peer',
    peer: {
      key: '10.50.4.0-24',
      subnet: '10.50.4.0/24',
      ipv6Subnet: undefined,
      publicIp: '172.30.0.2',
      publicIpv6: undefined,
      stdin: '26:70:41:4d:fe:1b\n',
      fields: {},
    },
  });
});

test('a lease of another backend type is none of our business', () => {
  assert.deepEqual(checkPeer(makeLease('10.50.4.0/24', { backendType: 'vxlan' }), textRules), {
    kind: 'ignored',
  });
});

test('a lease without a type is one of the backends whose leases do not have one in flannel, and of no other', () => {
  const leaseOf = (backendType: string, expiresAt?: number): Lease => ({
    ...makeLease('10.50.4.0/24', { backendType, backendData: undefined }),
    expiresAt,
  });
  const kindFor = (backendType: string, lease: Lease): string =>
    checkPeer(lease, { ...textRules, backendType }).kind;
  for (const type of ['udp', 'alloc']) {
    assert.equal(kindFor(type, leaseOf('', 1)), 'peer', type);
    assert.equal(kindFor(type, leaseOf('')), 'peer', type);
    assert.equal(kindFor(type, leaseOf(type, 1)), 'peer', type);
    assert.equal(kindFor(type, leaseOf('vxlan', 1)), 'ignored', type);
  }
  assert.equal(kindFor('ipip', leaseOf('', 1)), 'ignored');
  assert.equal(kindFor('vxlan', leaseOf('')), 'reserved');
});

test('only the declared fields of a json object reach a command, each checked by its pattern', () => {
  const data: Json = { Extra: '$(reboot)', VtepMAC: 'b2:4e:a5:f9:b5:a8', VNI: 1 };
  const verdict = checkPeer(
    makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData: data }),
    vxlanRules,
  );
  assert.equal(verdict.kind, 'peer');
  assert.equal(verdict.peer.stdin, '{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"}\n');
  assert.deepEqual(verdict.peer.fields, { DATA_VNI: '1', DATA_VTEP_MAC: 'b2:4e:a5:f9:b5:a8' });
});

test('dual-stack json has a second line and DATA6_ fields', () => {
  const v4 = { VNI: 1, VtepMAC: 'b2:4e:a5:f9:b5:a8' };
  const v6 = { VNI: 1, VtepMAC: 'b2:4e:a5:f9:b5:a9' };
  const attributes = { backendType: 'vxlan', backendData: v4, backendV6Data: v6, publicIpv6: 'FD00:0::2' };
  const lease = makeLease('10.50.4.0/24', attributes);
  const dual = { ...lease, subnets: { ...lease.subnets, ipv6: cidr('2001:cafe:42:c::/64') } };
  const verdict = checkPeer(dual, { ...vxlanRules, network: dualStack });
  assert.equal(verdict.kind, 'peer');
  assert.equal(verdict.peer.stdin, `${JSON.stringify(v4)}\n${JSON.stringify(v6)}\n`);
  assert.equal(verdict.peer.fields['DATA6_VTEP_MAC'], 'b2:4e:a5:f9:b5:a9');
  assert.equal(verdict.peer.publicIpv6, 'fd00::2');
});

for (const [mac, why] of [
  ['ff:ff:ff:ff:ff:ff', /^VtepMAC in its backend data, ff:ff:ff:ff:ff:ff, is the broadcast MAC address/],
  ['01:00:5e:00:00:01', /multicast MAC address, which no device can have/],
  ['33:33:00:00:00:01', /multicast/],
  ['00:00:00:00:00:00', /the zero MAC address/],
] as const) {
  test(`the MAC address ${mac} is refused, because no VTEP can have it`, () => {
    const backendData = { VNI: 1, VtepMAC: mac };
    const lease = makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData });
    const verdict = checkPeer(lease, vxlanRules);
    assert.ok(verdict.kind === 'rejected');
    assert.match(verdict.because, why);
    assert.match(refusal(makeLease('10.50.4.0/24', { backendData: mac })), /MAC address/);
  });
}

describe('an identity of this node', () => {
  const mac = '02:42:ac:11:00:01';
  const key = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
  const ownIdentities = [
    { field: 'VtepMAC', value: mac },
    { field: 'backend data', value: key },
  ];
  const vxlan = (backendData: Json): Lease =>
    makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData });

  test('is refused in another lease, in any case and in either family', () => {
    const rules = { ...vxlanRules, ownIdentities };
    assert.equal(refusal(vxlan({ VNI: 1, VtepMAC: mac }), rules), `its VtepMAC ${mac} is this node's own`);
    assert.match(refusal(vxlan({ VNI: 1, vtepmac: mac }), rules), /this node's own/);
    const lease = vxlan({ VNI: 1, VtepMAC: '02:42:ac:11:00:02' });
    const dual = {
      ...lease,
      subnets: { ...lease.subnets, ipv6: cidr('2001:cafe:42:c::/64') },
      attributes: { ...lease.attributes, publicIpv6: 'fd00::2', backendV6Data: { VNI: 1, VtepMAC: mac } },
    };
    assert.match(refusal(dual, { ...rules, network: dualStack }), /this node's own/);
  });

  test('is refused in a line of text, and every other one is accepted', () => {
    const rules = { ...textRules, ownIdentities };
    for (const data of [key, `eu\n${key}`, mac.toUpperCase()])
      assert.match(refusal(makeLease('10.50.4.0/24', { backendData: data }), rules), /this node's own/);
    for (const data of ['02:42:ac:11:00:02', key.toLowerCase(), 'eu'])
      assert.equal(checkPeer(makeLease('10.50.4.0/24', { backendData: data }), rules).kind, 'peer', data);
  });
});

test('a key of zeros is refused, a key with a few is not', () => {
  const fields = [{ name: 'PublicKey', variable: 'PUBLIC_KEY', pattern: /^[A-Za-z0-9+/]{43}=$/ }];
  const rules = { ...vxlanRules, backendData: { format: 'json' as const, fields } };
  const withKey = (PublicKey: string): Lease =>
    makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData: { PublicKey } });
  assert.match(refusal(withKey(`${'A'.repeat(43)}=`), rules), /^PublicKey in its backend data, A.*zeros/);
  assert.match(refusal(makeLease('10.50.4.0/24', { backendData: `${'A'.repeat(43)}=` })), /zeros/);
  assert.equal(checkPeer(withKey(`${'A'.repeat(42)}Q=`), rules).kind, 'peer');
});

test('a MAC address of one device is accepted, global or local', () => {
  for (const VtepMAC of [
    '00:00:00:00:00:01',
    '02:42:ac:11:00:02',
    'fe:ff:ff:ff:ff:ff',
    '52:54:00:00:00:00',
  ]) {
    const lease = makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData: { VNI: 1, VtepMAC } });
    assert.equal(checkPeer(lease, vxlanRules).kind, 'peer', VtepMAC);
  }
});

describe('while a network becomes dual-stack', () => {
  const v4 = { VNI: 1, VtepMAC: 'b2:4e:a5:f9:b5:a8' };
  const v6 = { VNI: 1, VtepMAC: 'b2:4e:a5:f9:b5:a9' };
  const both = { publicIpv6: 'fd00::2', backendV6Data: v6 };
  const ipv4 = makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData: v4 });
  const subnet6 = cidr('2001:cafe:42:c::/64');
  const dual = {
    ...ipv4,
    subnets: { ...ipv4.subnets, ipv6: subnet6 },
    attributes: { ...ipv4.attributes, ...both },
  };
  const ipv6 = {
    ...dual,
    subnets: { ipv4: undefined, ipv6: subnet6 },
    attributes: { ...dual.attributes, publicIp: undefined, backendData: undefined },
  };
  const ipv6Only = { ...dualStack, ipv4: undefined };
  const accepted = (lease: Lease, network: NetworkConfiguration, rules = vxlanRules): Peer => {
    const verdict = checkPeer(lease, { ...rules, network });
    assert.equal(verdict.kind, 'peer', verdict.kind === 'rejected' ? verdict.because : '');
    return verdict.peer;
  };

  test('a lease with IPv4 alone is a peer for IPv4', () => {
    const { subnet, ipv6Subnet, publicIp, publicIpv6, stdin, fields } = accepted(ipv4, dualStack);
    assert.deepEqual(
      [subnet, ipv6Subnet, publicIp, publicIpv6],
      ['10.50.4.0/24', undefined, '172.30.0.2', undefined],
    );
    assert.equal(stdin, `${JSON.stringify(v4)}\n`);
    assert.deepEqual(fields, { DATA_VNI: '1', DATA_VTEP_MAC: v4.VtepMAC });
  });

  test('an address of a family without a subnet is not used', () => {
    const lease = { ...ipv4, attributes: { ...ipv4.attributes, ...both } };
    assert.deepEqual(accepted(lease, dualStack), accepted(ipv4, dualStack));
  });

  test('a lease with IPv6 alone is a peer for IPv6', () => {
    const { subnet, ipv6Subnet, publicIp, publicIpv6 } = accepted(ipv6, dualStack);
    assert.deepEqual(
      [subnet, ipv6Subnet, publicIp, publicIpv6],
      [undefined, '2001:cafe:42:c::/64', undefined, 'fd00::2'],
    );
  });

  test('a lease with both is a peer for the one family of an older node', () => {
    assert.equal(accepted(dual, { ...dualStack, ipv6: undefined }).ipv6Subnet, undefined);
    assert.equal(accepted(dual, ipv6Only).subnet, undefined);
  });

  test('text that a node published for both families counts for either', () => {
    const attributes = {
      ...ipv4.attributes,
      backendType: 'extension',
      backendData: 'key',
      publicIpv6: 'fd00::2',
    };
    const lease = { ...dual, attributes };
    for (const network of [dualStack, { ...dualStack, ipv6: undefined }, ipv6Only])
      assert.equal(accepted(lease, network, textRules).stdin, 'key\n');
  });

  test('a lease that shares no family is rejected', () => {
    assert.match(refusal(ipv4, { ...vxlanRules, network: ipv6Only }), /does not have an IPv6 subnet/);
    assert.match(
      refusal(ipv6, { ...vxlanRules, network: { ...dualStack, ipv6: undefined } }),
      /does not have an IPv4 subnet/,
    );
  });

  test('a lease that is wrong in one of the shared families is rejected whole', () => {
    const rules = { ...vxlanRules, network: dualStack };
    const outside = { ...dual, subnets: { ...dual.subnets, ipv6: cidr('2001:cafe:43::/64') } };
    assert.match(refusal(outside, rules), /not inside/);
    assert.match(
      refusal({ ...dual, attributes: { ...dual.attributes, publicIpv6: undefined } }, rules),
      /PublicIPv6 is missing/,
    );
    assert.match(
      refusal({ ...dual, attributes: { ...dual.attributes, backendV6Data: undefined } }, rules),
      /IPv6 backend data/,
    );
  });
});

const badAddresses: [string | undefined, RegExp][] = [
  [undefined, /missing/],
  ['172.30.0.1', /this node's own/],
  ['0.0.0.0', /unspecified/],
  ['0.1.2.3', /0\.0\.0\.0\/8/],
  ['127.0.0.1', /loopback/],
  ['224.0.0.1', /multicast/],
  ['255.255.255.255', /broadcast/],
  ['::1', /not an IPv4/],
  ['172.30.0.2; reboot', /not an IPv4/],
];
for (const [publicIp, why] of badAddresses) {
  test(`the public address ${String(publicIp)} is refused`, () => {
    assert.match(refusal(makeLease('10.50.4.0/24', { publicIp })), why);
  });
}

test('a public address inside the overlay network is refused, unless the node may overlap', () => {
  for (const publicIp of ['10.50.0.0', '10.50.4.1', '10.50.255.255']) {
    const lease = makeLease('10.50.4.0/24', { publicIp });
    assert.equal(refusal(lease), `its PublicIP ${publicIp} is inside the overlay network 10.50.0.0/16`);
    assert.equal(checkPeer(lease, { ...textRules, allowOverlap: true }).kind, 'peer');
  }
  for (const publicIp of ['10.49.255.255', '10.51.0.0'])
    assert.equal(checkPeer(makeLease('10.50.4.0/24', { publicIp }), textRules).kind, 'peer', publicIp);

  const ipv4 = makeLease('10.50.4.0/24');
  const dual = (publicIpv6: string): Lease => ({
    ...ipv4,
    subnets: { ...ipv4.subnets, ipv6: cidr('2001:cafe:42:c::/64') },
    attributes: { ...ipv4.attributes, publicIpv6 },
  });
  const rules = { ...textRules, network: dualStack };
  assert.equal(
    refusal(dual('2001:cafe:42:c::1'), rules),
    'its PublicIPv6 2001:cafe:42:c::1 is inside the overlay network 2001:cafe:42::/56',
  );
  assert.equal(checkPeer(dual('2001:cafe:43::1'), rules).kind, 'peer');
});

test('a subnet outside the network, or as large as it, is refused', () => {
  assert.match(refusal(makeLease('10.51.4.0/24')), /not inside 10\.50\.0\.0\/16/);
  assert.match(refusal(makeLease('10.50.0.0/16')), /not inside/);
  assert.match(refusal(makeLease('10.0.0.0/8')), /not inside/);
});

const hostileTexts = [
  '$(touch /tmp/x)',
  '`id`',
  'a;b',
  'a b',
  '-n',
  "a'b",
  'a"b',
  'a\\b',
  'a|b',
  'a&b',
  'a>b',
  'a\tb',
  'a\rb',
  'a\0b',
  '\u001b[2J',
  'ok\n-rf',
  ' a',
  '*',
  '?',
  '~',
  '#',
  'a\n\nb',
  '\u2028',
  'ä',
];
for (const text of hostileTexts) {
  test(`text without a pattern may not be ${JSON.stringify(text)}`, () => {
    assert.match(refusal(makeLease('10.50.4.0/24', { backendData: text })), /does not match/);
  });
}

test('a refusal names the Pattern, and the field that it belongs to', () => {
  const pattern = { format: 'text' as const, pattern: /^(?:[0-9a-f]{4})$/u };
  assert.equal(
    refusal(makeLease('10.50.4.0/24', { backendData: 'xyz' }), { ...textRules, backendData: pattern }),
    'its backend data "xyz" does not match the recipe\'s Pattern, /^(?:[0-9a-f]{4})$/u',
  );
  assert.equal(
    refusal(makeLease('10.50.4.0/24', { backendData: 'two words' })),
    'its backend data "two words" does not match the Pattern of a recipe without one, /^[A-Za-z0-9+/][A-Za-z0-9+/=:._,@-]*$/',
  );
  const because = (backendData: Json | undefined): string =>
    refusal(makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData }), vxlanRules);
  const VtepMAC = 'b2:4e:a5:f9:b5:a8';
  assert.equal(
    because({ VtepMAC }),
    'VNI is missing in its backend data, and its Pattern in the recipe, /^(?:[0-9]+)$/u, does not match an empty value',
  );
  assert.equal(because({ VNI: null, VtepMAC }), because({ VtepMAC }));
  assert.equal(
    because({ VNI: '', VtepMAC }),
    'VNI in its backend data, "", does not match its Pattern in the recipe, /^(?:[0-9]+)$/u',
  );
  assert.equal(because(undefined), "its backend data is missing; the recipe's Fields are VNI, VtepMAC");
  assert.equal(because('1'), "its backend data is not a JSON object; the recipe's Fields are VNI, VtepMAC");
  assert.equal(
    because({ VNI: '1'.repeat(4097), VtepMAC }),
    'VNI in its backend data is longer than 4096 bytes',
  );
});

test('text longer than 4 KiB is refused, 4 KiB is not', () => {
  assert.match(refusal(makeLease('10.50.4.0/24', { backendData: 'a'.repeat(4097) })), /longer than 4096/);
  assert.equal(
    checkPeer(makeLease('10.50.4.0/24', { backendData: 'a'.repeat(4096) }), textRules).kind,
    'peer',
  );
});

test('whatever JSON the data is, what reaches a shell is plain or nothing', () => {
  fc.assert(
    fc.property(fc.oneof(fc.jsonValue(), fc.string({ unit: 'binary' })), (data) => {
      const verdict = checkPeer(makeLease('10.50.4.0/24', { backendData: data as Json }), textRules);
      if (verdict.kind !== 'peer') return;
      assert.match(verdict.peer.stdin, /^([A-Za-z0-9+/][A-Za-z0-9+/=:._,@-]*\n)*\n?$/);
    }),
    { numRuns: 2000 },
  );
});

test('a careless pattern lets no line break into a field', () => {
  const fields = [{ name: 'X', variable: 'X', pattern: /^(?:[^a]*)$/u }];
  const rules = { ...vxlanRules, backendData: { format: 'json' as const, fields } };
  const lease = makeLease('10.50.4.0/24', { backendType: 'vxlan', backendData: { X: 'one\ntwo' } });
  assert.match(refusal(lease, rules), /line break/);
});
