import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  contains,
  formatCidr,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
  type Cidr,
} from '../../../src/network/cidr.ts';
import { presentValues } from '../../../src/network/per-family.ts';
import { hostsOf, planTopology, type Topology } from '../../../src/lab/plan/topology.ts';
import { nodeBounds } from '../../../src/lab/plan/request.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed, text);
  return parsed;
}

function plan(nodes: number, underlay: 'switched' | 'routed', ...networks: string[]): Topology {
  const topology = planTopology({ nodes, underlay, networks: networks.map(cidr) });
  assert.ok(!('exhausted' in topology));
  return topology;
}

test('nodes of a switched underlay share one segment and need no router', () => {
  const { nodes } = plan(3, 'switched', '10.50.0.0/16');
  assert.deepEqual(nodes, [
    {
      name: 'node1',
      pod: 'node1-pod',
      ipv4: { address: '172.30.0.1', prefix: 24, router: undefined },
      ipv6: undefined,
    },
    {
      name: 'node2',
      pod: 'node2-pod',
      ipv4: { address: '172.30.0.2', prefix: 24, router: undefined },
      ipv6: undefined,
    },
    {
      name: 'node3',
      pod: 'node3-pod',
      ipv4: { address: '172.30.0.3', prefix: 24, router: undefined },
      ipv6: undefined,
    },
  ]);
});

test('nodes of a routed underlay have a segment and a router each, in both families', () => {
  const { nodes } = plan(2, 'routed', '10.50.0.0/16', '2001:cafe:42::/56');
  assert.deepEqual(nodes[1], {
    name: 'node2',
    pod: 'node2-pod',
    ipv4: { address: '172.30.2.1', prefix: 24, router: '172.30.2.254' },
    ipv6: { address: 'fd00:99:0:2::1', prefix: 64, router: 'fd00:99:0:2::fe' },
  });
});

test('the host of the store has a place of its own, away from every node', () => {
  const plan = (underlay: 'switched' | 'routed'): Topology => {
    const topology = planTopology({ nodes: 50, underlay, networks: [cidr('fd00::/64')], storeHost: 'etcd' });
    assert.ok(!('exhausted' in topology));
    return topology;
  };
  assert.deepEqual(plan('switched').storeHost, {
    name: 'etcd',
    ipv4: { address: '172.30.0.200', prefix: 24, router: undefined },
    ipv6: { address: 'fd00:99::c8', prefix: 64, router: undefined },
  });
  assert.deepEqual(plan('routed').storeHost?.ipv4, {
    address: '172.30.200.1',
    prefix: 24,
    router: '172.30.200.254',
  });
  assert.deepEqual(
    hostsOf(plan('routed')).map(({ name }) => name),
    [...Array.from({ length: 50 }, (_, index) => `node${index + 1}`), 'etcd'],
  );
});

test('the underlay keeps out of the way of the overlay', () => {
  assert.equal(plan(1, 'switched', '172.16.0.0/12').nodes[0]?.ipv4.address, '192.168.0.1');
  assert.equal(plan(1, 'switched', '172.30.128.0/20').nodes[0]?.ipv4.address, '192.168.0.1');
  assert.equal(plan(1, 'switched', '10.0.0.0/8', 'fd00::/16').nodes[0]?.ipv6?.address, 'fd99:99::1');
});

test('an overlay that takes everything leaves no underlay', () => {
  assert.deepEqual(planTopology({ nodes: 1, underlay: 'switched', networks: [cidr('0.0.0.0/0')] }), {
    exhausted: 4,
  });
  assert.deepEqual(planTopology({ nodes: 1, underlay: 'switched', networks: [cidr('::/0')] }), {
    exhausted: 6,
  });
});

test('addresses are distinct, and none lies in the overlay, whatever the overlay is', () => {
  const networks = fc
    .tuple(fc.bigInt(0n, 0xffff_ffffn), fc.integer({ min: 4, max: 28 }))
    .map(([value, prefix]) => networkOf({ family: 4, value }, prefix));
  const size = fc.integer({ min: nodeBounds.minimum, max: nodeBounds.maximum });
  fc.assert(
    fc.property(networks, size, fc.constantFrom('switched', 'routed'), (network, nodes, underlay) => {
      const topology = planTopology({ nodes, underlay, networks: [network] });
      if ('exhausted' in topology) return;
      const attachments = topology.nodes.flatMap((host) => presentValues(host));
      const addresses = attachments.flatMap(({ address, router }) =>
        router ? [address, router] : [address],
      );
      assert.equal(new Set(addresses).size, addresses.length);
      for (const text of addresses) {
        const address = parseAddress(text);
        assert.ok(address);
        assert.ok(!contains(network, address), `${text} is in ${formatCidr(network)}`);
        assert.ok(!overlaps(network, networkOf(address, 24)));
      }
    }),
  );
});
