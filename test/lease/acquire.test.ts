import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import { SubnetSurvey, type AcquisitionPlan } from '../../src/lease/acquire.ts';
import type { Lease, LeaseSubnets } from '../../src/lease/lease.ts';
import { leaseKey, parseLeaseKey } from '../../src/lease/wire.ts';
import { formatCidr, overlaps, parseAddress, parseCidr, type Cidr } from '../../src/network/cidr.ts';
import type { NetworkConfiguration, SubnetRange } from '../../src/network/configuration.ts';

function range(network: string, subnetLength: number, min: string, max: string): SubnetRange {
  const cidr = parseCidr(network);
  const subnetMin = parseAddress(min);
  const subnetMax = parseAddress(max);
  assert.ok(cidr && subnetMin && subnetMax);
  return { network: cidr, subnetLength, subnetMin, subnetMax };
}

const ipv4 = range('10.50.0.0/16', 24, '10.50.1.0', '10.50.255.0');
const ipv6 = range('2001:cafe:42::/56', 64, '2001:cafe:42:1::', '2001:cafe:42:ff::');
const small = range('10.60.0.0/24', 26, '10.60.0.64', '10.60.0.192');

function configure(four: SubnetRange | undefined, six?: SubnetRange): NetworkConfiguration {
  return { ipv4: four, ipv6: six, enableNftables: false };
}

function subnetsOf(key: string): LeaseSubnets {
  const subnets = parseLeaseKey(key);
  assert.ok(subnets, key);
  return subnets;
}

function lease(
  key: string,
  publicIp: string,
  options: { publicIpv6?: string; reserved?: boolean } = {},
): Lease {
  return {
    key,
    subnets: subnetsOf(key),
    attributes: {
      publicIp: publicIp === '' ? undefined : publicIp,
      publicIpv6: options.publicIpv6,
      backendType: 'vxlan',
      backendData: undefined,
      backendV6Data: undefined,
    },
    expiresAt: options.reserved === true ? undefined : 1_700_000_000_000,
  };
}

/** All that decides a node's subnets. */
interface AcquisitionInput {
  readonly configuration: NetworkConfiguration;
  readonly leases: readonly Lease[];
  readonly blocked: readonly LeaseSubnets[];
  readonly publicIp: string | undefined;
  readonly publicIpv6: string | undefined;
  readonly earlierKey: string | undefined;
  readonly hint: LeaseSubnets | undefined;
  readonly random: () => number;
}

function plan(changes: Partial<AcquisitionInput>): AcquisitionPlan {
  const { leases, blocked, earlierKey, hint, random, ...seeker }: AcquisitionInput = {
    configuration: configure(ipv4),
    leases: [],
    blocked: [],
    publicIp: '172.30.0.1',
    publicIpv6: undefined,
    earlierKey: undefined,
    hint: undefined,
    random: () => 0,
    ...changes,
  };
  const survey = new SubnetSurvey(seeker);
  for (const each of leases) survey.add(each, each.key === earlierKey);
  for (const subnets of blocked) survey.block(subnets);
  return survey.plan({ hint, random });
}

function createdKey(changes: Partial<AcquisitionInput>): string {
  const planned = plan(changes);
  assert.equal(planned.kind, 'create', JSON.stringify(planned.kind));
  return leaseKey(planned.subnets);
}

function reusedKey(changes: Partial<AcquisitionInput>): string {
  const planned = plan(changes);
  assert.equal(planned.kind, 'reuse');
  return planned.lease.key;
}

