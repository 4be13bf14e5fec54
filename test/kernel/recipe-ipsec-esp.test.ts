import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { featureProblem } from '../../scripts/matrix/features.js';
import type { Host } from './harness/host.ts';
import { findDevice, routesOf } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { type OverlayOptions } from './harness/overlay-node.ts';
import { threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const skip = reasonToSkip('swanctl', '/usr/lib/ipsec/charon') || featureProblem(['esp', 'xfrm']);
const recipe = readSoundRecipe('recipes/ipsec.json');
const psk = '0123456789abcdef'.repeat(6);

/** Two nodes whose tunnel is up. */
async function connectedNodes(
  t: TestContext,
  parameters: Record<string, string | boolean | number> = {},
  families: OverlayOptions['families'] = 'ipv4',
) {
  const [node1, node2] = await threeNodes(t, recipe, { families, parameters: { PSK: psk, ...parameters } });
  await Promise.all([node1.start(), node2.start()]);
  await node1.add(node2);
  await node2.add(node1);
  const policies = families === 'dual-stack' ? 2 : 1;
  for (const { host } of [node1, node2])
    await host.until(`[ "$(ip xfrm policy | grep -c 'dir out')" -eq ${policies} ]`);
  return [node1, node2] as const;
}

/** What the kernel knows of the tunnels. */
const statesOf = (host: Host) => host.sh('ip xfrm state');

describe("recipes/ipsec.json with the kernel's ESP", { skip }, () => {
  test('the kernel encrypts, behind an xfrm interface, and a removed peer and shutdown leave nothing', async (t) => {
    const [node1, node2] = await connectedNodes(t, {}, 'dual-stack');
    const { host } = node1;
    const device = await findDevice(host, 'ipsec0');
    assert.deepEqual([device?.kind, device?.mtu], ['xfrm', 1379]);
    assert.deepEqual(await routesOf(host), [
      '10.50.0.0/16 dev ipsec0 scope link',
      '10.50.2.0/24 dev ipsec0 proto static src 10.50.1.0',
    ]);
    const states = await statesOf(host);
    assert.match(states, /^src 172[.]30[.]1[.]1 dst 172[.]30[.]1[.]2\n\tproto esp /m);
    assert.match(states, /^src fd00:99:1::1 dst fd00:99:1::2\n\tproto esp /m);
    assert.match(states, /if_id 0x68656464/);
    assert.equal(await ping(host, '10.50.2.0', 1379), true);
    assert.equal(await ping(host, '10.50.2.0', 1380), false);
    assert.equal(await ping(host, 'fd00:50:0:2::', 1379), true);
    await assertTcpPasses(host, node2.host, '10.50.2.0');
    await node1.remove(node2);
    // charon's own sockets, which IKE passes in plain text, keep their policies.
    assert.equal(await host.sh('ip xfrm state; ip xfrm policy list nosock'), '');
    await node1.succeed('ShutdownCommand');
    assert.equal(await findDevice(host, 'ipsec0'), undefined);
  });

  test('without UDPEncap packets travel as ESP, with it in UDP', async (t) => {
    const [plain] = await connectedNodes(t);
    assert.doesNotMatch(await statesOf(plain.host), /encap type/);
    assert.equal(await ping(plain.host, '10.50.2.0'), true);
    const [encapsulated] = await connectedNodes(t, { UDPEncap: true });
    assert.match(await statesOf(encapsulated.host), /^\tencap type espinudp sport 4500 dport 4500 /m);
    assert.equal(await ping(encapsulated.host, '10.50.2.0'), true);
  });

  test('ESPProposal chooses the ciphers of the kernel, and MTU the size of the packets', async (t) => {
    const [usual] = await connectedNodes(t);
    assert.match(await statesOf(usual.host), /^\taead rfc4106\(gcm\(aes\)\) 0x[0-9a-f]{40} 128$/m);
    const [node1] = await connectedNodes(t, { ESPProposal: 'aes256-sha512', MTU: 1400 });
    const states = await statesOf(node1.host);
    assert.match(states, /^\tauth-trunc hmac\(sha512\) 0x[0-9a-f]{128} 256$/m);
    assert.match(states, /^\tenc cbc\(aes\) 0x[0-9a-f]{64}$/m);
    assert.equal((await findDevice(node1.host, 'ipsec0'))?.mtu, 1299);
    assert.equal(await ping(node1.host, '10.50.2.0', 1299), true);
    assert.equal(await ping(node1.host, '10.50.2.0', 1300), false);
  });
});
