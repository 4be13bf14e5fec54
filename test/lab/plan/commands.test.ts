import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../../src/network/cidr.ts';
import {
  cutCommands,
  joinCommands,
  natRules,
  hostCommands,
  podBridgeCommands,
  podCommands,
  underlayCommands,
} from '../../../src/lab/plan/commands.ts';
import { planPodNetworks } from '../../../src/lab/plan/pod-networks.ts';
import type { UnderlayKind } from '../../../src/lab/plan/request.ts';
import type { NodePlan, Topology } from '../../../src/lab/plan/topology.ts';
import { builtInTopology } from '../../../src/lab/plan/underlay/built-in.ts';
import { planTopology } from '../../../src/lab/plan/underlay/plan-topology.ts';
import { modelOf } from './underlay/topology-text.ts';

function plan(underlay: UnderlayKind, etcd = false): { topology: Topology; node: NodePlan } {
  const networks = ['10.50.0.0/16', '2001:cafe:42::/56']
    .map(parseCidr)
    .filter((network) => network !== undefined);
  const model = builtInTopology(underlay, 1);
  const topology = planTopology({ underlay, model, networks, ...(etcd && { storeHost: 'etcd' }) });
  assert.ok(!('problem' in topology));
  const [node] = topology.nodes;
  assert.ok(node);
  return { topology, node };
}

test('a switched underlay is a bridge with a port for each node', () => {
  const { topology, node } = plan('switched');
  assert.deepEqual(underlayCommands(topology), [
    'netns add node1',
    'netns add node1-pod',
    'link add name underlay type bridge',
    'link set dev underlay up',
    'link add name node1 type veth peer name eth0 netns node1',
    'link set dev node1 master underlay up',
  ]);
  assert.deepEqual(hostCommands(node), [
    'link set lo up',
    'addr add 172.30.0.1/24 dev eth0',
    'addr add fd00:99::1/64 dev eth0 nodad',
    'link set dev eth0 up',
  ]);
});

test('etcd is one more port of the switch', () => {
  assert.deepEqual(underlayCommands(plan('switched', true).topology), [
    'netns add node1',
    'netns add etcd',
    'netns add node1-pod',
    'link add name underlay type bridge',
    'link set dev underlay up',
    'link add name node1 type veth peer name eth0 netns node1',
    'link set dev node1 master underlay up',
    'link add name etcd type veth peer name eth0 netns etcd',
    'link set dev etcd master underlay up',
  ]);
});

test('a routed underlay has the router’s addresses on the ports, and nodes route through them', () => {
  const { topology, node } = plan('routed');
  assert.deepEqual(underlayCommands(topology).slice(-4), [
    'link add name node1 type veth peer name eth0 netns node1',
    'link set dev node1 up',
    'addr add 172.30.1.254/24 dev node1',
    'addr add fd00:99:0:1::fe/64 dev node1 nodad',
  ]);
  assert.deepEqual(hostCommands(node).slice(-2), [
    'route add 0.0.0.0/0 via 172.30.1.254',
    'route add ::/0 via fd00:99:0:1::fe',
  ]);
});

test('joining gives a router the IPv6 address back that cutting took', () => {
  const { node, topology } = plan('routed');
  assert.deepEqual(cutCommands(node), ['link set dev node1 down']);
  assert.deepEqual(joinCommands(node, topology.segments), [
    'link set dev node1 up',
    'addr replace fd00:99:0:1::fe/64 dev node1 nodad',
  ]);
  const switched = plan('switched');
  assert.deepEqual(joinCommands(switched.node, switched.topology.segments), ['link set dev node1 up']);
});

test('a pod is connected as the subnet file says, at its MTU', () => {
  const { node } = plan('switched');
  const [network, subnet] = ['10.50.0.0/16', '10.50.7.0/24'].map(parseCidr);
  assert.ok(network && subnet);
  const environment = { ipv4: { network, subnet }, ipv6: undefined, mtu: 1450, ipMasq: false };
  const networks = planPodNetworks(environment);
  assert.deepEqual(podBridgeCommands(node, networks), [
    'link add name cbr0 mtu 1450 type bridge',
    'addr add 10.50.7.1/24 dev cbr0',
    'link add name pod mtu 1450 type veth peer name eth0 mtu 1450 netns node1-pod',
    'link set dev pod master cbr0 up',
    'link set dev cbr0 up',
  ]);
  assert.deepEqual(podCommands(networks), [
    'link set lo up',
    'addr add 10.50.7.2/24 dev eth0',
    'link set dev eth0 up',
    'route add 0.0.0.0/0 via 10.50.7.1',
  ]);
});

function planFile(document: object): Topology {
  const topology = planTopology({ underlay: 'file', model: modelOf(document), networks: [] });
  assert.ok(!('problem' in topology));
  return topology;
}

test('each segment of a file is a switch, and each link a port with its MTU', () => {
  const topology = planFile({
    Segments: { a: { MTU: 1400 }, b: {} },
    Nodes: { node1: { Links: [{ Segment: 'b' }, { Segment: 'a' }] } },
  });
  assert.deepEqual(underlayCommands(topology), [
    'netns add node1',
    'netns add node1-pod',
    'link add name a type bridge',
    'link set dev a up',
    'link add name b type bridge',
    'link set dev b up',
    'link add name node1 type veth peer name eth0 netns node1',
    'link set dev node1 master b up',
    'link add name node1.eth1 mtu 1400 type veth peer name eth1 mtu 1400 netns node1',
    'link set dev node1.eth1 master a up',
  ]);
  const [node] = topology.nodes;
  assert.ok(node);
  assert.deepEqual(hostCommands(node), [
    'link set lo up',
    'addr add 172.30.2.1/24 dev eth0',
    'link set dev eth0 up',
    'addr add 172.30.1.1/24 dev eth1',
    'link set dev eth1 up',
  ]);
  assert.deepEqual(cutCommands(node), ['link set dev node1 down', 'link set dev node1.eth1 down']);
});

test('NAT replaces addresses on the way out, and forwards what comes for the router', () => {
  const nat = {
    interface: 'eth0',
    outside: { ipv4: '203.0.113.254', ipv6: undefined },
    inside: { ipv4: '192.168.1.3', ipv6: undefined },
  };
  assert.equal(
    natRules(nat),
    [
      'table ip heddle-nat {',
      'chain prerouting { type nat hook prerouting priority -100; iifname "eth0" ip daddr 203.0.113.254 dnat to 192.168.1.3; }',
      'chain postrouting { type nat hook postrouting priority 100; oifname "eth0" snat to 203.0.113.254; }',
      '}',
      '',
    ].join('\n'),
  );
  const alone = natRules({ ...nat, inside: { ipv4: undefined, ipv6: undefined } });
  assert.doesNotMatch(alone, /dnat/);
});
