import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import type { Recipe } from '../../src/recipe/recipe.ts';
import type { Host } from './harness/host.ts';
import { dumpState, findDevice, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { OverlayNode, type OverlayOptions } from './harness/overlay-node.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const libipsec = '/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so';
const skip =
  reasonToSkip('swanctl', '/usr/lib/ipsec/charon') || (!existsSync(libipsec) && `needs ${libipsec}`);
const recipe = readSoundRecipe('recipes/ipsec.json');
const psk = '0123456789abcdef'.repeat(6);
const parameters = { PSK: psk };

/** Asks the host's charon. */
const swanctl = 'cd /run/state; STRONGSWAN_CONF=/run/state/strongswan.conf swanctl';

/** Three nodes whose tunnels are up. */
async function connectedNodes(t: TestContext, options: OverlayOptions = {}, of: Recipe = recipe) {
  const nodes = await joinedNodes(t, of, { parameters, ...options });
  for (const { host } of nodes) await untilTunnels(host, options.families === 'dual-stack' ? 4 : 2);
  return nodes;
}

/** Prints a line for each peer with a tunnel that is up. Two nodes that begin at the same moment can have two tunnels. */
const connected = `${swanctl} --list-sas | awk '/^[^ ]/ { peer = $1 } /^  net:.* INSTALLED/ { print peer, $5, $6, $7 }' | sort -u`;

/** Waits until this many peers have tunnels that are up at a host. */
function untilTunnels(host: Host, count: number): Promise<void> {
  return host.until(`[ "$(${connected} | wc -l)" -eq ${count} ]`);
}

/** The tunnels of a host, each with the cipher of its packets. */
async function tunnelsOf(host: Host): Promise<readonly string[]> {
  const lines = await host.lines(connected);
  return lines.map((line) => line.replaceAll(',', ''));
}

const spis = (host: Host) =>
  host.lines(`${swanctl} --list-sas | awk '$1 == "in" || $1 == "out" { print $1, $2 }'`);
const charonOf = (host: Host) =>
  host.sh('readlink "/proc/$(cat /run/state/charon.pid)/exe"; cat /run/state/charon.pid');

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/ipsec.json under ${shell.name}`, { skip }, () => {
    test('makes a tunnel to each peer, which carries traffic in UDP', async (t) => {
      const [node1, node2] = await connectedNodes(t, { shell });
      const { host } = node1;
      const device = await findDevice(host, 'ipsec0');
      assert.equal(device?.mtu, 1399);
      assert.match(await host.sh('ip -4 -o address show dev lo'), / 10[.]50[.]1[.]0[/]32 /);
      assert.deepEqual(await routesOf(host), [
        '10.50.0.0/16 dev ipsec0 scope link',
        '10.50.2.0/24 dev ipsec0 proto static src 10.50.1.0',
        '10.50.3.0/24 dev ipsec0 proto static src 10.50.1.0',
      ]);
      assert.deepEqual(await tunnelsOf(host), [
        '10-50-2-0-24: INSTALLED TUNNEL-in-UDP ESP:AES_GCM_16-128',
        '10-50-3-0-24: INSTALLED TUNNEL-in-UDP ESP:AES_GCM_16-128',
      ]);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
      assert.equal(await ping(host, '10.50.3.0', 1399), true);
      assert.equal(await ping(host, '10.50.3.0', 1400), false);
      await assertTcpPasses(host, node2.host, '10.50.2.0');
    });

    test('a second run of any command changes nothing', async (t) => {
      const [node1, node2, node3] = await connectedNodes(t, { shell, families: 'dual-stack' });
      const { host } = node1;
      const [charon, before] = [await charonOf(host), await spis(host)];
      assert.deepEqual(await watchKernel(host, () => runAgain(node1, [node2, node3])), []);
      assert.deepEqual(await spis(host), before);
      assert.equal(await charonOf(host), charon);
      for (const round of ['first', 'second']) {
        await node1.remove(node2);
        await untilTunnels(host, 2);
        assert.deepEqual(await node1.check(), ['10.50.3.0/24'], round);
      }
      await node1.succeed('ShutdownCommand');
      const again = async (): Promise<void> => {
        await node1.remove(node3);
        await node1.succeed('ShutdownCommand');
      };
      assert.deepEqual(await watchKernel(host, again), []);
    });

    test('shutdown leaves nothing', async (t) => {
      const [node1, node2] = await threeNodes(t, recipe, { shell, families: 'dual-stack', parameters });
      const { host } = node1;
      const everything =
        'ip -o link; ip route; ip -6 route; ip rule; ls -A /run /run/state; ss -Hlnu; ss -Hlx';
      await host.sh('mkdir -p /run/state');
      const before = await host.lines(everything);
      await node2.start();
      await node1.start();
      await node1.add(node2);
      await node1.succeed('ShutdownCommand');
      assert.deepEqual(await host.lines(everything), before);
    });

    test('MonitorCommand reports the device and the route', async (t) => {
      const [node1] = await threeNodes(t, recipe, { shell, parameters });
      await node1.start();
      await node1.monitor('203.0.113.1 dev ipsec0', async (listener) => {
        await node1.host.sh('ip route delete 10.50.0.0/16');
        await listener.until(/^Deleted 10[.]50[.]0[.]0[/]16 dev ipsec0/);
        await node1.host.sh('ip link delete ipsec0');
        await listener.until(/^Deleted .*: ipsec0:/);
      });
    });
  });
}

describe('recipes/ipsec.json', { skip }, () => {
  for (const families of ['ipv6', 'dual-stack'] as const) {
    test(`carries ${families}`, async (t) => {
      const [node1, node2, node3] = await connectedNodes(t, { families });
      const { host } = node1;
      assert.deepEqual(await node1.check(), [node2.name, node3.name]);
      assert.equal(
        (await findDevice(host, 'ipsec0'))?.mtu,
        1379,
        'the MTU of IPv6, which is the smaller one',
      );
      assert.equal(await ping(host, 'fd00:50:0:3::', 1379), true);
      assert.equal(await ping(host, 'fd00:50:0:3::', 1380), false);
    });
  }

  test('a restart keeps charon and its tunnels', async (t) => {
    const [node1] = await connectedNodes(t);
    const [charon, before, state] = [
      await charonOf(node1.host),
      await spis(node1.host),
      await dumpState(node1.host),
    ];
    await node1.start();
    assert.equal(await charonOf(node1.host), charon);
    assert.deepEqual(await spis(node1.host), before);
    assert.deepEqual(await dumpState(node1.host), state);
  });

  test('ESPProposal decides about the packets, and the longest fit', async (t) => {
    const [node1] = await connectedNodes(t, { parameters: { PSK: psk, ESPProposal: 'aes256-sha512' } });
    assert.deepEqual(await tunnelsOf(node1.host), [
      '10-50-2-0-24: INSTALLED TUNNEL-in-UDP ESP:AES_CBC-256/HMAC_SHA2_512_256',
      '10-50-3-0-24: INSTALLED TUNNEL-in-UDP ESP:AES_CBC-256/HMAC_SHA2_512_256',
    ]);
    assert.equal(await ping(node1.host, '10.50.2.0', 1399), true);
  });

  test('MTU replaces the MTU of the interface, and one that charon cannot carry is refused', async (t) => {
    const [node1, node2] = await threeNodes(t, recipe, { parameters: { ...parameters, MTU: 1400 } });
    await node1.start();
    assert.equal((await findDevice(node1.host, 'ipsec0'))?.mtu, 1299);
    const large = new OverlayNode(node2.host, recipe, { parameters: { ...parameters, MTU: 9000 } });
    const { exitCode, stderr } = await large.run('PreStartupCommand');
    assert.equal(exitCode, 1);
    assert.match(stderr, /at most 1400 bytes: set the parameter MTU to 1500/);
  });

  test('PSK decides who is connected, and shows in no file and no log', async (t) => {
    const [node1, node2, node3] = await threeNodes(t, recipe, { parameters });
    const stranger = new OverlayNode(node3.host, recipe, { parameters: { PSK: 'f'.repeat(96) } });
    for (const node of [node1, node2, stranger]) await node.start();
    for (const peer of [node2, node3]) await node1.add(peer);
    await node2.add(node1);
    await stranger.add(node1);
    await untilTunnels(node1.host, 1);
    await stranger.host.until(`grep -q AUTHENTICATION_FAILED /run/state/charon.log`);
    assert.deepEqual(await stranger.check(), []);
    assert.equal(await ping(stranger.host, '10.50.1.0'), false);

    const hex = Buffer.from(psk).toString('hex');
    assert.equal(await node1.host.sh(`grep -rlE '${psk}|${hex}' /run/state || true`), '');

    // The right key is enough: SubnetAdd begins a tunnel that was refused again.
    await node3.start();
    await node3.add(node1);
    await untilTunnels(node3.host, 1);
    assert.deepEqual(await node3.check(), ['10.50.1.0/24']);
  });

  test('UDPEncap is a part of each connection', async (t) => {
    const [node1] = await threeNodes(t, recipe, { parameters: { ...parameters, UDPEncap: true } });
    await node1.start();
    assert.equal(await node1.host.sh('grep -c "encap = true" /run/state/swanctl.conf'), '1');
  });

  test('a peer that drifted is not listed any more, and SubnetAdd repairs it', async (t) => {
    const [node1, node2, node3] = await connectedNodes(t);
    const drift = [
      'ip route delete 10.50.2.0/24 dev ipsec0',
      `${swanctl} --terminate --force --ike 10-50-2-0-24 >/dev/null`,
      `rm /run/state/peers/10-50-2-0-24.conf; ${swanctl} --load-conns --file swanctl.conf >/dev/null`,
    ];
    for (const command of drift) {
      await node1.host.sh(command);
      await node1.host.until(`! (${swanctl} --list-sas | grep -q DELETING)`);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24'], command);
      await node1.add(node2);
      await node1.add(node3);
      await untilTunnels(node1.host, 2);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24'], command);
      assert.equal(await ping(node1.host, '10.50.2.0'), true, command);
    }
  });

  test('a network that is broken fails the check, and a new start repairs it', async (t) => {
    const [node1, node2, node3] = await connectedNodes(t);
    const broken = [
      'ip link delete ipsec0',
      'ip link set ipsec0 down',
      'ip link set ipsec0 mtu 1300',
      'ip address delete 10.50.1.0/32 dev lo',
      'ip route delete 10.50.0.0/16 dev ipsec0',
      'kill -KILL "$(cat /run/state/charon.pid)"',
    ];
    for (const command of broken) {
      await node1.host.sh(command);
      assert.ok('broken' in (await node1.check()), command);
      await runAgain(node1, [node2, node3]);
      await untilTunnels(node1.host, 2);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24'], command);
      assert.equal(await ping(node1.host, '10.50.2.0'), true, command);
    }
  });

  test('a peer that nobody remembers is listed, and its subnet is enough to remove it', async (t) => {
    const [node1, , node3] = await connectedNodes(t);
    assert.deepEqual(await node1.check([node3]), ['10.50.2.0/24', '10.50.3.0/24']);
    await node1.removeStranger('10.50.2.0/24');
    assert.deepEqual(await node1.check([node3]), ['10.50.3.0/24']);
    await untilTunnels(node1.host, 1);
  });

  test('a peer that does not answer is removed without waiting for it', async (t) => {
    const [node1, node2] = await connectedNodes(t, { families: 'dual-stack' });
    await node2.host.sh('kill -STOP "$(cat /run/state/charon.pid)"');
    await node1.remove(node2);
    assert.doesNotMatch(await node1.host.sh(`${swanctl} --list-sas`), /10-50-2-0-24|fd00-50-0-2---64/);
    assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
  });

  test("says so if the machine's own charon runs", async (t) => {
    const [node1] = await threeNodes(t, recipe, { parameters });
    await node1.host.sh(
      'mkdir -p /run/other; cd /run/other; setsid sh -c "/usr/lib/ipsec/charon &" >/dev/null 2>&1',
    );
    await node1.host.until('[ -s /run/charon.pid ]');
    const { exitCode, stderr } = await node1.run('PreStartupCommand');
    assert.equal(exitCode, 1);
    assert.match(stderr, /charon already running/);
  });
});