describe('a lease that carries the node’s public address', () => {
  test('is reused, before the subnet file is asked', () => {
    const leases = [lease('10.50.3.0-24', '172.30.0.2'), lease('10.50.7.0-24', '172.30.0.1')];
    assert.equal(reusedKey({ leases, hint: subnetsOf('10.50.9.0-24') }), '10.50.7.0-24');
  });

  test('counts as the node’s with another address where the node wrote it last', () => {
    const leases = [lease('10.50.3.0-24', '172.30.0.2'), lease('10.50.7.0-24', '172.30.0.9')];
    assert.equal(reusedKey({ leases, earlierKey: '10.50.7.0-24' }), '10.50.7.0-24');
    const hint = subnetsOf('10.50.7.0-24');
    const both = [lease('10.50.5.0-24', '172.30.0.1'), ...leases];
    assert.equal(reusedKey({ leases: both, earlierKey: '10.50.7.0-24', hint }), '10.50.7.0-24');
    assert.equal(createdKey({ leases, hint }), '10.50.1.0-24');
  });

  test('is reused when it is a reservation', () => {
    const leases = [lease('10.50.7.0-24', '172.30.0.1', { reserved: true })];
    assert.equal(reusedKey({ leases }), '10.50.7.0-24');
  });

  test('of several, the last run’s is reused, else the reservation, else the first', () => {
    const first = lease('10.50.3.0-24', '172.30.0.1');
    const last = lease('10.50.5.0-24', '172.30.0.1');
    const reserved = lease('10.50.7.0-24', '172.30.0.1', { reserved: true });
    assert.equal(
      reusedKey({ leases: [first, last, reserved], hint: subnetsOf('10.50.5.0-24') }),
      '10.50.5.0-24',
    );
    assert.equal(reusedKey({ leases: [first, last, reserved] }), '10.50.7.0-24');
    assert.equal(reusedKey({ leases: [first, last] }), '10.50.3.0-24');
  });

  test('is given up when it does not fit the configuration any more, and its subnet counts as free', () => {
    for (const key of ['10.50.0.0-24', '10.50.1.0-25', '10.51.1.0-24', '10.50.1.0-24&2001:cafe:42:1::-64']) {
      const misfit = lease(key, '172.30.0.1');
      const planned = plan({ leases: [misfit] });
      assert.equal(planned.kind, 'create', key);
      assert.deepEqual(planned.misfits, [misfit]);
      assert.equal(leaseKey(planned.subnets), '10.50.1.0-24');
    }
  });

  test('stays, and keeps its range, when it is a reservation that does not fit', () => {
    for (const key of ['10.50.1.0-25', '10.50.0.0-23', '10.51.1.0-24']) {
      const reserved = lease(key, '172.30.0.1', { reserved: true });
      const planned = plan({ leases: [reserved] });
      assert.equal(planned.kind, 'create', key);
      assert.deepEqual([planned.misfits, planned.unfitReservations], [[], [reserved]]);
      const [ours, theirs] = [planned.subnets.ipv4, reserved.subnets.ipv4];
      assert.ok(ours && theirs && !overlaps(ours, theirs));
    }
  });

  test('stays when it is a reservation that fits in one family only', () => {
    const configuration = configure(ipv4, ipv6);
    for (const key of [
      '10.50.1.0-24&2001:cafe:42:1::-72',
      '10.50.1.0-25&2001:cafe:42:1::-64',
      '10.51.0.0-24&2001:cafe:43:1::-64',
    ]) {
      const reserved = lease(key, '172.30.0.1', { publicIpv6: 'fd00:99::1', reserved: true });
      const planned = plan({ configuration, leases: [reserved], publicIpv6: 'fd00:99::1' });
      assert.equal(planned.kind, 'create', key);
      assert.deepEqual([planned.misfits, planned.unfitReservations], [[], [reserved]]);
      for (const family of ['ipv4', 'ipv6'] as const) {
        const [ours, theirs] = [planned.subnets[family], reserved.subnets[family]];
        assert.ok(ours && theirs && !overlaps(ours, theirs), `${key} ${family}`);
      }
    }
  });

  test('keeps its subnet of the family that still fits when a family is added or removed', () => {
    const before = lease('10.50.9.0-24', '172.30.0.1');
    const both = plan({ configuration: configure(ipv4, ipv6), leases: [before] });
    assert.equal(both.kind, 'create');
    assert.equal(leaseKey(both.subnets), '10.50.9.0-24&2001:cafe:42:1::-64');
    const dual = lease('10.50.9.0-24&2001:cafe:42:7::-64', '172.30.0.1', { publicIpv6: 'fd00:99::1' });
    const v4 = plan({ configuration: configure(ipv4), leases: [dual] });
    assert.equal(v4.kind === 'create' && leaseKey(v4.subnets), '10.50.9.0-24');
    const v6 = plan({ configuration: configure(undefined, ipv6), leases: [dual] });
    assert.equal(v6.kind === 'create' && leaseKey(v6.subnets), '0.0.0.0-0&2001:cafe:42:7::-64');
  });

  test('is known by its IPv6 address where it does not have an IPv4 address', () => {
    const own = lease('0.0.0.0-0&2001:cafe:42:5::-64', '', { publicIpv6: 'fd00:99::1' });
    const configuration = configure(undefined, ipv6);
    const request = { configuration, leases: [own], publicIpv6: 'fd00:99::1' };
    assert.equal(reusedKey({ ...request, publicIp: undefined }), own.key);
    assert.equal(reusedKey(request), own.key);
    assert.equal(plan({ ...request, publicIp: undefined, publicIpv6: undefined }).kind, 'create');
  });
});

