import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCidr } from '../../../src/network/cidr.ts';
import {
  cutCommands,
  joinCommands,
  hostCommands,
  podBridgeCommands,
  podCommands,
  underlayCommands,
} from '../../../src/lab/plan/commands.ts';
import { planPodNetworks } from '../../../src/lab/plan/pod-networks.ts';
import type { UnderlayKind } from '../../../src/lab/plan/request.ts';
import { planTopology, type NodePlan, type Topology } from '../../../src/lab/plan/topology.ts';

function plan(underlay: UnderlayKind, etcd = false): { topology: Topology; node: NodePlan } {
  const networks = ['10.50.0.0/16', '2001:cafe:42::/56']
    .map(parseCidr)
    .filter((network) => network !== undefined);
  const topology = planTopology({ nodes: 1, underlay, networks, ...(etcd && { storeHost: 'etcd' }) });
  assert.ok(!('exhausted' in topology));
  const [node] = topology.nodes;
  assert.ok(node);
  return { topology, node };
}

test('a switched underlay is a bridge with a port for each node', () => {
  const { topology, node } = plan('switched');
  assert.deepEqual(underlayCommands(topology), [
    'netns add node1',
    'netns add node1-pod',
    'link add underlay type bridge',
    'link set underlay up',
    'link add node1 type veth peer name eth0 netns node1',
    'link set node1 master underlay up',
  ]);
  assert.deepEqual(hostCommands(node), [
    'link set lo up',
    'addr add 172.30.0.1/24 dev eth0',
    'addr add fd00:99::1/64 dev eth0 nodad',
    'link set eth0 up',
  ]);
});

test('etcd is one more port of the switch', () => {
  assert.deepEqual(underlayCommands(plan('switched', true).topology), [
    'netns add node1',
    'netns add etcd',
    'netns add node1-pod',
    'link add underlay type bridge',
    'link set underlay up',
    'link add node1 type veth peer name eth0 netns node1',
    'link set node1 master underlay up',
    'link add etcd type veth peer name eth0 netns etcd',
    'link set etcd master underlay up',
  ]);
});

test('a routed underlay has the router’s addresses on the ports, and nodes route through them', () => {
  const { topology, node } = plan('routed');
  assert.deepEqual(underlayCommands(topology).slice(-4), [
    'link add node1 type veth peer name eth0 netns node1',
    'link set node1 up',
    'addr add 172.30.1.254/24 dev node1',
    'addr add fd00:99:0:1::fe/64 dev node1 nodad',
  ]);
  assert.deepEqual(hostCommands(node).slice(-2), [
    'route add 0.0.0.0/0 via 172.30.1.254',
    'route add ::/0 via fd00:99:0:1::fe',
  ]);
});

test('joining gives a router the IPv6 address back that cutting took', () => {
  const { node } = plan('routed');
  assert.deepEqual(cutCommands(node), ['link set node1 down']);
  assert.deepEqual(joinCommands(node), [
    'link set node1 up',
    'addr replace fd00:99:0:1::fe/64 dev node1 nodad',
  ]);
  assert.deepEqual(joinCommands(plan('switched').node), ['link set node1 up']);
});

test('a pod is connected as the subnet file says, at its MTU', () => {
  const { node } = plan('switched');
  const [network, subnet] = ['10.50.0.0/16', '10.50.7.0/24'].map(parseCidr);
  assert.ok(network && subnet);
  const environment = { ipv4: { network, subnet }, ipv6: undefined, mtu: 1450, ipMasq: false };
  const networks = planPodNetworks(environment);
  assert.deepEqual(podBridgeCommands(node, networks), [
    'link add cbr0 mtu 1450 type bridge',
    'addr add 10.50.7.1/24 dev cbr0',
    'link add pod mtu 1450 type veth peer name eth0 mtu 1450 netns node1-pod',
    'link set pod master cbr0 up',
    'link set cbr0 up',
  ]);
  assert.deepEqual(podCommands(networks), [
    'link set lo up',
    'addr add 10.50.7.2/24 dev eth0',
    'link set eth0 up',
    'route add 0.0.0.0/0 via 10.50.7.1',
  ]);
});
