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
} from '../../../../src/network/cidr.ts';
import { presentValues } from '../../../../src/network/per-family.ts';
import { nodeBounds, type UnderlayKind } from '../../../../src/lab/plan/request.ts';
import { addressesOf, hostsOf, linksOf, moveHost, type Topology } from '../../../../src/lab/plan/topology.ts';
import { builtInTopology } from '../../../../src/lab/plan/underlay/built-in.ts';
import { planTopology, type PlanProblem } from '../../../../src/lab/plan/underlay/plan-topology.ts';
import { modelOf } from './topology-text.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed, text);
  return parsed;
}

function tryPlan(
  nodes: number,
  underlay: UnderlayKind,
  networks: readonly string[],
  storeHost?: string,
): Topology | PlanProblem {
  const model = builtInTopology(underlay, nodes);
  return planTopology({ underlay, model, networks: networks.map(cidr), storeHost });
}

function plan(nodes: number, underlay: UnderlayKind, ...networks: string[]): Topology {
  return planned(tryPlan(nodes, underlay, networks));
}

function planned(topology: Topology | PlanProblem): Topology {
  assert.ok(!('problem' in topology), JSON.stringify(topology));
  return topology;
}

/** Plans the topology of a file. */
function planFile(document: object, ...networks: string[]): Topology | PlanProblem {
  return planTopology({ underlay: 'file', model: modelOf(document), networks: networks.map(cidr) });
}

test('nodes of a switched underlay share one segment and need no router', () => {
  const { nodes, segments, routers } = plan(3, 'switched', '10.50.0.0/16');
  assert.deepEqual(
    nodes.map(({ name, pod, ipv4, ipv6, routes }) => ({ name, pod, ipv4, ipv6, routes })),
    [1, 2, 3].map((number) => ({
      name: `node${number}`,
      pod: `node${number}-pod`,
      ipv4: { address: `172.30.0.${number}`, prefix: 24 },
      ipv6: undefined,
      routes: [],
    })),
  );
  assert.deepEqual(segments, [{ kind: 'switch', name: 'underlay' }]);
  assert.deepEqual(routers, []);
  assert.deepEqual(nodes[0]?.links, [
    {
      name: 'node1:eth0',
      host: 'node1',
      interface: 'eth0',
      port: 'node1',
      segment: 'underlay',
      impairment: { mtu: undefined, loss: undefined, rate: undefined, delay: undefined },
      ipv4: { address: '172.30.0.1', prefix: 24 },
      ipv6: undefined,
    },
  ]);
});

test('nodes of a routed underlay have a cable to the lab’s own router each, in both families', () => {
  const { nodes, segments, routers } = plan(2, 'routed', '10.50.0.0/16', '2001:cafe:42::/56');
  const [, second] = nodes;
  assert.deepEqual(second?.ipv4, { address: '172.30.2.1', prefix: 24 });
  assert.deepEqual(second.ipv6, { address: 'fd00:99:0:2::1', prefix: 64 });
  assert.deepEqual(second.routes, [
    { destination: '0.0.0.0/0', via: '172.30.2.254' },
    { destination: '::/0', via: 'fd00:99:0:2::fe' },
  ]);
  assert.deepEqual(segments[1], {
    kind: 'cable',
    name: 'cable2',
    routers: {
      ipv4: { address: '172.30.2.254', prefix: 24 },
      ipv6: { address: 'fd00:99:0:2::fe', prefix: 64 },
    },
  });
  assert.equal(segments.length, 2, 'the cable of a store that is not there is not made');
  assert.deepEqual(routers, []);
});

test('the only node of a routed underlay has a default route', () => {
  assert.deepEqual(plan(1, 'routed', '10.50.0.0/16').nodes[0]?.routes, [
    { destination: '0.0.0.0/0', via: '172.30.1.254' },
  ]);
});

test('the host of the store has a place of its own, away from every node', () => {
  const withStore = (underlay: UnderlayKind): Topology =>
    planned(tryPlan(50, underlay, ['fd00::/64'], 'etcd'));
  const switched = withStore('switched').storeHost;
  assert.deepEqual(switched?.ipv4, { address: '172.30.0.200', prefix: 24 });
  assert.deepEqual(switched.ipv6, { address: 'fd00:99::c8', prefix: 64 });
  const routed = withStore('routed').storeHost;
  assert.deepEqual(routed?.ipv4, { address: '172.30.200.1', prefix: 24 });
  assert.equal(routed.routes[0]?.via, '172.30.200.254');
  assert.deepEqual(
    hostsOf(withStore('routed')).map(({ name }) => name),
    [...Array.from({ length: 50 }, (_, index) => `node${index + 1}`), 'etcd'],
  );
});