describe('the subnet of the last run', () => {
  test('is taken if it is free', () => {
    assert.equal(createdKey({ hint: subnetsOf('10.50.9.0-24') }), '10.50.9.0-24');
  });

  test('is passed over if it does not fit, is leased in part, or is blocked', () => {
    assert.equal(createdKey({ hint: subnetsOf('10.50.0.0-24') }), '10.50.1.0-24');
    assert.equal(createdKey({ hint: subnetsOf('10.50.9.0-25') }), '10.50.1.0-24');
    assert.equal(
      createdKey({ hint: subnetsOf('10.50.9.0-24'), leases: [lease('10.50.9.128-25', '172.30.0.2')] }),
      '10.50.1.0-24',
    );
    assert.equal(
      createdKey({ hint: subnetsOf('10.50.9.0-24'), blocked: [subnetsOf('10.50.8.0-23')] }),
      '10.50.1.0-24',
    );
  });

  test('counts for each family by itself', () => {
    const configuration = configure(ipv4, ipv6);
    const hint = subnetsOf('10.50.9.0-24&2001:cafe:42:9::-64');
    assert.equal(createdKey({ configuration, hint }), leaseKey(hint));
    const leases = [lease('10.50.3.0-24&2001:cafe:42:9::-64', '172.30.0.2')];
    assert.equal(createdKey({ configuration, hint, leases }), '10.50.9.0-24&2001:cafe:42:1::-64');
  });
});

describe('a new subnet', () => {
  test('is one of the first hundred free ones', () => {
    assert.equal(createdKey({ random: () => 0 }), '10.50.1.0-24');
    assert.equal(createdKey({ random: () => 0.999_999 }), '10.50.100.0-24');
    assert.equal(createdKey({ random: () => 1 }), '10.50.100.0-24');
  });

  test('differs in both families or in none, where nodes start together and all leases have both', () => {
    const configuration = configure(ipv4, ipv6);
    const leases = [lease('10.50.3.0-24&2001:cafe:42:3::-64', '172.30.0.2')];
    const chances = Array.from({ length: 200 }, (_, index) => (index * 0.618_034) % 1);
    let draws = 0;
    const keys = chances.map(() =>
      createdKey({ configuration, leases, random: () => chances[draws++ % chances.length] ?? 0 }),
    );
    const pairs = [...new Set(keys)].map((key) => key.split('&'));
    assert.ok(pairs.length > 50);
    for (const family of [0, 1]) assert.equal(new Set(pairs.map((pair) => pair[family])).size, pairs.length);
  });

  test('is chosen in both families', () => {
    assert.equal(createdKey({ configuration: configure(ipv4, ipv6) }), '10.50.1.0-24&2001:cafe:42:1::-64');
    assert.equal(createdKey({ configuration: configure(undefined, ipv6) }), '0.0.0.0-0&2001:cafe:42:1::-64');
  });

  test('overlaps no lease of another length', () => {
    const leases = [
      lease('10.50.0.0-18', '172.30.0.2'),
      lease('10.50.64.64-30', '172.30.0.3'),
      lease('10.50.64.128-30', '172.30.0.4'),
    ];
    assert.equal(createdKey({ leases }), '10.50.65.0-24');
  });

  test('is refused with the numbers when none is left', () => {
    const leases = [
      lease('10.60.0.64-26', '172.30.0.2'),
      lease('10.60.0.128-26', '172.30.0.3', { reserved: true }),
      lease('10.99.0.0-24', '172.30.0.4'),
    ];
    const planned = plan({ configuration: configure(small), leases, blocked: [subnetsOf('10.60.0.192-27')] });
    assert.equal(planned.kind, 'exhausted');
    assert.deepEqual(
      { total: planned.total, leased: planned.leased, reserved: planned.reserved, blocked: planned.blocked },
      { total: 3, leased: 1, reserved: 1, blocked: 1 },
    );
    assert.equal(planned.range, small);
  });

  test('a lease over a vast range is stepped over at once', () => {
    const vast = range('fd00::/16', 112, 'fd00::1:0', 'fd00:ffff:ffff:ffff:ffff:ffff:ffff:0');
    const configuration = configure(undefined, vast);
    const leases = [lease('0.0.0.0-0&fd00::-17', '', { publicIpv6: 'fd99::2' })];
    assert.equal(createdKey({ configuration, leases }), '0.0.0.0-0&fd00:8000::-112');
    const full = plan({ configuration, leases: [lease('0.0.0.0-0&fc00::-7', '')] });
    assert.equal(full.kind, 'exhausted');
    assert.equal(full.total, 2 ** 96 - 1);
  });

  test('the last free one among fifty thousand is found', () => {
    const wide = range('10.0.0.0/8', 24, '10.0.1.0', '10.195.80.0');
    const leases: Lease[] = [];
    for (let slot = 1; slot < 50_000; slot += 1) {
      leases.push(lease(`10.${slot >> 8}.${slot & 255}.0-24`, '172.30.0.2'));
    }
    assert.equal(createdKey({ configuration: configure(wide), leases }), '10.195.80.0-24');
  });
});

