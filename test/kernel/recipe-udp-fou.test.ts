import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { featureProblem } from '../../scripts/matrix/features.js';
import { dumpState, findDevice, routesOf } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { OverlayNode } from './harness/overlay-node.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const skip = reasonToSkip('socat', 'setsid') || featureProblem(['fou', 'ipip']);
const recipe = readSoundRecipe('recipes/udp.json');
const bothSubnets = ['10.50.2.0/24', '10.50.3.0/24'];
const programs = 'ls /run/state; ss -Huanp';

describe('recipes/udp.json with foo-over-udp', { skip }, () => {
  test('makes one device and one route for each peer, and the kernel carries the packets', async (t) => {
    const [node1, node2] = await joinedNodes(t, recipe, {}, [1, 1, 2]);
    const { host } = node1;
    const device = await findDevice(host, 'flannel0');
    assert.deepEqual([device?.kind, device?.mtu, device?.addresses], ['ipip', 1472, ['10.50.1.0/32']]);
    assert.match(
      await host.sh('ip -d link show dev flannel0'),
      / encap fou encap-sport 8285 encap-dport 8285 /,
    );
    assert.match(await host.sh('ip fou show'), /^port 8285 ipproto 4/m);
    assert.doesNotMatch(await host.sh(programs), /[.]pid|socat/);
    assert.deepEqual(await routesOf(host), [
      '10.50.2.0/24 via 172.30.1.2 dev flannel0 proto 104 metric 171049472 onlink',
      '10.50.3.0/24 via 172.30.2.3 dev flannel0 proto 104 metric 171049728 onlink',
    ]);
    assert.deepEqual(await node1.check(), bothSubnets);
    for (const peer of ['10.50.2.0', '10.50.3.0']) {
      assert.equal(await ping(host, peer, 1472), true);
      assert.equal(await ping(host, peer, 1473), false);
    }
    await assertTcpPasses(host, node2.host, '10.50.2.0');
  });

  test('a second run of any command changes nothing, and removes and shutdown leave nothing', async (t) => {
    const [node1, node2, node3] = await threeNodes(t, recipe);
    const everything = async () => [await dumpState(node1.host), await node1.host.sh('ip fou show')];
    const before = await everything();
    await runAgain(node1, [node2, node3]);
    const state = await everything();
    await runAgain(node1, [node2, node3]);
    assert.deepEqual(await everything(), state);
    await node1.remove(node2);
    await node1.remove(node2);
    assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
    await node1.succeed('ShutdownCommand');
    await node1.succeed('ShutdownCommand');
    assert.deepEqual(await everything(), before);
  });

  test('Port is the port at which the kernel listens, and to which it sends', async (t) => {
    const [node1] = await joinedNodes(t, recipe, { parameters: { Port: 9285 } });
    assert.match(await node1.host.sh('ip fou show'), /^port 9285 ipproto 4/m);
    assert.match(await node1.host.sh('ip -d link show dev flannel0'), / encap-sport 9285 encap-dport 9285 /);
    assert.equal(await ping(node1.host, '10.50.2.0', 1472), true);
  });

  test('reaches a node that has socat, in both directions', async (t) => {
    const [node1, node2] = await threeNodes(t, recipe);
    await node2.host.sh(`
      mkdir /run/programs
      printf '#!/bin/sh\\n[ "$1" != fou ] || exit 1\\nexec %s "$@"\\n' "$(command -v ip)" >/run/programs/ip
      chmod 755 /run/programs/ip`);
    const environment = { PATH: `/run/programs:${process.env['PATH'] ?? ''}` };
    const withSocat = new OverlayNode(node2.host, recipe, { environment });
    await node1.start();
    await withSocat.start();
    await node1.add(withSocat);
    await withSocat.add(node1);
    assert.equal((await findDevice(node1.host, 'flannel0'))?.kind, 'ipip');
    assert.equal((await findDevice(node2.host, 'flannel0'))?.kind, 'tun');
    await node2.host.until("ss -Huan | grep -q '172[.]30[.]1[.]2:8285 *172[.]30[.]1[.]1:8285'");
    assert.equal(await ping(node1.host, '10.50.2.0', 1472), true);
    assert.equal(await ping(node2.host, '10.50.1.0', 1472), true);
  });
});
