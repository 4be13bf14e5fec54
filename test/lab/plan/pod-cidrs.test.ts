import assert from 'node:assert/strict';
import { test } from 'node:test';
import { assignPodCidrs } from '../../../src/lab/plan/pod-cidrs.ts';
import type { NetworkConfiguration, SubnetRange } from '../../../src/network/configuration.ts';
import { parseCidr, type Cidr } from '../../../src/network/cidr.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed;
}

function range(network: string, first: string, last: string): SubnetRange {
  const subnetMin = cidr(first);
  return { network: cidr(network), subnetLength: subnetMin.prefix, subnetMin, subnetMax: cidr(last) };
}

const ipv4 = range('10.50.0.0/16', '10.50.1.0/24', '10.50.255.0/24');
const ipv6 = range('fd00:50::/48', 'fd00:50:0:1::/64', 'fd00:50:0:ffff::/64');

function assign(families: Partial<NetworkConfiguration>, count: number): ReturnType<typeof assignPodCidrs> {
  const nodes = Array.from({ length: count }, (_, index) => ({ name: `node${index + 1}` }));
  return assignPodCidrs({ ipv4: undefined, ipv6: undefined, enableNftables: false, ...families }, nodes);
}

test('each node gets the next subnet of each family', () => {
  assert.deepEqual(assign({ ipv4 }, 2), { node1: ['10.50.1.0/24'], node2: ['10.50.2.0/24'] });
  assert.deepEqual(assign({ ipv6 }, 1), { node1: ['fd00:50:0:1::/64'] });
  assert.deepEqual(assign({ ipv4, ipv6 }, 2), {
    node1: ['10.50.1.0/24', 'fd00:50:0:1::/64'],
    node2: ['10.50.2.0/24', 'fd00:50:0:2::/64'],
  });
});

test('the subnets have the length, the first and the last of the network configuration', () => {
  const odd = range('10.50.0.0/16', '10.50.16.0/20', '10.50.32.0/20');
  assert.deepEqual(assign({ ipv4: odd }, 2), { node1: ['10.50.16.0/20'], node2: ['10.50.32.0/20'] });
});

test('a family with fewer subnets than nodes is reported with their number', () => {
  const two = range('10.50.0.0/22', '10.50.1.0/24', '10.50.2.0/24');
  assert.deepEqual(assign({ ipv4: two }, 3), { available: 2n });
  const one = range('fd00:50::/62', 'fd00:50:0:1::/64', 'fd00:50:0:1::/64');
  assert.deepEqual(assign({ ipv4, ipv6: one }, 2), { available: 1n });
});
