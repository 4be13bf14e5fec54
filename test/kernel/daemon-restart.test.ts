import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { runOn, startDaemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { fdbOf, findDevice, neighboursOf, routesOf, watchKernel } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const options = { skip: reasonToSkip() };

const peer = '10.50.99.0/24';
const peerIp = '172.30.1.99';
const peerMac = '02:00:00:00:00:99';
const vxlanPeer = { BackendType: 'vxlan', BackendData: { VNI: 1, VtepMAC: peerMac } };

/** The subnet file's lines, by name. */
async function subnetFileOf(host: Host): Promise<Readonly<Record<string, string>>> {
  const lines = (await host.sh('cat /run/subnet.env')).split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
}

describe('vxlan', options, () => {
  test('a restart keeps device, MAC, subnet and every entry, and writes nothing to the kernel', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp, vxlanPeer);
    const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--on-exit', 'leave'];
    const first = await startDaemon(host, args);
    const device = await findDevice(host, 'flannel.1');
    assert.ok(device !== undefined);
    const content = store.subnets();
    const file = await subnetFileOf(host);
    assert.equal(file['FLANNEL_MTU'], '1450');
    assert.equal((await first.stop()).exitCode, 0);
    assert.deepEqual(await findDevice(host, 'flannel.1'), device);

    const told = await watchKernel(host, async () => {
      const second = await startDaemon(host, args);
      assert.equal(second.all('lease-acquired')[0]?.how, 'reused');
      assert.deepEqual(second.all('peer-added'), [], 'CheckCommand found the peer in place');
      await second.kill();
    });
    assert.deepEqual(told, []);
    assert.deepEqual(await findDevice(host, 'flannel.1'), device);
    assert.deepEqual(store.subnets(), content);
    assert.deepEqual(await subnetFileOf(host), file);

    const third = await startDaemon(host, ['--recipe', 'vxlan', '--store-dir', store.path]);
    assert.equal((await third.stop()).exitCode, 0);
    assert.equal(await findDevice(host, 'flannel.1'), undefined);

    const fourth = await startDaemon(host, args);
    const again = await findDevice(host, 'flannel.1');
    assert.equal(again?.address, device.address, 'the MAC outlives a shutdown');
    assert.deepEqual(store.subnets(), content);
    await fourth.stop();
  });

  test('what went while no daemon ran is removed by the next, what came is added', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp, vxlanPeer);
    store.put('10.50.98.0/24', '172.30.1.98', {
      BackendType: 'vxlan',
      BackendData: { VNI: 1, VtepMAC: '02:00:00:00:00:98' },
    });
    const args = ['--recipe', 'vxlan', '--store-dir', store.path];
    const first = await startDaemon(host, args);
    await first.kill();
    store.remove(peer);
    await host.sh('ip neigh delete 10.50.98.0 dev flannel.1');
    store.put('10.50.197.0/24', '172.30.1.97', {
      BackendType: 'vxlan',
      BackendData: { VNI: 1, VtepMAC: '02:00:00:00:00:97' },
    });
    const second = await startDaemon(host, args);
    assert.deepEqual(await routesOf(host), [
      '10.50.197.0/24 via 10.50.197.0 dev flannel.1 proto 104 metric 171099392 onlink',
      '10.50.98.0/24 via 10.50.98.0 dev flannel.1 proto 104 metric 171074048 onlink',
    ]);
    assert.deepEqual(await neighboursOf(host, 'flannel.1'), [
      '10.50.197.0 lladdr 02:00:00:00:00:97 PERMANENT',
      '10.50.98.0 lladdr 02:00:00:00:00:98 PERMANENT',
    ]);
    assert.deepEqual(await fdbOf(host, 'flannel.1'), [
      '02:00:00:00:00:97 dst 172.30.1.97 self permanent',
      '02:00:00:00:00:98 dst 172.30.1.98 self permanent',
    ]);
    await second.stop();
  });

  test('a peer that has another MAC, address or subnet is followed', async (t) => {
    const { host, store } = await oneHost(t);
    const lease = (mac: string): typeof vxlanPeer => ({
      ...vxlanPeer,
      BackendData: { VNI: 1, VtepMAC: mac },
    });
    store.put(peer, peerIp, vxlanPeer);
    const daemon = await startDaemon(host, ['--recipe', 'vxlan', '--store-dir', store.path]);
    store.put(peer, '172.30.1.42', lease('02:00:00:00:00:42'));
    await daemon.until('peer-added', ({ reason }) => reason === 'changed');
    assert.deepEqual(await neighboursOf(host, 'flannel.1'), [
      '10.50.99.0 lladdr 02:00:00:00:00:42 PERMANENT',
    ]);
    assert.deepEqual(await fdbOf(host, 'flannel.1'), ['02:00:00:00:00:42 dst 172.30.1.42 self permanent']);

    // The node moves to another subnet: whichever comes first, its one fdb entry is there in the end.
    store.put('10.50.143.0/24', '172.30.1.42', lease('02:00:00:00:00:42'));
    store.remove(peer);
    await daemon.until('peer-added', (event) => event.peer.subnet === '10.50.143.0/24');
    await daemon.logged('peer-removed', (event) => event.reason === 'gone');
    await host.until('bridge fdb show dev flannel.1 | grep -q "02:00:00:00:00:42 dst 172.30.1.42"');
    assert.deepEqual(await routesOf(host), [
      '10.50.143.0/24 via 10.50.143.0 dev flannel.1 proto 104 metric 171085568 onlink',
    ]);
    await daemon.stop();
  });

  test('the MTU parameter counts in place of the interface’s', async (t) => {
    const { host, store } = await oneHost(t);
    const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--param', 'MTU=1400'];
    const daemon = await startDaemon(host, args);
    assert.equal((await subnetFileOf(host))['FLANNEL_MTU'], '1350');
    assert.equal((await findDevice(host, 'flannel.1'))?.mtu, 1350);
    await daemon.stop();
  });
});

