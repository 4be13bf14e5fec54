import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { featureProblem } from '../../scripts/matrix/features.js';
import { dumpState, findDevice, newIn, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { OverlayNode } from './harness/overlay-node.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { testTakeOverOfRoutes } from './harness/taken-routes.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const recipe = readSoundRecipe('recipes/ipip.json');
const skip = reasonToSkip() || featureProblem(['ipip']);
const bothSubnets = ['10.50.2.0/24', '10.50.3.0/24'];

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/ipip.json under ${shell.name}`, { skip }, () => {
    test("makes exactly the entries of flannel's backend, and they carry traffic", async (t) => {
      const [node1, node2] = await joinedNodes(t, recipe, { shell }, [1, 1, 2]);
      const { host } = node1;
      const device = await findDevice(host, 'flannel.ipip');
      assert.deepEqual([device?.kind, device?.mtu], ['ipip', 1480]);
      assert.deepEqual(device?.addresses, ['10.50.1.0/32']);
      const { proto, remote, local } = device.details;
      assert.deepEqual([proto, remote, local], ['ipip', 'any', '172.30.1.1']);
      assert.deepEqual(node1.published, { v4: undefined, v6: undefined });
      assert.deepEqual(await routesOf(host), [
        '10.50.2.0/24 via 172.30.1.2 dev flannel.ipip proto 104 metric 171049472 onlink',
        '10.50.3.0/24 via 172.30.2.3 dev flannel.ipip proto 104 metric 171049728 onlink',
      ]);
      assert.deepEqual(await node1.check(), bothSubnets);
      for (const peer of ['10.50.2.0', '10.50.3.0']) {
        assert.equal(await ping(host, peer, 1480), true);
        assert.equal(await ping(host, peer, 1481), false);
      }
      await assertTcpPasses(host, node2.host, '10.50.2.0');
    });

    test('a second run of any command changes nothing, and removes and shutdown leave nothing', async (t) => {
      const [node1, node2, node3] = await threeNodes(t, recipe, { shell });
      const before = await dumpState(node1.host);
      await runAgain(node1, [node2, node3]);
      const state = await dumpState(node1.host);
      const told = await watchKernel(node1.host, () => runAgain(node1, [node2, node3]));
      assert.deepEqual(newIn(told, state), []);
      assert.deepEqual(await dumpState(node1.host), state);
      await node1.batch({ remove: [node2] });
      await node1.remove(node2);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
      await node1.succeed('ShutdownCommand');
      await node1.succeed('ShutdownCommand');
      assert.deepEqual(await dumpState(node1.host), before);
    });
  });
}

describe('recipes/ipip.json', { skip }, () => {
  test('DirectRouting: a peer on the same link is reached on the interface, one behind a router is not', async (t) => {
    const options = { parameters: { DirectRouting: true } };
    const [node1, node2, node3] = await joinedNodes(t, recipe, options, [1, 1, 2]);
    const direct = [
      '10.50.2.0/24 via 172.30.1.2 dev eth0 proto 104 metric 171049472 onlink',
      '10.50.3.0/24 via 172.30.2.3 dev flannel.ipip proto 104 metric 171049728 onlink',
    ];
    assert.deepEqual(await routesOf(node1.host), direct);
    assert.deepEqual(await node1.check(), bothSubnets);
    assert.equal(await ping(node1.host, '10.50.2.0', 1500), true);
    assert.equal(await ping(node1.host, '10.50.3.0', 1480), true);

    const tunnelled = new OverlayNode(node1.host, recipe);
    assert.deepEqual(await tunnelled.check([node2, node3]), ['10.50.3.0/24']);
    await runAgain(tunnelled, [node2, node3]);
    assert.deepEqual(await tunnelled.check(), bothSubnets);
    assert.deepEqual(
      await node1.check([node2, node3]),
      ['10.50.3.0/24'],
      'what is there is of the other form',
    );
    await runAgain(node1, [node2, node3]);
    assert.deepEqual(await routesOf(node1.host), direct);
  });

  testTakeOverOfRoutes(recipe, 'via 172.30.1.2 dev flannel.ipip onlink');

  const drift = {
    'its route deleted': 'ip route delete 10.50.2.0/24',
    'its route led astray': 'ip route replace 10.50.2.0/24 via 172.30.1.3 dev eth0',
    'its route on another device':
      'ip route replace 10.50.2.0/24 via 172.30.1.2 dev eth0 proto 104 metric 171049472',
  };
  test('a peer that drifted is not listed any more, and SubnetAdd repairs it', async (t) => {
    const [node1, node2] = await joinedNodes(t, recipe);
    const before = await dumpState(node1.host);
    for (const [what, command] of Object.entries(drift)) {
      await node1.host.sh(command);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24'], what);
      await node1.batch({ add: [node2] });
      assert.deepEqual(await dumpState(node1.host), before, what);
    }
  });

  const broken = {
    'the device deleted': 'ip link delete flannel.ipip',
    'the device down': 'ip link set flannel.ipip down',
    'its MTU changed': 'ip link set flannel.ipip mtu 1300',
    'its address deleted': 'ip address delete 10.50.1.0/32 dev flannel.ipip',
    'another local address':
      'ip link delete flannel.ipip; ip link add flannel.ipip type ipip local 172.30.1.77; ip link set flannel.ipip up',
    'another kind': 'ip link delete flannel.ipip; ip link add flannel.ipip up type bridge',
  };
  test('a network that is broken fails the check, and a new start repairs it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
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

  test('a network with IPv6 is refused, and nothing is made', async (t) => {
    const [node1] = await threeNodes(t, recipe, { families: 'dual-stack' });
    await assert.rejects(node1.start(), /ipip carries IPv4 only; set EnableIPv6 to false/);
    assert.equal(await findDevice(node1.host, 'flannel.ipip'), undefined);
  });
});
