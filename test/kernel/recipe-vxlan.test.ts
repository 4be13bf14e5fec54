import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { assertBadLineFails, assertBatchEqualsSingles } from './harness/batch.ts';
import {
  dumpState,
  fdbOf,
  findDevice,
  neighboursOf,
  newIn,
  routesOf,
  watchKernel,
} from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { OverlayNode } from './harness/overlay-node.ts';
import { joinedNodes, runAgain, threeNodes } from './harness/overlay.ts';
import { readSoundRecipe } from './harness/read-recipe.ts';
import { testTakeOverOfRoutes } from './harness/taken-routes.ts';
import { busyboxAsh, dash } from './harness/test-shell.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const skip = reasonToSkip();
const recipe = readSoundRecipe('recipes/vxlan.json');

function macOf(node: OverlayNode, family: 'v4' | 'v6' = 'v4'): string {
  return (node.published[family] as { VtepMAC: string }).VtepMAC;
}

for (const shell of [dash, busyboxAsh]) {
  describe(`recipes/vxlan.json under ${shell.name}`, { skip }, () => {
    test("makes exactly the entries of flannel's backend, and they carry traffic", async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell });
      const { host } = node1;

      const device = await findDevice(host, 'flannel.1');
      assert.equal(device?.kind, 'vxlan');
      assert.equal(device.mtu, 1450);
      assert.deepEqual(device.addresses, ['10.50.1.0/32']);
      assert.deepEqual(node1.published.v4, { VNI: 1, VtepMAC: device.address });
      const { id, link, local, port, learning } = device.details;
      assert.deepEqual([id, link, local, port, learning], [1, 'eth0', '172.30.1.1', 8472, false]);
      assert.equal('gbp' in device.details, false);

      assert.deepEqual(await routesOf(host), [
        '10.50.2.0/24 via 10.50.2.0 dev flannel.1 proto 104 metric 171049472 onlink',
        '10.50.3.0/24 via 10.50.3.0 dev flannel.1 proto 104 metric 171049728 onlink',
      ]);
      assert.deepEqual(await neighboursOf(host, 'flannel.1'), [
        `10.50.2.0 lladdr ${macOf(node2)} PERMANENT`,
        `10.50.3.0 lladdr ${macOf(node3)} PERMANENT`,
      ]);
      assert.deepEqual(
        await fdbOf(host, 'flannel.1'),
        [
          `${macOf(node2)} dst 172.30.1.2 self permanent`,
          `${macOf(node3)} dst 172.30.1.3 self permanent`,
        ].sort(),
      );
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);

      assert.equal(await ping(host, '10.50.3.0', 1450), true);
      assert.equal(await ping(host, '10.50.3.0', 1451), false);
      assert.equal(await ping(node3.host, '10.50.2.0'), true);
      await assertTcpPasses(host, node2.host, '10.50.2.0');
    });

    test('a second run of any command changes nothing', async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell, families: 'dual-stack' });
      const before = await dumpState(node1.host);
      const told = await watchKernel(node1.host, () => runAgain(node1, [node2, node3]));
      assert.deepEqual(newIn(told, before), []);
      assert.deepEqual(await dumpState(node1.host), before);

      await node1.remove(node2);
      assert.deepEqual(await watchKernel(node1.host, () => node1.remove(node2)), []);
      await node1.succeed('ShutdownCommand');
      assert.deepEqual(
        await watchKernel(node1.host, async () => {
          await node1.succeed('ShutdownCommand');
          await node1.remove(node3);
        }),
        [],
      );
    });

    test('a batch does what its lines would do one by one', async (t) => {
      await assertBatchEqualsSingles(
        t,
        recipe,
        shell,
        (number) => ({
          VNI: '1',
          VTEP_MAC: `02:00:00:00:00:${number.toString(16).padStart(2, '0')}`,
        }),
        shell === dash ? 200 : 60,
      );
    });

    test('a batch with a line that cannot be done fails and says why', async (t) => {
      await assertBadLineFails(t, recipe, shell, { fields: { VNI: '1', VTEP_MAC: 'no-mac' } }, /no-mac/);
    });

    test('carries both families, each on a device of its own', async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { shell, families: 'dual-stack' });
      const { host } = node1;
      const device = await findDevice(host, 'flannel-v6.1');
      assert.equal(device?.mtu, 1430);
      assert.deepEqual(device.addresses, ['fd00:50:0:1::/128']);
      assert.equal(device.details['local6'], 'fd00:99:1::1');
      assert.deepEqual(node1.published.v6, { VNI: 1, VtepMAC: device.address });

      assert.deepEqual(
        (await routesOf(host, 6)).filter((route) => route.includes('via')),
        [
          'fd00:50:0:2::/64 via fd00:50:0:2:: dev flannel-v6.1 proto 104 metric 1024 onlink pref medium',
          'fd00:50:0:3::/64 via fd00:50:0:3:: dev flannel-v6.1 proto 104 metric 1024 onlink pref medium',
        ],
      );
      assert.deepEqual(await neighboursOf(host, 'flannel-v6.1'), [
        `fd00:50:0:2:: lladdr ${macOf(node2, 'v6')} PERMANENT`,
        `fd00:50:0:3:: lladdr ${macOf(node3, 'v6')} PERMANENT`,
      ]);
      assert.deepEqual(
        await fdbOf(host, 'flannel-v6.1'),
        [
          `${macOf(node2, 'v6')} dst fd00:99:1::2 self permanent`,
          `${macOf(node3, 'v6')} dst fd00:99:1::3 self permanent`,
        ].sort(),
      );
      assert.equal(await ping(host, 'fd00:50:0:2::'), true);
      assert.equal(await ping(host, '10.50.2.0'), true);

      await host.sh('ip -6 route delete fd00:50:0:2::/64');
      assert.deepEqual(await node1.check(), ['10.50.3.0/24'], 'a peer needs both families');
    });

    test('shutdown leaves nothing but the MAC', async (t) => {
      const [node1, ...others] = await threeNodes(t, recipe, { shell, families: 'dual-stack' });
      for (const other of others) await other.start();
      const before = await node1.host.lines('ip -o link; ip route; ip -6 route; ip neigh show nud permanent');
      await node1.start();
      for (const other of others) await node1.add(other);
      await node1.succeed('ShutdownCommand');
      const after = await node1.host.lines('ip -o link; ip route; ip -6 route; ip neigh show nud permanent');
      assert.deepEqual(after, before);
      assert.deepEqual(await node1.host.lines('ls /run/state'), ['flannel-v6.1.mac', 'flannel.1.mac']);
    });

    test('MonitorCommand reports each kind of drift', async (t) => {
      const [node1, node2] = await joinedNodes(t, recipe, { shell });
      const { host } = node1;
      await node1.monitor('203.0.113.1 via 172.30.1.254', async (listener) => {
        await host.sh('ip route delete 10.50.2.0/24');
        await listener.until(/^Deleted 10[.]50[.]2[.]0[/]24 .*dev flannel[.]1/);
        await host.sh('ip neigh delete 10.50.2.0 dev flannel.1');
        await listener.until(/^Deleted 10[.]50[.]2[.]0 dev flannel[.]1/);
        await host.sh(`bridge fdb delete ${macOf(node2)} dev flannel.1 dst 172.30.1.2 self`);
        await listener.until(/^Deleted 172[.]30[.]1[.]2 dev flannel[.]1/);
        await host.sh('ip link set flannel.1 down');
        await listener.until(/: flannel[.]1: <BROADCAST,MULTICAST> /);
        await host.sh('ip link delete flannel.1');
        await listener.until(/^Deleted .*: flannel[.]1:/);
      });
    });
  });
}