test('the underlay keeps out of the way of the overlay', () => {
  assert.equal(plan(1, 'switched', '172.16.0.0/12').nodes[0]?.ipv4.address, '192.168.0.1');
  assert.equal(plan(1, 'switched', '172.30.128.0/20').nodes[0]?.ipv4.address, '192.168.0.1');
  assert.equal(plan(1, 'switched', '10.0.0.0/8', 'fd00::/16').nodes[0]?.ipv6?.address, 'fd99:99::1');
});

test('an overlay that takes everything leaves no underlay', () => {
  assert.deepEqual(tryPlan(1, 'switched', ['0.0.0.0/0']), { problem: 'exhausted', family: 4 });
  assert.deepEqual(tryPlan(1, 'switched', ['::/0']), { problem: 'exhausted', family: 6 });
});

test('a segment of a file may not overlap the overlay, and must have room', () => {
  const document = {
    Segments: { lan: { IPv4: '192.0.2.0/30' } },
    Nodes: Object.fromEntries([1, 2, 3].map((n) => [`node${n}`, { Links: [{ Segment: 'lan' }] }])),
  };
  assert.deepEqual(planFile(document, '10.50.0.0/16'), {
    problem: 'full',
    segment: 'lan',
    subnet: '192.0.2.0/30',
  });
  assert.deepEqual(planFile(document, '192.0.0.0/16'), {
    problem: 'overlaps',
    segment: 'lan',
    subnet: '192.0.2.0/30',
  });
});

test('an MTU that is too small for IPv6 is refused only with IPv6', () => {
  const document = { Segments: { lan: { MTU: 1200 } }, Nodes: { node1: { Links: [{ Segment: 'lan' }] } } };
  planned(planFile(document, '10.50.0.0/16'));
  assert.deepEqual(planFile(document, 'fd00:50::/48'), {
    problem: 'small-mtu',
    link: 'node1:eth0',
    mtu: 1200,
  });
});

test('addresses of a file stay, and others take what is free', () => {
  const topology = planned(
    planFile(
      {
        Segments: { lan: { IPv4: '192.0.2.0/28' } },
        Nodes: {
          node1: { Links: [{ Segment: 'lan' }] },
          node2: { Links: [{ Segment: 'lan', IPv4: '192.0.2.1' }] },
        },
      },
      '10.50.0.0/16',
    ),
  );
  assert.deepEqual(
    topology.nodes.map(({ ipv4 }) => ipv4.address),
    ['192.0.2.2', '192.0.2.1'],
  );
});

const behindNat = {
  Segments: { internet: { IPv4: '203.0.113.0/24' }, home: {}, cellar: {} },
  Nodes: {
    node1: { Links: [{ Segment: 'internet' }] },
    node2: { Links: [{ Segment: 'cellar' }] },
  },
  Routers: {
    box: {
      Links: [{ Segment: 'home' }, { Segment: 'internet' }],
      NAT: { Outside: 'internet' },
    },
    stairs: { Links: [{ Segment: 'home' }, { Segment: 'cellar' }] },
  },
};

test('a segment behind NAT has a way out, but not in', () => {
  const { nodes, routers } = planned(planFile(behindNat, '10.50.0.0/16'));
  assert.deepEqual(nodes[0]?.routes, []);
  assert.deepEqual(nodes[1]?.routes, [{ destination: '0.0.0.0/0', via: '172.30.3.253' }]);
  const [box, stairs] = routers;
  assert.deepEqual(box?.routes, [{ destination: '0.0.0.0/0', via: '172.30.2.253' }]);
  assert.deepEqual(stairs?.routes, [{ destination: '0.0.0.0/0', via: '172.30.2.254' }]);
  assert.equal(box.nat?.interface, 'eth1');
  assert.equal(box.nat.outside.ipv4, '203.0.113.254');
});

test('a node that a router forwards to has the public address of the router', () => {
  const { nodes, routers } = planned(
    planFile(
      {
        Segments: { internet: { IPv4: '203.0.113.0/24' }, home: {} },
        Nodes: { node1: { Links: [{ Segment: 'internet' }] }, node2: { Links: [{ Segment: 'home' }] } },
        Routers: {
          box: {
            Links: [{ Segment: 'internet' }, { Segment: 'home' }],
            NAT: { Outside: 'internet', Forward: 'node2' },
          },
        },
      },
      '10.50.0.0/16',
    ),
  );
  assert.equal(nodes[0]?.publicAddresses.ipv4, '203.0.113.1');
  assert.equal(nodes[1]?.publicAddresses.ipv4, '203.0.113.254');
  assert.equal(nodes[1].ipv4.address, '172.30.2.2');
  assert.equal(routers[0]?.nat?.inside.ipv4, '172.30.2.2');
});