test(
  'another recipe on the same node: vxlan is taken down whole before host-gw comes up',
  options,
  async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, peerIp, vxlanPeer);
    const first = await startDaemon(host, ['--recipe', 'vxlan', '--store-dir', store.path]);
    await first.kill();
    const other = new StoreDirectory(t);
    other.put('10.50.98.0/24', '172.30.1.254', { BackendType: 'host-gw' });
    const second = await startDaemon(host, ['--recipe', 'host-gw', '--store-dir', other.path]);
    assert.match(
      second.all('warning')[0]?.message ?? '',
      /vxlan\.json is still up; heddle first takes it down$/,
    );
    assert.equal(await findDevice(host, 'flannel.1'), undefined);
    assert.deepEqual(await routesOf(host), [
      '10.50.98.0/24 via 172.30.1.254 dev eth0 proto 104 metric 171074048',
    ]);
    assert.equal((await subnetFileOf(host))['FLANNEL_MTU'], '1500');
    assert.equal((await second.stop()).exitCode, 0);
    assert.deepEqual(await routesOf(host), []);
  },
);

describe('wireguard', { skip: reasonToSkip('wg') }, () => {
  test('a restart keeps the key and the device, which nobody else can read', async (t) => {
    const { host, store } = await oneHost(t);
    const args = ['--recipe', 'wireguard', '--store-dir', store.path];
    const first = await startDaemon(host, [...args, '--on-exit', 'leave']);
    const [subnet = ''] = store.subnets();
    const { BackendData: published } = store.read(subnet);
    const key = await host.sh('wg show flannel-wg public-key');
    assert.deepEqual(published, { PublicKey: key, Port: 51820 });
    const device = await findDevice(host, 'flannel-wg');
    assert.equal(await host.sh('stat -c %a /run/state/flannel-wg.key'), '600');
    assert.equal((await first.stop()).exitCode, 0);

    const second = await startDaemon(host, args);
    assert.deepEqual(await findDevice(host, 'flannel-wg'), device);
    assert.equal((await second.stop()).exitCode, 0);
    assert.equal(await findDevice(host, 'flannel-wg'), undefined);

    const third = await startDaemon(host, args);
    assert.equal(await host.sh('wg show flannel-wg public-key'), key);
    assert.deepEqual(store.read(subnet)['BackendData'], published);
    await third.kill();
    const down = await runOn(host, 'down');
    assert.match(down.stdout, /^Network down: /, down.stderr);
    assert.equal(await findDevice(host, 'flannel-wg'), undefined);
  });
});

test('a recipe that does not tell its overhead: the MTU is what its devices leave', options, async (t) => {
  const { host, store } = await oneHost(t);
  const shipped = readFileSync(new URL('../recipes/extension-vxlan.json', import.meta.url), 'utf8');
  // flannel's own left the device at the underlay's MTU, which is too much.
  const recipe = store.recipe('flannel', shipped.replace('ip link set dev $DEV mtu 1450 && ', ''));
  const daemon = await startDaemon(host, ['--recipe', recipe, '--store-dir', store.path]);
  assert.equal((await findDevice(host, 'flannel-vxlan'))?.mtu, 1500);
  const file = await subnetFileOf(host);
  assert.equal(file['FLANNEL_MTU'], '1450');
  const ready = daemon.all('ready')[0];
  assert.equal(ready?.mtu, 1450);
  await daemon.stop();
});
