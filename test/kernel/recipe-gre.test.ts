import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { featureProblem } from '../../scripts/matrix/features.js';
import { dumpState, findDevice, neighboursOf, newIn, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const recipe = readSoundRecipe('recipes/gre.json');
const skip = reasonToSkip() || featureProblem(['gre', 'ip6gre']);
const bothSubnets = ['10.50.2.0/24', '10.50.3.0/24'];
const dual = { families: 'dual-stack' } as const;

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/gre.json under ${shell.name}`, { skip }, () => {
    test("a peer's neighbour has its IP address, its IPv6 route has one too, and packets of the MTU pass", async (t) => {
      const [node1, node2] = await joinedNodes(t, recipe, { ...dual, shell }, [1, 1, 2]);
      const { host } = node1;
      const devices = await Promise.all(
        ['flannel.gre', 'flannel.gre-v6'].map((name) => findDevice(host, name)),
      );
      assert.deepEqual(
        devices.map((device) => [device?.kind, device?.mtu, device?.addresses]),
        [
          ['gre', 1476, ['10.50.1.0/32']],
          ['ip6gre', 1456, ['fd00:50:0:1::/128']],
        ],
      );
      assert.deepEqual(await neighboursOf(host, 'flannel.gre'), [
        '10.50.2.0 lladdr 172.30.1.2 PERMANENT',
        '10.50.3.0 lladdr 172.30.2.3 PERMANENT',
      ]);
      assert.deepEqual(await routesOf(host), [
        '10.50.2.0/24 via 10.50.2.0 dev flannel.gre proto 104 metric 171049472 onlink',
        '10.50.3.0/24 via 10.50.3.0 dev flannel.gre proto 104 metric 171049728 onlink',
      ]);
      assert.deepEqual(await node1.check(), bothSubnets);
      const sizes = { '10.50.2.0': 1476, '10.50.3.0': 1476, 'fd00:50:0:2::': 1456, 'fd00:50:0:3::': 1456 };
      for (const [peer, size] of Object.entries(sizes)) {
        assert.equal(await ping(host, peer, size), true, peer);
        assert.equal(await ping(host, peer, size + 1), false, peer);
        assert.equal(await ping(host, peer, size), true, `${peer} after a packet that is too large`);
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

describe('recipes/gre.json', { skip }, () => {
  test('with IPv6 alone, packets of the MTU pass', async (t) => {
    const [node1] = await joinedNodes(t, recipe, { families: 'ipv6' });
    assert.equal(await findDevice(node1.host, 'flannel.gre'), undefined);
    assert.equal(await ping(node1.host, 'fd00:50:0:2::', 1456), true);
    assert.equal(await ping(node1.host, 'fd00:50:0:2::', 1457), false);
  });

  const drift = {
    'its route deleted': 'ip route delete 10.50.2.0/24',
    'its route led astray': 'ip route replace 10.50.2.0/24 via 172.30.1.3 dev eth0',
    'its neighbour deleted': 'ip neigh delete 10.50.2.0 dev flannel.gre',
    'its neighbour of another host':
      'ip neigh replace 10.50.2.0 lladdr 172.30.1.3 dev flannel.gre nud permanent',
    'its IPv6 route deleted': 'ip route delete fd00:50:0:2::/64',
    'its IPv6 route led astray': 'ip route add fd00:50:0:2::/64 via fd00:99:1::3 dev eth0 metric 1',
    'its IPv6 route led to another host':
      'ip route replace fd00:50:0:2::/64 encap ip6 dst fd00:99:1::3 src fd00:99:1::1 hoplimit 64 dev flannel.gre-v6 proto 104 metric 1024',
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
    'the device deleted': 'ip link delete flannel.gre',
    'the IPv6 device deleted': 'ip link delete flannel.gre-v6',
    'the device down': 'ip link set flannel.gre down',
    'its MTU changed': 'ip link set flannel.gre mtu 1300',
    'its address deleted': 'ip address delete 10.50.1.0/32 dev flannel.gre',
    'another local address':
      'ip link delete flannel.gre; ip link add flannel.gre up type gre local 172.30.1.77 ttl 64',
    'another kind': 'ip link delete flannel.gre; ip link add flannel.gre up type bridge',
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

  test('what is left of a peer that nobody remembers is listed, and its subnet is enough to remove it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    assert.deepEqual(await node1.check([node3]), bothSubnets);
    await node1.host.sh('ip route delete 10.50.2.0/24');
    assert.deepEqual(await node1.check([node3]), bothSubnets, 'its neighbour is left');
    await node1.removeStranger(node2.name);
    assert.deepEqual(await node1.check([node3]), ['10.50.3.0/24']);
    assert.deepEqual(await neighboursOf(node1.host, 'flannel.gre'), [
      '10.50.3.0 lladdr 172.30.1.3 PERMANENT',
    ]);
  });
});
