import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { PodPing } from './etcd/pod-ping.ts';
import { Daemon, startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { endProgram, type CommandEnd, type Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

/** A network without a device. */
const harmless = { Backend: { Type: 'extension', SubnetAddCommand: 'true', SubnetRemoveCommand: 'true' } };

describe('the addresses of a node', { skip: reasonToSkip(), concurrency: 2 }, () => {
  for (const choice of [
    ['--iface', '172.30.1.1'],
    ['--iface-regex', '^172\\.30\\.'],
  ] as const) {
    test(`a second address that ${choice.join(' ')} names is in the lease, on the device and at the peers`, async (t) => {
      const { daemon, host, other, store } = await withSecondAddress(t, choice);
      assert.match(await host.sh('ip -d link show flannel.1'), / local 172\.30\.1\.1 dev eth0 /);
      const { publicIp, subnet } = await daemon.logged('lease-acquired');
      assert.deepEqual([publicIp, store.read(subnet)['PublicIP']], ['172.30.1.1', '172.30.1.1']);
      await other.until('bridge fdb show dev flannel.1 | grep -q " dst 172.30.1.1 self permanent"');
    });
  }

  test('strict rp_filter loses nothing, although the first address of the node is filtered', async (t) => {
    const { host, other, target } = await withSecondAddress(t, ['--iface', '172.30.1.1'], async (other) => {
      // The peer has the network of the node's first address on another interface, so it drops packets from that address.
      await other.sh('ip link add aside0 type dummy 2>/dev/null || ip link add aside0 type bridge');
      await other.sh('ip link set aside0 up; ip address add 192.0.2.254/24 dev aside0');
      await other.sh(
        'for each in all default eth0; do echo 1 >/proc/sys/net/ipv4/conf/$each/rp_filter; done',
      );
    });
    await host.until(`ping -c 1 -W 1 ${target} >/dev/null`);
    await host.sh(`ping -q -c 20 -i 0.02 -W 1 ${target} | grep -q ' 0% packet loss'`);
    const filtered = await host.run(['ping', '-c', '1', '-W', '1', '-I', '192.0.2.1', '172.30.1.2']);
    assert.equal(filtered.exitCode, 1, 'the filter is strict');
    const back = await host.sh(
      'ip -4 -o address show dev flannel.1 | awk \'{ sub("/.*", "", $4); print $4 }\'',
    );
    await other.sh(`ping -q -c 20 -i 0.02 -W 1 ${back} | grep -q ' 0% packet loss'`);
  });

  test('an address that changes with its hardware address while it runs: the lease and the peers follow, and nothing stale is left', async (t) => {
    const { host, other, daemon, peer, store, target } = await pair(t);
    const [subnets, index] = [store.subnets(), await indexOf(host)];
    await host.sh(
      'ip link set eth0 address 02:00:00:00:00:22; ip address delete 172.30.1.1/24 dev eth0; ip address add 172.30.1.22/24 dev eth0',
    );
    const { from, to, subnet } = await daemon.logged('address-changed');
    assert.deepEqual([from, to], ['172.30.1.1', '172.30.1.22']);
    await other.until('bridge fdb show dev flannel.1 | grep -q "dst 172.30.1.22 self permanent"');
    await host.until(`ping -c 1 -W 1 ${target} >/dev/null`);
    assert.equal(store.read(subnet)['PublicIP'], '172.30.1.22');
    assert.deepEqual(store.subnets(), subnets);
    assert.match(await host.sh('ip -d link show flannel.1'), / local 172\.30\.1\.22 dev eth0 /);
    assert.equal(await indexOf(host), index, 'the device is the same');
    assert.doesNotMatch(await other.sh('bridge fdb show dev flannel.1; ip route'), /172\.30\.1\.1 /);
    assert.deepEqual(daemon.all('lease-rejected'), []);
    assert.equal(daemon.all('lease-acquired').length, 1);
    await Promise.all([daemon.stop(), peer.stop()]);
  });

  test('an address change loses no more packets than are sent until both ends have applied it', async (t) => {
    const { host, other, daemon, peer } = await pair(t);
    const source = (
      await host.sh('ip -4 -o address show dev flannel.1 | awk \'{ sub("/.*", "", $4); print $4 }\'')
    ).trim();
    await host.sh('echo 1 >/proc/sys/net/ipv4/conf/eth0/promote_secondaries');
    const intervalMs = 10;
    const child = other.start(['ping', '-n', '-i', String(intervalMs / 1000), source], { seconds: 90 });
    const ping = await PodPing.read(child.stdout);
    const begun = await host.sh(
      'date +%s%3N; ip address add 172.30.1.22/24 dev eth0; ip address delete 172.30.1.1/24 dev eth0',
    );
    const changed = await daemon.logged('address-changed');
    const added = await peer.logged('peer-added', ({ peer: { publicIp } }) => publicIp === '172.30.1.22');
    await ping.lost(50);
    const lost = await ping.lost();
    endProgram(child);
    const applied = Math.max(Date.parse(changed.time), Date.parse(added.time)) - Number(begun);
    t.diagnostic(
      `${lost} packets were lost, one each ${intervalMs} ms; both ends had applied it in ${applied} ms`,
    );
    // One more packet at each end of that time.
    assert.ok(lost <= applied / intervalMs + 2, `${lost} packets were lost in ${applied} ms`);
    const stale = 'bridge fdb show dev flannel.1; ip route; ip neighbour show dev flannel.1';
    assert.doesNotMatch(await other.sh(stale), /172\.30\.1\.1 /);
    await child;
    await Promise.all([daemon.stop(), peer.stop()]);
  });

  test('routes of host-gw follow an address that changes, on both nodes', async (t) => {
    const set = await startHosts([1, 1]);
    t.after(() => set.close());
    const [host, other] = set.hosts;
    assert.ok(host && other);
    const store = new StoreDirectory(t);
    const args = ['--recipe', 'host-gw', '--store-dir', store.path];
    const [daemon, peer] = [await startDaemon(host, args), await startDaemon(other, args)];
    await other.until("ip route | grep -q 'via 172.30.1.1 '");
    await host.sh('ip address delete 172.30.1.1/24 dev eth0; ip address add 172.30.1.22/24 dev eth0');
    const { subnet } = await daemon.logged('address-changed');
    await other.until(`ip route | grep -q '^${subnet} via 172.30.1.22 '`);
    await host.until("ip route | grep -q 'via 172.30.1.2 '");
    assert.doesNotMatch(await other.sh('ip route'), /via 172\.30\.1\.1 /);
    assert.equal(store.read(subnet)['PublicIP'], '172.30.1.22');
    await Promise.all([daemon.stop(), peer.stop()]);
  });

  test('a daemon that is killed leaves no program that listens for addresses', async (t) => {
    const set = await startHosts([1]);
    t.after(() => set.close());
    const [host] = set.hosts;
    assert.ok(host);
    const store = new StoreDirectory(t);
    const daemon = await startDaemon(host, ['--recipe', 'host-gw', '--store-dir', store.path]);
    await host.until('pgrep -f "^ip -o monitor address"');
    await daemon.kill();
    await host.until('! pgrep -f "^ip -o monitor address"');
  });

  test('a restart with another address and another hardware address keeps the subnet and the MAC, and replaces the lease', async (t) => {
    const { host, other, daemon, peer, store, target, args } = await pair(t);
    const [subnets, mac] = [store.subnets(), await host.sh('cat /run/state/flannel.1.mac')];
    await daemon.stop();
    await host.sh(
      'ip link set eth0 address 02:00:00:00:00:22; ip address delete 172.30.1.1/24 dev eth0; ip address add 172.30.1.22/24 dev eth0',
    );
    const again = await startDaemon(host, args);
    const { to, subnet } = await again.logged('address-changed');
    assert.equal(to, '172.30.1.22');
    assert.equal((await again.logged('lease-acquired')).how, 'reused');
    assert.deepEqual(store.subnets(), subnets);
    assert.equal(store.read(subnet)['PublicIP'], '172.30.1.22');
    assert.equal(await host.sh('cat /run/state/flannel.1.mac'), mac);
    await host.until(`ping -c 1 -W 1 ${target} >/dev/null`);
    assert.doesNotMatch(await other.sh('bridge fdb show dev flannel.1'), /172\.30\.1\.1 /);
    assert.deepEqual(again.all('warning'), []);
    await Promise.all([again.stop(), peer.stop()]);
  });

  test('a virtual address that moves away is followed, and does not count when it comes back', async (t) => {
    const virtual = '172.30.1.200';
    const { host, other, daemon, peer, store, target, args } = await pair(t, (host) =>
      host.sh(
        `ip address flush dev eth0; ip address add ${virtual}/24 dev eth0; ip address add 172.30.1.1/24 dev eth0`,
      ),
    );
    const { subnet, publicIp } = await daemon.logged('lease-acquired');
    assert.equal(publicIp, virtual);
    await host.sh(
      `echo 1 >/proc/sys/net/ipv4/conf/eth0/promote_secondaries; ip address delete ${virtual}/24 dev eth0`,
    );
    await daemon.until('address-changed', ({ to }) => to === '172.30.1.1');
    await host.until(`ping -c 1 -W 1 ${target} >/dev/null`);
    assert.equal(store.read(subnet)['PublicIP'], '172.30.1.1');
    await daemon.stop();
    await host.sh(`ip address delete 172.30.1.1/24 dev eth0; ip address add ${virtual}/24 dev eth0`);
    await host.sh('ip address add 172.30.1.1/24 dev eth0');
    const again = await startDaemon(host, args);
    assert.equal((await again.logged('lease-acquired')).publicIp, '172.30.1.1');
    assert.doesNotMatch(await other.sh('bridge fdb show dev flannel.1'), / dst 172\.30\.1\.200 /);
    await Promise.all([again.stop(), peer.stop()]);
  });

  test('a network that overlaps the underlay is refused before anything is touched, unless that is insisted on', async (t) => {
    const set = await startHosts([1]);
    t.after(() => set.close());
    const [host] = set.hosts;
    assert.ok(host);
    const store = new StoreDirectory(t);
    await host.sh(
      'ip link add aside0 type veth peer name aside1; ip link set aside0 up; ip address add 10.60.0.9/24 dev aside0',
    );
    const look = (): Promise<string> => host.sh('ip -o address; ip route; ls /run/state');
    const before = await look();
    for (const [network, because] of [
      ['172.30.0.0/16', 'overlaps the public address 172.30.1.1 of this node'],
      ['10.60.0.0/16', 'overlaps the address 10.60.0.9 of aside0'],
    ] as const) {
      const recipe = store.recipe('overlap', { ...harmless, Network: network });
      const daemon: Daemon = new Daemon(host, ['--recipe', recipe, '--store-dir', store.path]);
      const { exitCode, stderr }: CommandEnd = await daemon.ended;
      assert.equal(exitCode, exitCodes.interface);
      assert.ok(stderr.includes(`the overlay network ${network} ${because}`), stderr);
      assert.match(stderr, /--allow-overlap/);
      assert.equal(await look(), before);
      assert.deepEqual(Object.keys(store.content()), []);
      const insisting = await startDaemon(host, [
        '--recipe',
        recipe,
        '--store-dir',
        store.path,
        '--allow-overlap',
      ]);
      await insisting.stop();
      await host.sh('rm -rf /run/state/* /run/subnet.env');
      await host.sh(`rm -rf ${store.path}/*; mkdir -m 700 ${store.path}/subnets`);
    }
  });
});

/** Two nodes of a vxlan network, and an address of the second one's in the overlay. */
async function pair(t: TestContext, prepare?: (host: Host) => Promise<unknown>) {
  const set = await startHosts([1, 1]);
  t.after(() => set.close());
  const [host, other] = set.hosts;
  assert.ok(host && other);
  await prepare?.(host);
  const store = new StoreDirectory(t);
  const args = ['--recipe', 'vxlan', '--store-dir', store.path];
  const [daemon, peer] = [
    await startDaemon(host, args, { seconds: 90 }),
    await startDaemon(other, args, { seconds: 90 }),
  ];
  const shown = await other.sh(
    'ip -4 -o address show dev flannel.1 | awk \'{ sub("/.*", "", $4); print $4 }\'',
  );
  const target = shown.trim();
  await host.until(`ping -c 1 -W 1 ${target} >/dev/null`);
  return { host, other, daemon, peer, store, target, args };
}

/** Two nodes of a vxlan network; the first one's own address on the underlay is the second one of its interface. */
async function withSecondAddress(
  t: TestContext,
  choice: readonly string[],
  prepare?: (other: Host) => Promise<unknown>,
) {
  const set = await startHosts([1, 1]);
  t.after(() => set.close());
  const [host, other] = set.hosts;
  assert.ok(host && other);
  const store = new StoreDirectory(t);
  await host.sh(
    'ip address flush dev eth0; ip address add 192.0.2.1/24 dev eth0; ip address add 172.30.1.1/24 dev eth0',
  );
  await prepare?.(other);
  const args = ['--recipe', 'vxlan', '--store-dir', store.path];
  const daemon = await startDaemon(host, [...args, ...choice], { isBare: true });
  await startDaemon(other, args);
  const shown = await other.sh(
    'ip -4 -o address show dev flannel.1 | awk \'{ sub("/.*", "", $4); print $4 }\'',
  );
  return { daemon, host, other, store, target: shown.trim() };
}

async function indexOf(host: Host): Promise<string> {
  return host.sh('cat /sys/class/net/flannel.1/ifindex');
}
