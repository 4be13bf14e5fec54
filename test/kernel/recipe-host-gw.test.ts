import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertBadLineFails, assertBatchEqualsSingles } from './harness/batch.ts';
import { dumpState, newIn, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { OverlayNode } from './harness/overlay-node.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { testTakeOverOfRoutes } from './harness/taken-routes.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const skip = reasonToSkip();
const recipe = readSoundRecipe('recipes/host-gw.json');

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/host-gw.json under ${shell.name}`, { skip }, () => {
    test("makes exactly the routes of flannel's backend, and they carry traffic", async (t) => {
      const nodes = await joinedNodes(t, recipe, { shell, families: 'dual-stack' });
      const [node1, node2] = nodes;
      assert.deepEqual(node1.published, { v4: undefined, v6: undefined });
      assert.deepEqual(await routesOf(node1.host), [
        '10.50.2.0/24 via 172.30.1.2 dev eth0 proto 104 metric 171049472',
        '10.50.3.0/24 via 172.30.1.3 dev eth0 proto 104 metric 171049728',
      ]);
      assert.deepEqual(await routesOf(node1.host, 6), [
        'fd00:50:0:2::/64 via fd00:99:1::2 dev eth0 proto 104 metric 1024 pref medium',
        'fd00:50:0:3::/64 via fd00:99:1::3 dev eth0 proto 104 metric 1024 pref medium',
      ]);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);

      // There is no overlay device that would have an address: a pod's stands in for it.
      for (const { host } of nodes) {
        await host.sh(`
          ip link add pods type bridge
          ip link set pods up
          ip address add 10.50.${host.number}.1/24 dev pods
          ip address add fd00:50:0:${host.number}::1/64 dev pods nodad
        `);
      }
      assert.equal(await ping(node1.host, '10.50.3.1', 1500), true);
      assert.equal(await ping(node1.host, 'fd00:50:0:3::1', 1500), true);
      await assertTcpPasses(node1.host, node2.host, '10.50.2.1');
    });

    test('a second run of any command changes nothing', async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell, families: 'dual-stack' });
      const before = await dumpState(node1.host);
      const told = await watchKernel(node1.host, () => runAgain(node1, [node2, node3]));
      assert.deepEqual(newIn(told, before), []);
      assert.deepEqual(await dumpState(node1.host), before);
      await node1.remove(node2);
      await node1.succeed('ShutdownCommand');
      const twice = async (): Promise<void> => {
        await node1.remove(node2);
        await node1.succeed('ShutdownCommand');
      };
      assert.deepEqual(await watchKernel(node1.host, twice), []);
    });

    test('a batch does what its lines would do one by one', async (t) => {
      await assertBatchEqualsSingles(t, recipe, shell, () => ({}), shell === dash ? 200 : 60);
    });

    test('a batch with a line that cannot be done fails and says why', async (t) => {
      await assertBadLineFails(t, recipe, shell, { publicIp: '172.30.9.9' }, /Nexthop has invalid gateway/);
    });

    test('removes and shutdown leave nothing', async (t) => {
      const [node1, node2, node3] = await threeNodes(t, recipe, { shell, families: 'dual-stack' });
      const before = await dumpState(node1.host);
      await runAgain(node1, [node2, node3]);
      for (const peer of [node2, node3]) await node1.remove(peer);
      await node1.succeed('ShutdownCommand');
      assert.deepEqual(await dumpState(node1.host), before);
    });

    test('MonitorCommand reports routes and the interface', async (t) => {
      const [node1] = await joinedNodes(t, recipe, { shell });
      const { host } = node1;
      await node1.monitor('203.0.113.1 via 172.30.1.254', async (listener) => {
        await host.sh('ip route delete 10.50.2.0/24');
        await listener.until(/^Deleted 10[.]50[.]2[.]0[/]24/);
        await host.sh('ip link set eth0 down');
        await listener.until(/: eth0@[^ ]+ <BROADCAST,MULTICAST> /);
      });
    });
  });
}

describe('recipes/host-gw.json', { skip }, () => {
  test('on a routed underlay, SubnetAdd says why it cannot be', async (t) => {
    const [node1, , node3] = await threeNodes(t, recipe, {}, [1, 1, 2]);
    await node1.start();
    await assert.rejects(
      node1.add(node3),
      /no route to 10[.]50[.]3[.]0[/]24: host-gw needs 172[.]30[.]2[.]3 on the same link as eth0/,
    );
    assert.deepEqual(await node1.check(), []);
  });

  test('a public address that the interface does not have is refused', async (t) => {
    const [node1] = await threeNodes(t, recipe, { publicIp: '198.51.100.7' });
    await assert.rejects(node1.start(), /eth0 does not have the public address 198[.]51[.]100[.]7/);
  });

  test('a peer whose route drifted is not listed any more, and SubnetAdd or SubnetBatch repairs it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe, { families: 'dual-stack' });
    const before = await dumpState(node1.host);
    const drift = [
      'ip route delete 10.50.2.0/24',
      'ip route replace 10.50.2.0/24 via 172.30.1.3 dev eth0',
      'ip -6 route delete fd00:50:0:2::/64',
      'ip -6 route replace fd00:50:0:2::/64 via fd00:99:1::3 dev eth0',
    ];
    const repairs = [() => node1.add(node2), () => node1.batch({ add: [node2, node3] })];
    for (const command of drift) {
      for (const repair of repairs) {
        await node1.host.sh(command);
        assert.deepEqual(await node1.check(), ['10.50.3.0/24'], command);
        await repair();
        assert.deepEqual(await dumpState(node1.host), before, command);
      }
    }
  });

  testTakeOverOfRoutes(recipe, 'via 172.30.1.2 dev eth0');

  test('a route without a metric is removed as well', async (t) => {
    const [node1, node2] = await joinedNodes(t, recipe);
    for (const remove of [() => node1.remove(node2), () => node1.batch({ remove: [node2] })]) {
      await node1.add(node2);
      await node1.host.sh(`
        ip route delete 10.50.2.0/24
        ip route add 10.50.2.0/24 via 172.30.1.2 dev eth0
      `);
      await remove();
      assert.deepEqual(await routesOf(node1.host), [
        '10.50.3.0/24 via 172.30.1.3 dev eth0 proto 104 metric 171049728',
      ]);
    }
  });

  for (const families of ['ipv4', 'ipv6', 'dual-stack'] as const) {
    test(`a peer that nobody remembers is listed, and its subnet is enough to remove it: ${families}`, async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { families });
      const subnetsOf = ({ host: { number } }: OverlayNode): string[] => [
        ...(families === 'ipv6' ? [] : [`10.50.${number}.0/24`]),
        ...(families === 'ipv4' ? [] : [`fd00:50:0:${number}::/64`]),
      ];
      const both = await allRoutes(node1);
      assert.deepEqual(await node1.check([node3]), [...subnetsOf(node2), node3.name].sort());
      for (const subnet of subnetsOf(node2)) await node1.removeStranger(subnet);
      assert.deepEqual(await node1.check([node3]), [node3.name]);
      assert.equal((await allRoutes(node1)).length, both.length / 2);
      await node1.add(node2);
      assert.deepEqual(await allRoutes(node1), both);
      await node1.batch({ forget: [...subnetsOf(node2), ...subnetsOf(node3)] });
      assert.deepEqual(await node1.check([]), []);
      assert.deepEqual(await allRoutes(node1), []);
    });
  }

  test('a forgotten route behind a better one of the operator is listed, and removed alone', async (t) => {
    const [node1, , node3] = await joinedNodes(t, recipe);
    const own = '10.50.2.0/24 via 172.30.1.254 dev eth0';
    await node1.host.sh(`ip route add ${own}`);
    assert.deepEqual(await node1.check([node3]), ['10.50.2.0/24', '10.50.3.0/24']);
    await node1.removeStranger('10.50.2.0/24');
    assert.deepEqual(await node1.check([node3]), ['10.50.3.0/24']);
    assert.deepEqual(await routesOf(node1.host), [
      own,
      '10.50.3.0/24 via 172.30.1.3 dev eth0 proto 104 metric 171049728',
    ]);
  });

  test('routes of an earlier version of the recipe are replaced without a moment in which there is none, and removed', async (t) => {
    const families = 'dual-stack';
    const [node1, node2, node3] = await joinedNodes(t, recipe, { families });
    const earlier = new OverlayNode(node1.host, readSoundRecipe('test/recipes/batch-host-gw.json'), {
      families,
    });
    await earlier.start();
    const before = await dumpState(node1.host);
    const makeEarlier = async (): Promise<void> => {
      for (const peer of [node2, node3]) await node1.remove(peer);
      for (const peer of [node2, node3]) await earlier.add(peer);
      assert.match((await allRoutes(node1))[0] ?? '', /^10\.50\.2\.0\/24 via 172\.30\.1\.2 dev eth0 metric/);
    };
    await makeEarlier();
    assert.deepEqual(await node1.check(), []);
    const told = await watchKernel(node1.host, () => runAgain(node1, [node2, node3]));
    for (const subnet of ['10.50.2.0/24', '10.50.3.0/24', 'fd00:50:0:2::/64', 'fd00:50:0:3::/64']) {
      const [first] = told.filter((line) => line.includes(subnet));
      assert.match(first ?? '', new RegExp(`^${subnet} via .* proto 104 `), told.join('\n'));
    }
    assert.deepEqual(await dumpState(node1.host), before);
    await makeEarlier();
    for (const peer of [node2, node3]) await node1.remove(peer);
    assert.deepEqual(await allRoutes(node1), []);
  });

  test('an interface that is down fails the check', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    await node1.host.sh('ip link set eth0 down');
    assert.deepEqual(await node1.check(), { broken: 'eth0 is gone or down' });
    await node1.host.sh('ip link set eth0 up');
    assert.deepEqual(await node1.check(), [], 'the kernel took the routes with it');
    await runAgain(node1, [node2, node3]);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
  });

  test("an operator's own routes are not listed, and outlive every command", async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe, { families: 'dual-stack' });
    await node1.host.sh(`
      ip route add 10.50.9.0/24 via 172.30.1.9 dev eth0
      ip route add 10.50.10.0/24 via 172.30.1.9 dev eth0 metric 171049728
      ip -6 route add fd00:50:0:9::/64 via fd00:99:1::9 dev eth0
    `);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
    await node1.host.sh('ip route replace 10.50.2.0/24 via 172.30.1.254 dev eth0');
    for (const peer of [node2, node3]) await node1.remove(peer);
    await node1.succeed('ShutdownCommand');
    assert.deepEqual(await routesOf(node1.host), [
      '10.50.10.0/24 via 172.30.1.9 dev eth0 metric 171049728',
      '10.50.2.0/24 via 172.30.1.254 dev eth0',
      '10.50.9.0/24 via 172.30.1.9 dev eth0',
    ]);
    assert.deepEqual(await routesOf(node1.host, 6), [
      'fd00:50:0:9::/64 via fd00:99:1::9 dev eth0 metric 1024 pref medium',
    ]);
  });
});

async function allRoutes({ host }: OverlayNode): Promise<readonly string[]> {
  return [...(await routesOf(host)), ...(await routesOf(host, 6))];
}

describe('a recipe with a SubnetBatchCommand of its own', { skip }, () => {
  const own = readSoundRecipe('test/recipes/batch-host-gw.json');

  test('does in a batch what its lines would do one by one', async (t) => {
    await assertBatchEqualsSingles(t, own, dash, () => ({}), 60);
  });

  test('fails with a line that cannot be done, and says why', async (t) => {
    await assertBadLineFails(t, own, dash, { publicIp: '172.30.9.9' }, /Nexthop has invalid gateway/);
  });
});