test('ways by different routers are routes of their own', () => {
  const { nodes } = planned(
    planFile(
      {
        Segments: {
          a: { IPv4: '192.0.2.0/26' },
          b: { IPv4: '192.0.2.64/26' },
          c: { IPv4: '192.0.2.128/26' },
        },
        Nodes: { node1: { Links: [{ Segment: 'b' }] } },
        Routers: {
          west: { Links: [{ Segment: 'a' }, { Segment: 'b' }] },
          east: { Links: [{ Segment: 'b' }, { Segment: 'c' }] },
        },
      },
      '10.50.0.0/16',
    ),
  );
  assert.deepEqual(nodes[0]?.routes, [
    { destination: '192.0.2.0/26', via: '192.0.2.66' },
    { destination: '192.0.2.128/26', via: '192.0.2.67' },
  ]);
});

test('a host that moves keeps its other links', () => {
  const { nodes } = planned(
    planFile(
      {
        Segments: { a: {}, b: {} },
        Nodes: { node1: { Links: [{ Segment: 'a' }, { Segment: 'b' }] } },
      },
      '10.50.0.0/16',
    ),
  );
  const [node] = nodes;
  assert.ok(node);
  assert.deepEqual(addressesOf(node), ['172.30.1.1', '172.30.2.1']);
  assert.deepEqual(addressesOf(moveHost(node)), ['172.30.1.101', '172.30.2.1']);
});

test('addresses are distinct, and none lies in the overlay, whatever the overlay is', () => {
  const networks = fc
    .tuple(fc.bigInt(0n, 0xffff_ffffn), fc.integer({ min: 4, max: 28 }))
    .map(([value, prefix]) => networkOf({ family: 4, value }, prefix));
  const size = fc.integer({ min: nodeBounds.minimum, max: nodeBounds.maximum });
  fc.assert(
    fc.property(networks, size, fc.constantFrom('switched', 'routed'), (network, nodes, underlay) => {
      const model = builtInTopology(underlay, nodes);
      const topology = planTopology({ underlay, model, networks: [network] });
      if ('problem' in topology) return;
      const addresses = [
        ...topology.nodes.flatMap(addressesOf),
        ...topology.segments.flatMap((segment) =>
          segment.kind === 'cable' ? presentValues(segment.routers).map(({ address }) => address) : [],
        ),
      ];
      assert.equal(new Set(addresses).size, addresses.length);
      for (const text of addresses) {
        const address = parseAddress(text);
        assert.ok(address);
        assert.ok(!contains(network, address), `${text} is in ${formatCidr(network)}`);
        assert.ok(!overlaps(network, networkOf(address, 24)));
      }
    }),
    { seed: 18 },
  );
});

/** A chain of segments with a router between neighbours, and nodes at random places. */
const chains = fc.record({
  length: fc.integer({ min: 1, max: 8 }),
  places: fc.array(fc.nat(7), { minLength: 1, maxLength: 10 }),
});

test('in a chain of segments, every route leads one router nearer, and no address is there twice', () => {
  fc.assert(
    fc.property(chains, ({ length, places }) => {
      const names = Array.from({ length }, (_, index) => `s${index}`);
      const topology = planned(
        planFile(
          {
            Segments: Object.fromEntries(names.map((name) => [name, {}])),
            Nodes: Object.fromEntries(
              places.map((place, index) => [
                `node${index + 1}`,
                { Links: [{ Segment: `s${place % length}` }] },
              ]),
            ),
            Routers: Object.fromEntries(
              names
                .slice(1)
                .map((name, index) => [
                  `r${index}`,
                  { Links: [{ Segment: `s${index}` }, { Segment: name }] },
                ]),
            ),
          },
          '10.50.0.0/16',
        ),
      );
      const links = linksOf(topology);
      const addresses = links.map(({ ipv4 }) => ipv4?.address);
      assert.equal(new Set(addresses).size, addresses.length);
      assert.equal(new Set(links.map(({ port }) => port)).size, links.length);
      for (const host of hostsOf(topology)) {
        for (const { via } of host.routes) {
          const gateway = links.find(({ ipv4 }) => ipv4?.address === via);
          assert.ok(
            gateway && host.links.some(({ segment }) => segment === gateway.segment),
            `${host.name} ${via}`,
          );
          assert.notEqual(gateway.host, host.name);
        }
      }
      for (const node of topology.nodes) assert.equal(node.routes.length > 0, length > 1);
    }),
    { seed: 18 },
  );
});
