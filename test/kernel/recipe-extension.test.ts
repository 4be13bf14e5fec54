import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fdbOf, findDevice, neighboursOf, routesOf } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import type { OverlayNode } from './harness/overlay-node.ts';
import { joinedNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

function textOf(node: OverlayNode): string {
  const text = node.published.v4;
  assert.ok(typeof text === 'string');
  return text;
}

/*
 * Recipes of the shapes that flannel shipped for its extension backend: strings for `sh -c` with exports, backquotes,
 * pipes and `read`. That of wireguard makes its device in the kernel; where kernels lack it, a second recipe of the same
 * shape stands in, which starts wireguard-go instead.
 */
for (const shell of [dash, busyboxAsh]) {
  describe(`recipes of flannel's extension backend under ${shell.name}`, () => {
    test('vxlan', { skip: reasonToSkip('arp') }, async (t) => {
      const recipe = readSoundRecipe('test/recipes/extension-vxlan.json');
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell });
      const { host } = node1;
      const device = await findDevice(host, 'flannel-vxlan');
      assert.equal(device?.address, node1.published.v4);
      assert.deepEqual(await routesOf(host), [
        '10.50.2.0/24 via 10.50.2.0 dev flannel-vxlan onlink',
        '10.50.3.0/24 via 10.50.3.0 dev flannel-vxlan onlink',
      ]);
      const [mac2, mac3] = [node2, node3].map(textOf);
      assert.deepEqual(await neighboursOf(host, 'flannel-vxlan'), [
        `10.50.2.0 lladdr ${mac2} PERMANENT`,
        `10.50.3.0 lladdr ${mac3} PERMANENT`,
      ]);
      assert.deepEqual(
        await fdbOf(host, 'flannel-vxlan'),
        [`${mac2} dst 172.30.1.2 self permanent`, `${mac3} dst 172.30.1.3 self permanent`].sort(),
      );
      assert.equal(await ping(host, '10.50.3.0'), true);
      await assertTcpPasses(host, node2.host, '10.50.2.0');

      await node1.succeed('ShutdownCommand');
      assert.equal(await findDevice(host, 'flannel-vxlan'), undefined);
      assert.deepEqual(await routesOf(host), []);
    });

    test('host-gw', { skip: reasonToSkip() }, async (t) => {
      const recipe = readSoundRecipe('test/recipes/extension-host-gw.json');
      const [node1, node2] = await joinedNodes(t, recipe, { shell });
      assert.deepEqual(await routesOf(node1.host), [
        '10.50.2.0/24 via 172.30.1.2 dev eth0',
        '10.50.3.0/24 via 172.30.1.3 dev eth0',
      ]);
      await node1.remove(node2);
      assert.deepEqual(await routesOf(node1.host), ['10.50.3.0/24 via 172.30.1.3 dev eth0']);
    });

    test('wireguard, by wireguard-go', { skip: reasonToSkip('wg', 'wireguard-go') }, async (t) => {
      const recipe = readSoundRecipe('test/recipes/extension-wireguard-go.json');
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell });
      const { host } = node1;
      assert.equal(await host.sh('wg show flannel-wg public-key'), node1.published.v4);
      assert.equal(await host.sh('stat -c %a /run/state/privatekey'), '600');
      assert.equal(await ping(host, '10.50.3.0'), true);
      await assertTcpPasses(host, node2.host, '10.50.2.0');
      await node1.remove(node2);
      assert.deepEqual(await host.lines('wg show flannel-wg peers'), [textOf(node3)]);
      await node1.succeed('ShutdownCommand');
      assert.equal(await findDevice(host, 'flannel-wg'), undefined);
    });
  });
}

test('the recipe of wireguard in the kernel loads', () => {
  const { commands } = readSoundRecipe('test/recipes/extension-wireguard.json');
  assert.deepEqual(Object.keys(commands).sort(), [
    'PostStartupCommand',
    'PreStartupCommand',
    'ShutdownCommand',
    'SubnetAddCommand',
    'SubnetRemoveCommand',
  ]);
});
