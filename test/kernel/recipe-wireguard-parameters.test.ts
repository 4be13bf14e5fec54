import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { featureProblem } from '../../scripts/matrix/features.js';
import { dumpState, findDevice, routesOf } from './harness/kernel-state.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { reasonToSkip } from './harness/needs.ts';
import { OverlayNode } from './harness/overlay-node.ts';
import { joinedNodes, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { ping } from './harness/traffic.ts';
import { publicKeyOf, wireguardPeersOf } from './harness/wireguard.ts';

const isInKernel = featureProblem(['wireguard']) === undefined;
const skip = isInKernel ? reasonToSkip('wg') : reasonToSkip('wg', 'wireguard-go');
const recipe = readSoundRecipe('recipes/wireguard.json');

/** Puts a program before each one that the recipe runs, which notes its arguments. */
function recordCommandLines(t: TestContext) {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'command-lines');
  const path = process.env['PATH'] ?? '';
  for (const name of recipe.requires) {
    const text = `#!/bin/sh\necho "${name} $*" >>"${file}"\nPATH="${path}" exec ${name} "$@"\n`;
    writeFileSync(join(directory, name), text, { mode: 0o755 });
  }
  return { environment: { PATH: `${directory}:${path}` }, read: () => readFileSync(file, 'utf8') };
}

describe(
  "the parameters of recipes/wireguard.json, with the kernel's WireGuard or wireguard-go",
  { skip },
  () => {
    test('carries both families, each on a device of its own', async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { families: 'dual-stack' });
      const { host } = node1;
      assert.deepEqual(node1.published.v6, { PublicKey: publicKeyOf(node1), Port: 51821 });
      assert.deepEqual((await findDevice(host, 'flannel-wg-v6'))?.addresses, ['fd00:50:0:1::/128']);
      assert.deepEqual(
        await wireguardPeersOf(host, 'flannel-wg-v6'),
        [
          `${publicKeyOf(node2)} [fd00:99:1::2]:51821 fd00:50:0:2::/64 (none) off`,
          `${publicKeyOf(node3)} [fd00:99:1::3]:51821 fd00:50:0:3::/64 (none) off`,
        ].sort(),
      );
      assert.ok((await routesOf(host, 6)).includes('fd00:50::/48 dev flannel-wg-v6 metric 1024 pref medium'));
      assert.equal(await ping(host, '10.50.2.0'), true);
      assert.equal(await ping(host, 'fd00:50:0:2::'), true);
      await host.sh(`wg set flannel-wg-v6 peer ${publicKeyOf(node2)} remove`);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24'], 'a peer needs both families');
    });

    test('with IPv6 alone, publishes and checks IPv6 at ListenPortV6', async (t) => {
      const options = { families: 'ipv6', parameters: { ListenPortV6: 4501 } } as const;
      const [node1, node2] = await joinedNodes(t, recipe, options);
      assert.equal(await findDevice(node1.host, 'flannel-wg'), undefined);
      assert.deepEqual(node1.published.v6, { PublicKey: publicKeyOf(node1), Port: 4501 });
      assert.equal((await node1.host.lines('wg show flannel-wg-v6 listen-port'))[0], '4501');
      const peer = (await wireguardPeersOf(node1.host, 'flannel-wg-v6')).find((line) =>
        line.startsWith(publicKeyOf(node2)),
      );
      assert.equal(peer, `${publicKeyOf(node2)} [fd00:99:1::2]:4501 fd00:50:0:2::/64 (none) off`);
      assert.deepEqual(await node1.check(), ['fd00:50:0:2::/64', 'fd00:50:0:3::/64']);
      assert.equal(await ping(node1.host, 'fd00:50:0:3::'), true);
    });

    const endpoints = { auto: '172.30.1.2', ipv4: '172.30.1.2', ipv6: '[fd00:99:1::2]' };
    for (const [mode, address] of Object.entries(endpoints)) {
      test(`Mode ${mode} carries both families through one device`, async (t) => {
        const options = { families: 'dual-stack', parameters: { Mode: mode } } as const;
        const [node1, node2, node3] = await joinedNodes(t, recipe, options);
        const { host } = node1;
        assert.equal(await findDevice(host, 'flannel-wg-v6'), undefined);
        const device = await findDevice(host, 'flannel-wg');
        assert.deepEqual(device?.addresses, ['10.50.1.0/32', 'fd00:50:0:1::/128']);
        const peer = (await wireguardPeersOf(host)).find((line) => line.startsWith(publicKeyOf(node2)));
        assert.equal(peer, `${publicKeyOf(node2)} ${address}:51820 10.50.2.0/24,fd00:50:0:2::/64 (none) off`);
        assert.equal(await ping(host, '10.50.2.0'), true);
        assert.equal(await ping(host, 'fd00:50:0:2::'), true);
        assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
        const before = await dumpState(host);
        await node1.batch({ remove: [node2, node3] });
        assert.deepEqual(await wireguardPeersOf(host), []);
        await node1.batch({ add: [node2, node3] });
        assert.deepEqual(await dumpState(host), before);
        await node1.remove(node3);
        assert.deepEqual(await node1.check(), ['10.50.2.0/24']);
        await node1.removeStranger(node2.name);
        assert.deepEqual(await wireguardPeersOf(host), []);
      });
    }

    test('Mode auto goes over IPv6 where only that is public at both ends', async (t) => {
      const [node1, node2] = await threeNodes(t, recipe, {
        families: 'dual-stack',
        parameters: { Mode: 'auto' },
        publicIpv6Prefix: '2001:db8::',
      });
      await node1.start();
      await node2.start();
      for (const addAgain of [() => node1.add(node2), () => node1.batch({ add: [node2] })]) {
        await addAgain();
        assert.match((await wireguardPeersOf(node1.host))[0] ?? '', / \[2001:db8::2\]:51820 /);
        await node1.remove(node2);
      }
    });

    test('parameters set ports, keepalive, pre-shared key and MTU, and show on no command line', async (t) => {
      const psk = 'aGVkZGxlIGhlZGRsZSBoZWRkbGUgaGVkZGxlIGhlZGQ=';
      const parameters = { PSK: psk, ListenPort: 4500, PersistentKeepaliveInterval: 25, MTU: 1400 };
      const recorder = recordCommandLines(t);
      const { environment } = recorder;
      const [node1, node2, node3] = await joinedNodes(t, recipe, { parameters, environment });
      const { host } = node1;
      assert.equal((await findDevice(host, 'flannel-wg'))?.mtu, 1320);
      assert.equal(await ping(host, '10.50.2.0', 1320), true);
      assert.equal(await ping(host, '10.50.2.0', 1321), false);
      const peer = (await wireguardPeersOf(host)).find((line) => line.startsWith(publicKeyOf(node2)));
      assert.equal(peer, `${publicKeyOf(node2)} 172.30.1.2:4500 10.50.2.0/24 ${psk} 25`);
      assert.equal(await ping(host, '10.50.2.0'), true);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);

      const commandLines = recorder.read();
      assert.match(commandLines, /^wg addconf flannel-wg /m);
      for (const secret of [psk, (await host.sh('cat /run/state/flannel-wg.key')).trim()])
        assert.equal(commandLines.includes(secret), false);

      const without = new OverlayNode(host, recipe, { parameters: { ...parameters, PSK: '' } });
      await without.start();
      assert.deepEqual(await without.check([node2, node3]), [], 'the key of before is still set');
      await without.add(node2);
      assert.deepEqual(await without.check([node2, node3]), ['10.50.2.0/24']);
    });
  },
);
