import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Host } from './harness/host.ts';
import { assertBadLineFails, assertBatchEqualsSingles } from './harness/batch.ts';
import { dumpState, findDevice, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { OverlayNode } from './harness/overlay-node.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';
import { publicKeyOf, wireguardPeersOf } from './harness/wireguard.ts';

const skip = reasonToSkip('wg', 'wireguard-go');
const recipe = readSoundRecipe('recipes/wireguard.json');

/** Prints a line for each wireguard-go that runs on any host of the set. */
const wireguardGo = `grep -hx wireguard-go /proc/[0-9]*/comm || true`;

/** Some key that is nobody's. */
function madeUpKey(number: number): string {
  return Buffer.alloc(32, number).toString('base64');
}

/** The peers of all devices of a host, as DEVICE KEY PSK ENDPOINT SUBNETS KEEPALIVE, in order. */
async function allPeersOf(host: Host): Promise<readonly string[]> {
  const peers = await host.lines("wg show all dump | awk 'NF == 9 { print $1, $2, $3, $4, $5, $9 }'");
  return [...peers].sort();
}

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/wireguard.json under ${shell.name}`, { skip }, () => {
    test("makes exactly the entries of flannel's backend, and they carry traffic", async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell });
      const { host } = node1;
      const device = await findDevice(host, 'flannel-wg');
      assert.equal(device?.mtu, 1420);
      assert.deepEqual(device.addresses, ['10.50.1.0/32']);
      assert.deepEqual(node1.published.v4, { PublicKey: publicKeyOf(node1), Port: 51820 });
      assert.equal(await host.sh('wg show flannel-wg public-key'), publicKeyOf(node1));
      assert.deepEqual(
        await wireguardPeersOf(host),
        [
          `${publicKeyOf(node2)} 172.30.1.2:51820 10.50.2.0/24 (none) off`,
          `${publicKeyOf(node3)} 172.30.1.3:51820 10.50.3.0/24 (none) off`,
        ].sort(),
      );
      assert.deepEqual(await routesOf(host), ['10.50.0.0/16 dev flannel-wg scope link']);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);

      assert.equal(await ping(host, '10.50.3.0', 1420), true);
      assert.equal(await ping(host, '10.50.3.0', 1421), false);
      await assertTcpPasses(host, node2.host, '10.50.2.0');
    });

    test('a second run of any command changes nothing', async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell, families: 'dual-stack' });
      const before = await dumpState(node1.host);
      assert.deepEqual(await watchKernel(node1.host, () => runAgain(node1, [node2, node3])), []);
      assert.deepEqual(await dumpState(node1.host), before);
      for (const round of ['first', 'second']) {
        await node1.remove(node2);
        assert.deepEqual(await node1.check(), ['10.50.3.0/24'], round);
      }
      await node1.succeed('ShutdownCommand');
      const again = async (): Promise<void> => {
        await node1.remove(node3);
        await node1.succeed('ShutdownCommand');
      };
      assert.deepEqual(await watchKernel(node1.host, again), []);
    });

    test('a batch does what its lines would do one by one', async (t) => {
      const fieldsOf = (number: number) => ({ PUBLIC_KEY: madeUpKey(number), PORT: '51820' });
      await assertBatchEqualsSingles(t, recipe, shell, fieldsOf, shell === dash ? 200 : 60);
    });

    test('a batch with a line that cannot be done fails and says why', async (t) => {
      await assertBadLineFails(t, recipe, shell, { fields: { PUBLIC_KEY: 'no-key' } }, /no-key/);
    });

    test('shutdown leaves nothing but the key, and the next start has it', async (t) => {
      const [node1, node2] = await threeNodes(t, recipe, { shell, families: 'dual-stack' });
      const { host } = node1;
      const network = 'ip -o link; ip route; ip -6 route; ls /var/run/wireguard 2>/dev/null || true';
      const before = await host.lines(network);
      await node2.start();
      const theirs = await host.lines(wireguardGo);
      await node1.start();
      const key = publicKeyOf(node1);
      await node1.add(node2);
      await node1.succeed('ShutdownCommand');
      assert.deepEqual(await host.lines(network), before);
      assert.deepEqual(await host.lines(wireguardGo), theirs);
      assert.equal(await host.sh('stat -c %a /run/state/flannel-wg.key'), '600');
      await node1.start();
      assert.equal(publicKeyOf(node1), key);
    });

    test('MonitorCommand reports the device and the route', async (t) => {
      const [node1] = await joinedNodes(t, recipe, { shell });
      await node1.monitor('203.0.113.1 dev flannel-wg', async (listener) => {
        await node1.host.sh('ip route delete 10.50.0.0/16');
        await listener.until(/^Deleted 10[.]50[.]0[.]0[/]16 dev flannel-wg/);
        await node1.host.sh('ip link delete flannel-wg');
        await listener.until(/^Deleted .*: flannel-wg:/);
      });
    });
  });
}

describe('recipes/wireguard.json', { skip }, () => {
  test('the key of an earlier flanneld is taken over, once', async (t) => {
    const [node1, node2, node3] = await threeNodes(t, recipe);
    const makeKey = 'wg genkey | tr -d "\\n"'; // flanneld writes its key without a newline
    const given = [
      { node: node1, file: '/run/flannel/wgkey', environment: {} },
      { node: node2, file: '/run/elsewhere/key', environment: { WIREGUARD_KEY_FILE: '/run/elsewhere/key' } },
    ];
    for (const { node, file, environment } of given) {
      const { host } = node;
      const key = await host.sh(`mkdir -p "$(dirname ${file})"; ${makeKey} >${file}; wg pubkey <${file}`);
      const heir = new OverlayNode(host, recipe, { environment });
      await heir.start();
      assert.equal(publicKeyOf(heir), key);
      assert.equal(await host.sh('wg show flannel-wg public-key'), key);
      assert.equal(await host.sh('stat -c %a /run/state/flannel-wg.key'), '600');
      await host.sh(`${makeKey} >${file}`);
      await heir.start();
      assert.equal(publicKeyOf(heir), key);
    }

    await node3.host.sh('mkdir /run/flannel; echo damaged >/run/flannel/wgkey');
    const { exitCode, stderr } = await node3.run('PreStartupCommand');
    assert.equal(exitCode, 1);
    assert.match(stderr, /[/]run[/]flannel[/]wgkey does not have a private key/);
    await node3.host.sh('rm /run/flannel/wgkey');
    await node3.start();
  });

  test('a restart keeps device, key and peers', async (t) => {
    const [node1] = await joinedNodes(t, recipe);
    const [before, state] = [await findDevice(node1.host, 'flannel-wg'), await dumpState(node1.host)];
    await node1.start();
    assert.deepEqual(await findDevice(node1.host, 'flannel-wg'), before);
    assert.deepEqual(await dumpState(node1.host), state);
  });

  test('a peer that publishes no port is reached at the usual one', async (t) => {
    const [node1, node2] = await threeNodes(t, recipe);
    await node1.start();
    await node2.start();
    node2.publish({ PublicKey: publicKeyOf(node2) });
    await node1.add(node2);
    assert.match((await wireguardPeersOf(node1.host))[0] ?? '', / 172\.30\.1\.2:51820 /);
    node2.publish({ PublicKey: publicKeyOf(node2), Port: 4500 });
    await node1.add(node2);
    assert.match((await wireguardPeersOf(node1.host))[0] ?? '', / 172\.30\.1\.2:4500 /);
  });

  test('a peer that drifted is not listed any more, and SubnetAdd repairs it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    const before = await dumpState(node1.host);
    const drift = [
      `wg set flannel-wg peer ${publicKeyOf(node2)} remove`,
      `wg set flannel-wg peer ${publicKeyOf(node2)} allowed-ips 10.50.99.0/24`,
      `wg set flannel-wg peer ${publicKeyOf(node3)} allowed-ips 10.50.3.0/24,10.50.2.0/24`,
      `wg set flannel-wg peer ${publicKeyOf(node2)} persistent-keepalive 5`,
    ];
    for (const command of drift) {
      await node1.host.sh(command);
      assert.deepEqual(await node1.check(), ['10.50.3.0/24'], command);
      await node1.add(node2);
      await node1.add(node3);
      assert.deepEqual(await dumpState(node1.host), before, command);
    }
  });

  test('a network that is broken fails the check, and a new start repairs it with the same key', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    const key = publicKeyOf(node1);
    const broken = [
      'ip link delete flannel-wg',
      'ip link set flannel-wg down',
      'ip link set flannel-wg mtu 1300',
      'ip address delete 10.50.1.0/32 dev flannel-wg',
      'ip route delete 10.50.0.0/16 dev flannel-wg',
      'wg genkey | wg set flannel-wg private-key /dev/stdin',
      'wg set flannel-wg listen-port 4500',
      'ip link delete flannel-wg; ip link add flannel-wg type bridge; ip link set flannel-wg up',
    ];
    for (const command of broken) {
      await node1.host.sh(command);
      const found = await node1.check();
      assert.ok('broken' in found, command);
      await runAgain(node1, [node2, node3]);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24'], command);
      assert.equal(publicKeyOf(node1), key, command);
    }
    assert.equal(await ping(node1.host, '10.50.2.0'), true);
  });

  test("an operator's own peer is not listed, and stays", async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    const own = await node1.host.sh('wg genkey | wg pubkey');
    await node1.host.sh(`wg set flannel-wg peer ${own} allowed-ips 192.168.9.0/24,10.50.9.7/32`);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
    await node1.remove(node2);
    await node1.batch({ remove: [node3] });
    assert.deepEqual(await wireguardPeersOf(node1.host), [
      `${own} (none) 192.168.9.0/24,10.50.9.7/32 (none) off`,
    ]);
  });

  test('a peer that nobody remembers is listed, and its subnet is enough to remove it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    assert.deepEqual(await node1.check([node3]), ['10.50.2.0/24', '10.50.3.0/24']);
    await node1.removeStranger('10.50.2.0/24');
    assert.deepEqual(await node1.check([node3]), ['10.50.3.0/24']);
    await node1.host.sh(`wg set flannel-wg peer ${publicKeyOf(node2)} allowed-ips 192.168.9.0/24`);
    assert.deepEqual(
      await node1.check([node3]),
      ['10.50.3.0/24'],
      'what lies outside of the network is none of ours',
    );
    await node1.batch({ forget: ['10.50.2.0/24', '10.50.3.0/24'] });
    assert.deepEqual(await wireguardPeersOf(node1.host), [
      `${publicKeyOf(node2)} (none) 192.168.9.0/24 (none) off`,
    ]);
  });

  for (const families of ['ipv6', 'dual-stack'] as const) {
    for (const mode of ['separate', 'ipv4', 'ipv6', 'auto'].slice(0, families === 'ipv6' ? 1 : 4)) {
      test(`the same with IPv6: ${families}, Mode ${mode}`, async (t) => {
        const nodes = await joinedNodes(t, recipe, { families, parameters: { Mode: mode } });
        const [node1, node2, node3] = nodes;
        const before = await allPeersOf(node1.host);
        const strangers = (numbers: readonly number[]): string[] =>
          numbers.flatMap((number) => [
            ...(families === 'ipv6' ? [] : [`10.50.${number}.0/24`]),
            ...(mode === 'separate' ? [`fd00:50:0:${number}::/64`] : []),
          ]);
        assert.deepEqual(await node1.check([node3]), [...strangers([2]), node3.name].sort());
        for (const subnet of strangers([2])) await node1.removeStranger(subnet);
        assert.deepEqual(await node1.check([node3]), [node3.name]);
        await node1.add(node2);
        assert.deepEqual(await allPeersOf(node1.host), before);
        await node1.batch({ forget: strangers([2, 3]) });
        assert.deepEqual(await allPeersOf(node1.host), []);
      });
    }
  }

  for (const families of ['ipv4', 'ipv6'] as const) {
    test(`a key that lost its subnets to another is listed by its host, and removed: ${families}`, async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { families });
      const device = families === 'ipv4' ? 'flannel-wg' : 'flannel-wg-v6';
      const [endpoint, lone] =
        families === 'ipv4'
          ? ['172.30.1.2:51820', '172.30.1.2/32']
          : ['[fd00:99:1::2]:51821', 'fd00:99:1::2/128'];
      const before = await allPeersOf(node1.host);
      const keys = [
        await node1.host.sh('wg genkey | wg pubkey'),
        await node1.host.sh('wg genkey | wg pubkey'),
      ];
      const remove = [() => node1.removeStranger(lone), () => node1.batch({ forget: [lone] })];
      for (const clean of remove) {
        for (const key of keys)
          await node1.host.sh(`wg set ${device} peer ${key.trim()} endpoint ${endpoint}`);
        const listed = await node1.check();
        assert.deepEqual(
          new Set(Array.isArray(listed) ? listed : []),
          new Set([lone, node2.name, node3.name]),
        );
        await clean();
        assert.deepEqual(await node1.check(), [node2.name, node3.name]);
        assert.deepEqual(await allPeersOf(node1.host), before);
      }
    });
  }

  test("an operator's own peer with IPv6 subnets is not listed, and stays", async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe, { families: 'dual-stack' });
    const own = (await node1.host.sh('wg genkey | wg pubkey')).trim();
    for (const subnets of ['fd00:51::/64', 'fd00:50:0:9::/64,fd00:51::/64', 'fd00:50:0:9::7/128']) {
      await node1.host.sh(`wg set flannel-wg-v6 peer ${own} allowed-ips ${subnets}`);
      assert.deepEqual(await node1.check(), [node2.name, node3.name], subnets);
    }
    await node1.remove(node2);
    await node1.batch({ remove: [node3] });
    assert.deepEqual(await allPeersOf(node1.host), [
      `flannel-wg-v6 ${own} (none) (none) fd00:50:0:9::7/128 off`,
    ]);
  });

  test('a node that changed its subnet is reached once its old subnet is gone and it is added again', async (t) => {
    const [node1, node2] = await joinedNodes(t, recipe);
    const moved = new OverlayNode(node2.host, recipe, { subnetNumber: 20 });
    await moved.start();
    for (const remove of [() => node1.remove(node2), () => node1.batch({ remove: [node2] })]) {
      await node1.add(moved);
      await remove();
      // The two have one key: heddle adds again who shares data with a removed peer.
      await node1.add(moved);
      assert.deepEqual(await node1.check(), ['10.50.20.0/24', '10.50.3.0/24']);
    }
    assert.equal(await ping(node1.host, '10.50.20.0'), true);
  });
});