test('a plan never overlaps, stays in its range, and gives up exactly when nothing is free', () => {
  const wide = range('10.70.0.0/24', 28, '10.70.0.16', '10.70.0.240');
  const subnetIn = fc.tuple(fc.nat(255), fc.integer({ min: 24, max: 31 })).map(([last, prefix]): Cidr => {
    const size = 2 ** (32 - prefix);
    return { family: 4, value: 0x0a46_0000n + BigInt(Math.floor(last / size) * size), prefix };
  });
  const some = fc.array(fc.oneof({ weight: 9, arbitrary: subnetIn.filter((s) => s.prefix > 26) }, subnetIn), {
    maxLength: 40,
  });
  fc.assert(
    fc.property(some, subnetIn, fc.double({ min: 0, max: 1, noNaN: true }), (taken, hint, random) => {
      const leases = taken.map((subnet, index) =>
        lease(leaseKey({ ipv4: subnet, ipv6: undefined }), '172.30.0.9', { reserved: index % 3 === 0 }),
      );
      const free: string[] = [];
      for (let last = 16; last <= 240; last += 16) {
        const candidate: Cidr = { family: 4, value: 0x0a46_0000n + BigInt(last), prefix: 28 };
        if (!taken.some((subnet) => overlaps(subnet, candidate))) free.push(formatCidr(candidate));
      }
      const planned = plan({
        configuration: configure(wide),
        leases,
        hint: { ipv4: hint, ipv6: undefined },
        random: () => random,
      });
      if (planned.kind === 'exhausted') {
        assert.deepEqual(free, []);
        assert.equal(planned.total, 15);
        return;
      }
      assert.ok(planned.kind === 'create' && planned.subnets.ipv4 !== undefined);
      const chosen = formatCidr(planned.subnets.ipv4);
      assert.ok(free.includes(chosen), `${chosen} is not one of ${free.join(' ')}`);
      if (free.includes(formatCidr(hint))) assert.equal(chosen, formatCidr(hint));
    }),
    { numRuns: 500 },
  );
});

test('a lease of this node under the subnets that it asks for decides alone, whatever else the store has', () => {
  const address = fc.constantFrom('172.30.0.1', '172.30.0.2', '');
  const entry = fc.record({
    number: fc.nat(9),
    length: fc.constantFrom(23, 24, 25),
    address,
    reserved: fc.boolean(),
  });
  const random = fc.double({ min: 0, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 8 }), entry, random, (others, asked, chance) => {
      const make = ({ number, length, address, reserved }: typeof asked): Lease =>
        lease(`10.50.${number * 2}.0-${length}`, address, { reserved });
      const own = make(asked);
      const leases = [...others.map(make).filter(({ key }) => key !== own.key), own];
      const input = { hint: own.subnets, random: () => chance };
      const [alone, whole] = [plan({ ...input, leases: [own] }), plan({ ...input, leases })];
      if (alone.kind !== 'reuse' || alone.misfits.length > 0) return;
      assert.ok(whole.kind === 'reuse');
      assert.equal(whole.lease, own);
    }),
    { numRuns: 1000, seed: 17 },
  );
});
