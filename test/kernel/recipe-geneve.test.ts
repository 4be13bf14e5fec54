import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { featureProblem } from '../../scripts/matrix/features.js';
import { dumpState, findDevice, newIn, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const recipe = readSoundRecipe('recipes/geneve.json');
const skip = reasonToSkip() || featureProblem(['geneve']);
const bothSubnets = ['10.50.2.0/24', '10.50.3.0/24'];
const dual = { families: 'dual-stack' } as const;

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/geneve.json under ${shell.name}`, { skip }, () => {
    test('a peer is one route for each family, and packets of the MTU pass', async (t) => {
      const [node1, node2] = await joinedNodes(t, recipe, { ...dual, shell }, [1, 1, 2]);
      const { host } = node1;
      const device = await findDevice(host, 'flannel.gnv');
      assert.deepEqual([device?.kind, device?.mtu], ['geneve', 1430]);
      assert.deepEqual(device?.addresses, ['10.50.1.0/32', 'fd00:50:0:1::/128']);
      assert.deepEqual(await routesOf(host), [
        '10.50.2.0/24  encap ip id 1 src 172.30.1.1 dst 172.30.1.2 ttl 64 tos 0 dev flannel.gnv proto 104 scope link metric 171049472',
        '10.50.3.0/24  encap ip id 1 src 172.30.1.1 dst 172.30.2.3 ttl 64 tos 0 dev flannel.gnv proto 104 scope link metric 171049728',
      ]);
      assert.deepEqual(await node1.check(), bothSubnets);
      for (const peer of ['10.50.2.0', '10.50.3.0', 'fd00:50:0:2::', 'fd00:50:0:3::']) {
        assert.equal(await ping(host, peer, 1430), true, peer);
        assert.equal(await ping(host, peer, 1431), false, peer);
        assert.equal(await ping(host, peer, 1430), true, `${peer} after a packet that is too large`);
      }
      await assertTcpPasses(host, node2.host, '10.50.2.0');
    });

    test('a second run of any command changes nothing, and removes and shutdown leave nothing', async (t) => {
      const [node1, node2, node3] = await threeNodes(t, recipe, { ...dual, shell });
      const before = await dumpState(node1.host);
      await runAgain(node1, [node2, node3]);
      const state = await dumpState(node1.host);
      const told = await watchKernel(node1.host, () => runAgain(node1, [node2, node3]));
      assert.deepEqual(newIn(told, state), []);
      assert.deepEqual(await dumpState(node1.host), state);
      await node1.batch({ remove: [node2] });
      await node1.remove(node2);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
      await node1.removeStranger('10.50.3.0/24');
      await node1.removeStranger('fd00:50:0:3::/64');
      await node1.succeed('ShutdownCommand');
      await node1.succeed('ShutdownCommand');
      assert.deepEqual(await dumpState(node1.host), before);
    });
  });
}

describe('recipes/geneve.json', { skip }, () => {
  test('with IPv4 alone, the MTU is larger; Port is the port of both ends', async (t) => {
    const [node1] = await joinedNodes(t, recipe, { parameters: { Port: 6082 } });
    const device = await findDevice(node1.host, 'flannel.gnv');
    assert.deepEqual([device?.mtu, device?.details['port']], [1450, 6082]);
    assert.equal(await ping(node1.host, '10.50.2.0', 1450), true);
    assert.equal(await ping(node1.host, '10.50.2.0', 1451), false);
    assert.equal(await ping(node1.host, '10.50.2.0', 1450), true, 'after a packet that is too large');
  });

  test('with IPv6 alone, packets of the MTU pass', async (t) => {
    const [node1] = await joinedNodes(t, recipe, { families: 'ipv6' });
    assert.equal((await findDevice(node1.host, 'flannel.gnv'))?.mtu, 1430);
    assert.equal(await ping(node1.host, 'fd00:50:0:2::', 1430), true);
    assert.equal(await ping(node1.host, 'fd00:50:0:2::', 1431), false);
  });

  const route4 = '10.50.2.0/24 dev flannel.gnv proto 104 metric 171049472';
  const route6 = 'fd00:50:0:2::/64 dev flannel.gnv proto 104 metric 1024';
  const drift = {
    'its route deleted': 'ip route delete 10.50.2.0/24',
    'its IPv6 route deleted': 'ip route delete fd00:50:0:2::/64',
    'its route led to another host': `ip route replace ${route4} encap ip id 1 dst 172.30.1.3 src 172.30.1.1 ttl 64`,
    'its IPv6 route led to another host': `ip route replace ${route6} encap ip6 id 1 dst fd00:99:1::3 src fd00:99:1::1 hoplimit 64`,
    'its route led astray': 'ip route replace 10.50.2.0/24 via 172.30.1.3 dev eth0',
    'its IPv6 route led astray': 'ip route add fd00:50:0:2::/64 via fd00:99:1::3 dev eth0 metric 1',
    'its route without a TTL': `ip route replace ${route4} encap ip id 1 dst 172.30.1.2 src 172.30.1.1`,
    'its route without encapsulation': `ip route replace ${route4}`,
  };
  test('a peer that drifted is not listed any more, and SubnetAdd repairs it', async (t) => {
    const [node1, node2] = await joinedNodes(t, recipe, dual);
    const before = await dumpState(node1.host);
    for (const [what, command] of Object.entries(drift)) {
      await node1.host.sh(command);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24'], what);
      await node1.batch({ add: [node2] });
      assert.deepEqual(await dumpState(node1.host), before, what);
    }
  });

  const broken = {
    'the device deleted': 'ip link delete flannel.gnv',
    'the device down': 'ip link set flannel.gnv down',
    'its MTU changed': 'ip link set flannel.gnv mtu 1300',
    'its address deleted': 'ip address delete 10.50.1.0/32 dev flannel.gnv',
    'another port':
      'ip link delete flannel.gnv; ip link add flannel.gnv up type geneve dstport 6099 external innerprotoinherit',
    'another kind': 'ip link delete flannel.gnv; ip link add flannel.gnv up type bridge',
  };
  test('a network that is broken fails the check, and a new start repairs it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe, dual);
    for (const [what, command] of Object.entries(broken)) {
      await node1.host.sh(command);
      assert.ok('broken' in (await node1.check()), what);
      await runAgain(node1, [node2, node3]);
      assert.deepEqual(await node1.check(), bothSubnets, what);
      assert.equal(await ping(node1.host, '10.50.2.0'), true, what);
    }
  });

  test('a peer that nobody remembers is listed, and its subnet is enough to remove it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    assert.deepEqual(await node1.check([node3]), bothSubnets);
    await node1.removeStranger(node2.name);
    assert.deepEqual(await node1.check([node3]), ['10.50.3.0/24']);
  });
});