describe('recipes/vxlan.json', { skip }, () => {
  test('with IPv6 alone, publishes and checks IPv6', async (t) => {
    const [node1] = await joinedNodes(t, recipe, { families: 'ipv6' });
    assert.equal(await findDevice(node1.host, 'flannel.1'), undefined);
    assert.deepEqual(await node1.check(), ['fd00:50:0:2::/64', 'fd00:50:0:3::/64']);
    assert.equal(await ping(node1.host, 'fd00:50:0:3::'), true);
  });

  test('a restart keeps the device, its MAC and what is on it', async (t) => {
    const [node1] = await joinedNodes(t, recipe);
    const [before, mac] = [await findDevice(node1.host, 'flannel.1'), macOf(node1)];
    await node1.start();
    assert.deepEqual(await findDevice(node1.host, 'flannel.1'), before);
    assert.equal(macOf(node1), mac);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
  });

  test('the MAC outlives its device', async (t) => {
    const [node1] = await threeNodes(t, recipe);
    await node1.start();
    const mac = macOf(node1);
    assert.match(mac, /^02:/, 'locally administered, unicast');
    await node1.host.sh('ip link delete flannel.1');
    await node1.start();
    assert.equal(macOf(node1), mac);
    assert.equal((await findDevice(node1.host, 'flannel.1'))?.address, mac);
  });

  test('a compatible device that another made is taken over with its MAC', async (t) => {
    const [node1] = await threeNodes(t, recipe);
    await node1.host.sh(
      'ip link add flannel.1 address 0a:00:00:00:00:01 type vxlan id 1 local 172.30.1.1 dev eth0 dstport 8472 nolearning',
    );
    const before = await findDevice(node1.host, 'flannel.1');
    await node1.start();
    const after = await findDevice(node1.host, 'flannel.1');
    assert.equal(macOf(node1), '0a:00:00:00:00:01');
    assert.equal(after?.ifindex, before?.ifindex);
  });

  const incompatible = {
    'another network identifier': 'type vxlan id 7 local 172.30.1.1 dev eth0 dstport 8472 nolearning',
    'another local address': 'type vxlan id 1 local 172.30.1.77 dev eth0 dstport 8472 nolearning',
    'no underlying device': 'type vxlan id 1 local 172.30.1.1 dstport 8472 nolearning',
    'another port': 'type vxlan id 1 local 172.30.1.1 dev eth0 dstport 4789 nolearning',
    learning: 'type vxlan id 1 local 172.30.1.1 dev eth0 dstport 8472',
    'group policy': 'type vxlan id 1 local 172.30.1.1 dev eth0 dstport 8472 nolearning gbp',
    'another kind': 'type bridge',
  };
  test('an incompatible device is replaced, and the MAC kept', async (t) => {
    const [node1] = await joinedNodes(t, recipe);
    const [mac, wanted] = [macOf(node1), await findDevice(node1.host, 'flannel.1')];
    for (const [what, type] of Object.entries(incompatible)) {
      await node1.host.sh(`ip link delete flannel.1; ip link add flannel.1 ${type}`);
      await node1.start();
      const device = await findDevice(node1.host, 'flannel.1');
      assert.deepEqual({ ...device, ifindex: 0 }, { ...wanted, ifindex: 0 }, what);
      assert.equal(macOf(node1), mac, what);
    }
  });

  test('the first PreStartup after a change of MTU only sets it', async (t) => {
    const [node1, ...peers] = await joinedNodes(t, recipe);
    const again = new OverlayNode(node1.host, recipe, { parameters: { MTU: 1400 } });
    await again.start();
    assert.equal((await findDevice(node1.host, 'flannel.1'))?.mtu, 1350);
    assert.deepEqual(await again.check(peers), ['10.50.2.0/24', '10.50.3.0/24']);
  });

  test('parameters name and shape the device', async (t) => {
    const parameters = { VNI: 42, Port: 4789, GBP: true, Learning: true };
    const [node1] = await joinedNodes(t, recipe, { parameters });
    const { id, port, learning, gbp } = (await findDevice(node1.host, 'flannel.42'))?.details ?? {};
    assert.deepEqual([id, port, learning], [42, 4789, true]);
    assert.notEqual(gbp, undefined);
    assert.equal(await ping(node1.host, '10.50.2.0'), true);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
  });

  test('sends from the address of the interface, whatever public address is advertised', async (t) => {
    const [node1] = await threeNodes(t, recipe, { publicIp: '198.51.100.7' });
    await node1.start();
    assert.equal((await findDevice(node1.host, 'flannel.1'))?.details['local'], '172.30.1.1');
  });

  test('an interface without an address is refused, and nothing is made', async (t) => {
    const [node1] = await threeNodes(t, recipe);
    await node1.host.sh('ip -4 address flush dev eth0');
    const ran = await node1.run('PreStartupCommand');
    assert.notEqual(ran.exitCode, 0);
    assert.match(ran.stderr, /eth0 does not have the address 172\.30\.1\.1 to send from/);
    assert.equal(await findDevice(node1.host, 'flannel.1'), undefined);
  });

  const drift = {
    'its route deleted': 'ip route delete 10.50.2.0/24',
    'its route led astray': 'ip route replace 10.50.2.0/24 via 172.30.1.3 dev eth0',
    'its neighbour deleted': 'ip neigh delete 10.50.2.0 dev flannel.1',
    'its neighbour changed':
      'ip neigh replace 10.50.2.0 lladdr 02:00:00:00:00:01 dev flannel.1 nud permanent',
    'its neighbour no longer permanent': 'ip neigh replace 10.50.2.0 lladdr $MAC dev flannel.1 nud reachable',
    'its fdb entry deleted': 'bridge fdb delete $MAC dev flannel.1 dst 172.30.1.2 self',
    'its fdb entry to another host': 'bridge fdb replace $MAC dev flannel.1 dst 172.30.1.3 self permanent',
  };
  test('a peer that drifted is not listed any more, and SubnetAdd or SubnetBatch repairs it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    const before = await dumpState(node1.host);
    const repairs = [() => node1.add(node2), () => node1.batch({ add: [node2, node3] })];
    for (const [what, command] of Object.entries(drift)) {
      for (const repair of repairs) {
        await node1.host.sh(`MAC=${macOf(node2)}; ${command}`);
        assert.deepEqual(await node1.check(), ['10.50.3.0/24'], what);
        await repair();
        assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24'], what);
        assert.deepEqual(await dumpState(node1.host), before, `nothing accumulates: ${what}`);
      }
    }
  });

  const broken = {
    'the device deleted': 'ip link delete flannel.1',
    'the device down': 'ip link set flannel.1 down',
    'its MTU changed': 'ip link set flannel.1 mtu 1300',
    'its MAC changed': 'ip link set flannel.1 address 02:00:00:00:00:01',
    'its address deleted': 'ip address delete 10.50.1.0/32 dev flannel.1',
    'another device of that name':
      'ip link delete flannel.1; ip link add flannel.1 type bridge; ip link set flannel.1 up',
  };
  test('a network that is broken fails the check, and a new start repairs it', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    const mac = macOf(node1);
    for (const [what, command] of Object.entries(broken)) {
      await node1.host.sh(command);
      const found = await node1.check();
      assert.ok('broken' in found, what);
      await runAgain(node1, [node2, node3]);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24'], what);
      assert.equal(macOf(node1), mac, what);
      assert.equal(await ping(node1.host, '10.50.2.0'), true, what);
    }
  });

  test("an operator's own entries are not listed, and outlive every command", async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    await node1.host.sh(`
      ip neigh add 10.50.9.0 lladdr 02:00:00:00:00:09 dev flannel.1 nud permanent
      bridge fdb add 02:00:00:00:00:09 dev flannel.1 dst 172.30.1.9 self permanent
      ip route add 10.50.9.0/24 via 10.50.1.9 dev flannel.1 onlink
      ip route add 10.50.10.0/24 via 172.30.1.3 dev eth0
    `);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
    await runAgain(node1, [node2, node3]);
    await node1.remove(node2);
    await node1.batch({ remove: [node3] });
    assert.deepEqual(await routesOf(node1.host), [
      '10.50.10.0/24 via 172.30.1.3 dev eth0',
      '10.50.9.0/24 via 10.50.1.9 dev flannel.1 onlink',
    ]);
    assert.deepEqual(await neighboursOf(node1.host, 'flannel.1'), [
      '10.50.9.0 lladdr 02:00:00:00:00:09 PERMANENT',
    ]);
    assert.deepEqual(await fdbOf(node1.host, 'flannel.1'), [
      '02:00:00:00:00:09 dst 172.30.1.9 self permanent',
    ]);
  });

  for (const families of ['ipv4', 'ipv6'] as const) {
    test(`a peer that nobody remembers is listed, and its subnet is enough to remove it: ${families}`, async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { families });
      assert.deepEqual(await node1.check([node3]), [node2.name, node3.name]);
      const [forgotten, other] = [node2.name, node3.name];
      const device = families === 'ipv4' ? 'flannel.1' : 'flannel-v6.1';
      await node1.removeStranger(forgotten);
      assert.deepEqual(await node1.check([node3]), [other]);
      assert.equal((await neighboursOf(node1.host, device)).length, 1);
      assert.equal((await fdbOf(node1.host, device)).length, 1);
      await node1.batch({ forget: [forgotten, other] });
      assert.deepEqual(await node1.check([]), []);
      assert.deepEqual(await neighboursOf(node1.host, device), []);
      assert.deepEqual(await fdbOf(node1.host, device), []);
    });
  }

  const remains = {
    'its route is gone': 'ip -FAMILY route delete SUBNET',
    'its fdb entry is gone': 'bridge fdb delete MAC dev DEVICE self',
    'only its neighbour is left': 'ip -FAMILY route delete SUBNET; bridge fdb delete MAC dev DEVICE self',
  };
  for (const families of ['ipv4', 'ipv6'] as const) {
    test(`of a peer that nobody remembers the rest is removed as well: ${families}`, async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { families });
      const device = families === 'ipv4' ? 'flannel.1' : 'flannel-v6.1';
      for (const [what, command] of Object.entries(remains)) {
        const [neighbour = ''] = await node1.host.lines(`ip neigh show to ${node2.name} dev ${device}`);
        const mac = neighbour.split(' ')[2] ?? '';
        await node1.host.sh(
          command
            .replace('FAMILY', families === 'ipv4' ? '4' : '6')
            .replace('SUBNET', node2.name)
            .replace('MAC', mac)
            .replace('DEVICE', device),
        );
        assert.deepEqual(await node1.check([node3]), [node2.name, node3.name], what);
        await node1.removeStranger(node2.name);
        assert.deepEqual(await node1.check([node3]), [node3.name], what);
        assert.equal((await neighboursOf(node1.host, device)).length, 1, what);
        assert.equal((await fdbOf(node1.host, device)).length, 1, what);
        await node1.add(node2);
        assert.deepEqual(await node1.check(), [node2.name, node3.name], what);
      }
    });
  }

  for (const families of ['ipv4', 'ipv6'] as const) {
    test(`FDB entries that no neighbour uses are listed by their host, and removed: ${families}`, async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, { families });
      const device = families === 'ipv4' ? 'flannel.1' : 'flannel-v6.1';
      const [host, other] =
        families === 'ipv4' ? ['172.30.1.2', '172.30.1.9'] : ['fd00:99:1::2', 'fd00:99:1::9'];
      const lone = families === 'ipv4' ? [`${host}/32`, `${other}/32`] : [`${host}/128`, `${other}/128`];
      const before = await fdbOf(node1.host, device);
      const kept = [
        `00:00:00:00:00:00 dst ${other} self permanent`,
        `02:00:00:00:00:07 dst ${other} self extern_learn permanent`,
      ];
      for (const entry of kept) {
        await node1.host.sh(`bridge fdb add ${entry.replace(/ self| permanent/g, '')} dev ${device}`);
      }
      const remove = [
        async (): Promise<void> => {
          for (const name of lone) await node1.removeStranger(name);
        },
        () => node1.batch({ forget: lone }),
        () => node1.batch({ add: [node2], forget: lone }),
      ];
      for (const clean of remove) {
        await node1.host.sh(`
          bridge fdb add 02:00:00:00:00:08 dev ${device} dst ${host} self permanent
          bridge fdb add 02:00:00:00:00:09 dev ${device} dst ${host} self permanent
          bridge fdb add 02:00:00:00:00:0a dev ${device} dst ${other} self permanent
        `);
        assert.deepEqual(new Set(await check(node1)), new Set([...lone, node2.name, node3.name]));
        await clean();
        assert.deepEqual(await node1.check(), [node2.name, node3.name]);
        assert.deepEqual([...(await fdbOf(node1.host, device))].sort(), [...before, ...kept].sort());
      }
    });

    test(`a plain route that nobody remembers is listed, and its subnet is enough to remove it: ${families}`, async (t) => {
      const [node1, node2, node3] = await joinedNodes(t, recipe, {
        families,
        parameters: { DirectRouting: true },
      });
      const family = families === 'ipv4' ? 4 : 6;
      const own =
        families === 'ipv4'
          ? '10.50.9.0/24 via 172.30.1.9 dev eth0'
          : 'fd00:50:0:9::/64 via fd00:99:1::9 dev eth0 metric 1024 pref medium';
      await node1.host.sh(`ip -${family} route add ${own.replace(/ metric.*/, '')}`);
      const before = await routesOf(node1.host, family);
      assert.deepEqual(await node1.check([node3]), [node2.name, node3.name]);
      await node1.removeStranger(node2.name);
      assert.deepEqual(await node1.check([node3]), [node3.name]);
      await node1.add(node2);
      assert.deepEqual(await routesOf(node1.host, family), before);
      await node1.batch({ forget: [node2.name, node3.name] });
      assert.deepEqual(await node1.check([]), []);
      await node1.batch({ add: [node2, node3] });
      assert.deepEqual(await routesOf(node1.host, family), before);
      for (const peer of [node2, node3]) await node1.removeStranger(peer.name);
      const left = await routesOf(node1.host, family);
      assert.deepEqual(
        left.filter((route) => !route.includes('proto kernel')),
        [own],
      );
    });
  }

  testTakeOverOfRoutes(recipe, 'via 10.50.2.0 dev flannel.1 onlink');

  test('routes of an earlier version of the recipe are replaced without a moment in which there is none, and removed', async (t) => {
    const options = { parameters: { DirectRouting: true }, families: 'dual-stack' } as const;
    const [node1, node2, node3] = await joinedNodes(t, recipe, options, [1, 1, 2]);
    const { host } = node1;
    const before = await dumpState(host);
    const makeEarlier = `
      ip route replace 10.50.2.0/24 via 172.30.1.2 dev eth0 metric 171049472
      ip route replace 10.50.3.0/24 via 10.50.3.0 dev flannel.1 metric 171049728 onlink
      ip -6 route delete fd00:50:0:2::/64
      ip -6 route add fd00:50:0:2::/64 via fd00:99:1::2 dev eth0 metric 1751475300
      ip -6 route replace fd00:50:0:3::/64 via fd00:50:0:3:: dev flannel-v6.1 metric 1024 onlink
    `;
    const addAgain = [
      () => runAgain(node1, [node2, node3]),
      () => node1.batch({ add: [node2, node3] }).then(() => undefined),
    ];
    for (const add of addAgain) {
      await host.sh(makeEarlier);
      const told = await watchKernel(host, add);
      for (const subnet of ['10.50.2.0/24', '10.50.3.0/24', 'fd00:50:0:2::/64', 'fd00:50:0:3::/64']) {
        const [first] = told.filter((line) => line.includes(subnet));
        assert.match(first ?? '', new RegExp(`^${subnet} via .* proto 104 `), told.join('\n'));
      }
      assert.deepEqual(await dumpState(host), before);
    }
    for (const remove of [() => node1.remove(node2), () => node1.batch({ remove: [node2] })]) {
      await node1.add(node2);
      await host.sh(makeEarlier);
      await remove();
      assert.deepEqual(
        (await routesOf(host)).filter((route) => route.startsWith('10.50.2.')),
        [],
      );
      assert.deepEqual(
        (await routesOf(host, 6)).filter((route) => route.startsWith('fd00:50:0:2::')),
        [],
      );
    }
  });

  test('a route without a metric is removed as well', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe);
    for (const remove of [() => node1.remove(node2), () => node1.batch({ remove: [node2] })]) {
      await node1.add(node2);
      await node1.host.sh(`
        ip route delete 10.50.2.0/24
        ip route add 10.50.2.0/24 via 10.50.2.0 dev flannel.1 onlink
      `);
      assert.deepEqual(await node1.check([node3]), ['10.50.2.0/24', '10.50.3.0/24'], 'as a leftover');
      await remove();
      assert.deepEqual(await routesOf(node1.host), [
        '10.50.3.0/24 via 10.50.3.0 dev flannel.1 proto 104 metric 171049728 onlink',
      ]);
    }
  });

  test('SubnetRemove takes one peer away and leaves the others', async (t) => {
    const [node1, node2, node3] = await joinedNodes(t, recipe, { families: 'dual-stack' });
    await node1.remove(node2);
    assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
    assert.deepEqual(await routesOf(node1.host), [
      '10.50.3.0/24 via 10.50.3.0 dev flannel.1 proto 104 metric 171049728 onlink',
    ]);
    assert.deepEqual(await neighboursOf(node1.host, 'flannel.1'), [
      `10.50.3.0 lladdr ${macOf(node3)} PERMANENT`,
    ]);
    assert.deepEqual(await fdbOf(node1.host, 'flannel.1'), [`${macOf(node3)} dst 172.30.1.3 self permanent`]);
    assert.deepEqual(await fdbOf(node1.host, 'flannel-v6.1'), [
      `${macOf(node3, 'v6')} dst fd00:99:1::3 self permanent`,
    ]);
  });

  test('a node that changed its subnet is reached once its old subnet is gone and it is added again', async (t) => {
    const [node1, node2] = await joinedNodes(t, recipe);
    const moved = new OverlayNode(node2.host, recipe, { subnetNumber: 20 });
    await moved.start();
    await node1.add(moved);
    for (const remove of [() => node1.remove(node2), () => node1.batch({ remove: [node2] })]) {
      await node1.add(node2);
      assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.20.0/24', '10.50.3.0/24']);
      await remove();
      // The two have one MAC, so the host behind it went: heddle adds again who shares data with a removed peer.
      await node1.add(moved);
      assert.deepEqual(await node1.check(), ['10.50.20.0/24', '10.50.3.0/24']);
    }
    assert.deepEqual((await findDevice(node2.host, 'flannel.1'))?.addresses, ['10.50.20.0/32']);
  });

  test('DirectRouting: a peer on the same link is one plain route, one behind a router is not', async (t) => {
    const options = { parameters: { DirectRouting: true }, families: 'dual-stack' } as const;
    const [node1, node2, node3] = await joinedNodes(t, recipe, options, [1, 1, 2]);
    const { host } = node1;
    assert.deepEqual(await routesOf(host), [
      '10.50.2.0/24 via 172.30.1.2 dev eth0 proto 104 metric 171049472',
      '10.50.3.0/24 via 10.50.3.0 dev flannel.1 proto 104 metric 171049728 onlink',
    ]);
    assert.deepEqual(
      (await routesOf(host, 6)).filter((route) => route.includes('via')),
      [
        'fd00:50:0:2::/64 via fd00:99:1::2 dev eth0 proto 104 metric 1024 pref medium',
        'fd00:50:0:3::/64 via fd00:50:0:3:: dev flannel-v6.1 proto 104 metric 1024 onlink pref medium',
      ],
    );
    assert.deepEqual(await neighboursOf(host, 'flannel.1'), [`10.50.3.0 lladdr ${macOf(node3)} PERMANENT`]);
    assert.deepEqual(await fdbOf(host, 'flannel.1'), [`${macOf(node3)} dst 172.30.2.3 self permanent`]);
    assert.deepEqual(await node1.check(), ['10.50.2.0/24', '10.50.3.0/24']);
    assert.equal(await ping(host, '10.50.2.0'), true);
    assert.equal(await ping(host, '10.50.3.0'), true);
    const before = await dumpState(host);
    const told = await watchKernel(host, () => runAgain(node1, [node2, node3]));
    assert.deepEqual(newIn(told, before), []);

    await host.sh('ip route replace 10.50.2.0/24 via 172.30.1.3 dev eth0');
    assert.deepEqual(await node1.check(), ['10.50.3.0/24']);
    await node1.add(node2);
    await node1.remove(node2);
    assert.deepEqual(await routesOf(host), [
      '10.50.3.0/24 via 10.50.3.0 dev flannel.1 proto 104 metric 171049728 onlink',
    ]);
    await node1.add(node2);
    await node1.batch({ remove: [node2] });
    assert.deepEqual(await routesOf(host), [
      '10.50.3.0/24 via 10.50.3.0 dev flannel.1 proto 104 metric 171049728 onlink',
    ]);
  });

  test('switching DirectRouting on and off turns every peer round', async (t) => {
    const families = 'dual-stack';
    const [node1, node2, node3] = await joinedNodes(t, recipe, { families });
    const before = await dumpState(node1.host);
    const direct = new OverlayNode(node1.host, recipe, { families, parameters: { DirectRouting: true } });
    await direct.start();
    for (const peer of [node2, node3]) await direct.add(peer);
    assert.deepEqual(await routesOf(node1.host), [
      '10.50.2.0/24 via 172.30.1.2 dev eth0 proto 104 metric 171049472',
      '10.50.3.0/24 via 172.30.1.3 dev eth0 proto 104 metric 171049728',
    ]);
    for (const device of ['flannel.1', 'flannel-v6.1']) {
      assert.deepEqual(await fdbOf(node1.host, device), []);
      assert.deepEqual(await neighboursOf(node1.host, device), []);
    }
    const turned = await dumpState(node1.host);
    await runAgain(node1, [node2, node3]);
    assert.deepEqual(await dumpState(node1.host), before);

    await direct.batch({ add: [node2, node3] });
    assert.deepEqual(await dumpState(node1.host), turned);
    assert.deepEqual(await direct.check(), ['10.50.2.0/24', '10.50.3.0/24']);
    await direct.batch({ remove: [node2] });
    assert.deepEqual(await routesOf(node1.host), [
      '10.50.3.0/24 via 172.30.1.3 dev eth0 proto 104 metric 171049728',
    ]);
    await node1.batch({ add: [node2, node3] });
    assert.deepEqual(await dumpState(node1.host), before);
  });

  test('DirectRouting follows the way to a peer while the daemon runs, and its own value after a restart', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.9.0/24', '172.30.2.9', {
      BackendType: 'vxlan',
      BackendData: { VNI: 1, VtepMAC: '02:00:00:00:00:09' },
    });
    const tunnelled = '10.50.9.0/24 via 10.50.9.0 dev flannel.1 proto 104 metric 171051264 onlink';
    const direct = '10.50.9.0/24 via 172.30.2.9 dev eth0 proto 104 metric 171051264';
    const entries = ['02:00:00:00:00:09 dst 172.30.2.9 self permanent'];
    const args = [
      '--recipe',
      'vxlan',
      '--store-dir',
      store.path,
      '--check-interval',
      '1',
      '--on-exit',
      'leave',
    ];
    const up = (isDirect: boolean) => startDaemon(host, [...args, '--param', `DirectRouting=${isDirect}`]);

    /** Waits until the peer has this form, and compares its entries. */
    const assertBecomes = async (route: string): Promise<void> => {
      const [device, count] = route === direct ? ['eth0', 0] : ['flannel.1', 1];
      await host.until(`
        ip route show 10.50.9.0/24 | grep -q 'dev ${device} ' &&
        [ "$(bridge fdb show dev flannel.1 | grep -c 172.30.2.9)" -eq ${count} ]`);
      assert.deepEqual(await routesOf(host), [route]);
      assert.deepEqual(await fdbOf(host, 'flannel.1'), route === direct ? [] : entries);
    };
    const first = await up(true);
    await assertBecomes(tunnelled);
    await host.sh('ip route add 172.30.2.9 dev eth0');
    await assertBecomes(direct);
    await host.sh('ip route delete 172.30.2.9 dev eth0');
    await assertBecomes(tunnelled);
    await host.sh('ip route add 172.30.2.9 dev eth0');
    await assertBecomes(direct);
    await first.stop();
    const second = await up(false);
    await assertBecomes(tunnelled);
    await second.stop();
  });
});

/** What CheckCommand lists for the peers that were added. */
async function check(node: OverlayNode): Promise<readonly string[]> {
  const listed = await node.check();
  if ('broken' in listed) throw new Error(listed.broken);
  return listed;
}
