import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import type { EtcdKeys, Sample } from './etcd/etcd-keys.ts';
import { reservation, samples, takenReservation } from './etcd/flannel-samples.ts';
import { startEtcd } from './etcd/host-etcd.ts';
import { startDaemon, type Daemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { fdbOf, findDevice, neighboursOf, routesOf } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const options = { skip: reasonToSkip('etcd', 'wg', 'wireguard-go') };

/** A day, as flanneld asks for. */
const ttlSeconds = 86_400;

/** All samples in a network of its own, and a node that joins it by the configuration alone. */
async function joinNetwork(
  t: TestContext,
  host: Host,
  keys: EtcdKeys,
  network: object,
  more: readonly string[] = [],
): Promise<Daemon> {
  await keys.setNetwork(network);
  for (const sample of Object.values(samples)) await keys.put(sample, ttlSeconds);
  await keys.put(reservation);
  await keys.put(takenReservation);
  const daemon = await startDaemon(host, ['--store', 'etcd', '--etcd-prefix', keys.prefix, ...more]);
  t.after(() => daemon.stop());
  return daemon;
}

const extensionNetwork = { Network: '10.50.0.0/16', Backend: { Type: 'extension' } };

/** Writes a recipe of type extension, and returns its path. */
async function recipeFile(t: TestContext, commands: object): Promise<string> {
  const path = join(temporaryDirectory(t), 'recipe.json');
  const { Network, Backend } = extensionNetwork;
  await writeFile(path, JSON.stringify({ Network, Backend: { ...Backend, ...commands } }));
  return path;
}

/** A subnet that is kept for the host itself. */
function reservationFor(host: Host): Sample {
  return { key: '10.50.77.0-24', value: `{"PublicIP":"${host.publicIp}","PublicIPv6":null}` };
}

/** What there is of routes, but for metrics and protocols, which are the recipe's business. */
async function routes(host: Host, family: 4 | 6 = 4): Promise<readonly string[]> {
  return (await routesOf(host, family)).map((line) => line.replace(/ (metric|proto) \d+/g, ''));
}

function countsOf(daemon: Daemon): readonly [peers: number, ignored: number, rejected: number] {
  const [snapshot] = daemon.all('snapshot');
  assert.ok(snapshot);
  return [snapshot.peers, snapshot.ignored, snapshot.rejected];
}

/** `KEY endpoint subnets` of each peer of a WireGuard device. */
function wireguardPeers(host: Host): Promise<readonly string[]> {
  return host.lines(`wg show flannel-wg dump | awk 'NR > 1 { print $1, $3, $4 }'`);
}

test("a node among flannel's leases", options, async (t) => {
  const set = await startHosts([1]);
  t.after(() => set.close());
  const [host] = set.hosts;
  assert.ok(host);
  const etcd = await startEtcd(t, host);

  await t.test('of type vxlan applies those of vxlan, and writes its own as flanneld does', async (t) => {
    const keys = etcd.under('/vxlan');
    const daemon = await joinNetwork(t, host, keys, { Network: '10.50.0.0/16', Backend: { Type: 'vxlan' } });
    const device = await findDevice(host, 'flannel.1');
    assert.ok(device?.address !== undefined);
    assert.deepEqual(await routes(host), [
      '10.50.4.0/24 via 10.50.4.0 dev flannel.1 onlink',
      '10.50.52.0/24 via 10.50.52.0 dev flannel.1 onlink',
      '10.50.59.0/24 via 10.50.59.0 dev flannel.1 onlink',
    ]);
    assert.deepEqual(await neighboursOf(host, 'flannel.1'), [
      '10.50.4.0 lladdr b2:4e:a5:f9:b5:04 PERMANENT',
      '10.50.52.0 lladdr b2:4e:a5:f9:b5:a8 PERMANENT',
      '10.50.59.0 lladdr b2:4e:a5:f9:b5:59 PERMANENT',
    ]);
    assert.deepEqual(await fdbOf(host, 'flannel.1'), [
      'b2:4e:a5:f9:b5:04 dst 172.30.1.4 self permanent',
      'b2:4e:a5:f9:b5:59 dst 172.30.1.59 self permanent',
      'b2:4e:a5:f9:b5:a8 dst 172.30.1.52 self permanent',
    ]);
    assert.deepEqual(countsOf(daemon), [3, 5, 0]);

    const own = await keys.of(host.publicIp);
    assert.match(own.key, /^10\.50\.\d+\.0-24$/);
    assert.equal(device.addresses[0], own.key.replace('-24', '/32'));
    assert.equal(
      own.value,
      `{"PublicIP":"${host.publicIp}","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"${device.address}"}}`,
    );
    const left = (await keys.secondsLeft(own.key)) ?? 0;
    assert.ok(left > ttlSeconds - 600 && left <= ttlSeconds, `${left} s`);

    // flanneld renews by writing the same again, on another etcd lease; and a node that was made anew has another MAC.
    const { vxlan } = samples;
    const before = daemon.events.length;
    await keys.put(vxlan, ttlSeconds);
    const changed = { ...vxlan, value: vxlan.value.replace('b5:a8', 'b5:a9') };
    await keys.put(changed, ttlSeconds);
    await daemon.until('peer-added', ({ peer }) => peer.key === vxlan.key && daemon.events.length > before);
    const since = daemon.events.slice(before);
    assert.deepEqual(
      since.map((event) => ('reason' in event ? `${event.event} ${event.reason}` : event.event)),
      ['peer-removed changed', 'peer-added changed'],
      daemon.describe(),
    );
    assert.deepEqual(
      (await fdbOf(host, 'flannel.1')).at(-1),
      'b2:4e:a5:f9:b5:a9 dst 172.30.1.52 self permanent',
    );
    await keys.delete(vxlan.key);
    await daemon.until('peer-removed', ({ reason }) => reason === 'gone');
    assert.equal((await routes(host)).length, 2);
  });

  await t.test('of type vxlan in both families applies a lease of both', async (t) => {
    const keys = etcd.under('/dual-stack');
    const network = { Network: '10.50.0.0/16', EnableIPv6: true, IPv6Network: '2001:cafe:42::/56' };
    await joinNetwork(t, host, keys, { ...network, Backend: { Type: 'vxlan', VNI: 7 } });
    const [device, deviceV6] = [await findDevice(host, 'flannel.7'), await findDevice(host, 'flannel-v6.7')];
    assert.ok(device?.address !== undefined && deviceV6?.address !== undefined);
    assert.ok((await routes(host)).includes('10.50.4.0/24 via 10.50.4.0 dev flannel.7 onlink'));
    assert.ok(
      (await routes(host, 6)).some((line) =>
        line.startsWith('2001:cafe:42:4::/64 via 2001:cafe:42:4:: dev flannel-v6.7 '),
      ),
    );
    assert.deepEqual(await neighboursOf(host, 'flannel-v6.7'), [
      '2001:cafe:42:4:: lladdr b2:4e:a5:f9:b6:04 PERMANENT',
    ]);
    assert.deepEqual(await fdbOf(host, 'flannel-v6.7'), [
      'b2:4e:a5:f9:b6:04 dst fd00:99:1::4 self permanent',
    ]);

    const own = await keys.of(host.publicIp);
    assert.match(own.key, /^10\.50\.\d+\.0-24&2001:cafe:42:[\da-f]{1,2}::-64$/);
    assert.equal(
      own.value,
      `{"PublicIP":"${host.publicIp}","PublicIPv6":"${host.publicIpv6}","BackendType":"vxlan",` +
        `"BackendData":{"VNI":7,"VtepMAC":"${device.address}"},"BackendV6Data":{"VNI":7,"VtepMAC":"${deviceV6.address}"}}`,
    );
  });

  await t.test('of type host-gw applies that of host-gw, and writes no backend data', async (t) => {
    const keys = etcd.under('/host-gw');
    const daemon = await joinNetwork(t, host, keys, {
      Network: '10.50.0.0/16',
      Backend: { Type: 'host-gw' },
    });
    assert.deepEqual(await routes(host), ['10.50.53.0/24 via 172.30.1.53 dev eth0']);
    assert.deepEqual(countsOf(daemon), [1, 7, 0]);
    assert.equal(
      (await keys.of(host.publicIp)).value,
      `{"PublicIP":"${host.publicIp}","PublicIPv6":null,"BackendType":"host-gw"}`,
    );
  });

  await t.test('of type wireguard reaches peers at the port they name, and at the usual one', async (t) => {
    const keys = etcd.under('/wireguard');
    const daemon = await joinNetwork(t, host, keys, {
      Network: '10.50.0.0/16',
      Backend: { Type: 'wireguard' },
    });
    assert.deepEqual(await wireguardPeers(host), [
      'TrMvSoP4jYQlY6RIzBgbssQqY3vxI2Pi+y71lOWWXX0= 172.30.1.54:51999 10.50.54.0/24',
      'gN65BkIKy1eCE9pP1wdc8ROUtkHLF2PfAqYdyYBz6EA= 172.30.1.55:51820 10.50.55.0/24',
    ]);
    assert.deepEqual(countsOf(daemon), [2, 6, 0]);
    const publicKey = await host.sh('wg show flannel-wg public-key');
    assert.equal(
      (await keys.of(host.publicIp)).value,
      `{"PublicIP":"${host.publicIp}","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"${publicKey}","Port":51820}}`,
    );
  });

  await t.test('of type extension gives its command the data of those of extension', async (t) => {
    const keys = etcd.under('/extension');
    await keys.put(reservationFor(host));
    const recipe = await recipeFile(t, {
      PreStartupCommand: 'echo 12:34:56:78:9a:bc',
      SubnetAddCommand: 'read -r data; echo "$SUBNET $PUBLIC_IP $data" >>/run/state/added',
    });
    const daemon = await joinNetwork(t, host, keys, extensionNetwork, ['--recipe', recipe]);
    assert.equal(await host.sh('cat /run/state/added'), '10.50.56.0/24 172.30.1.56 26:70:41:4d:fe:1b');
    assert.deepEqual(countsOf(daemon), [1, 7, 0]);

    const own = await keys.of(host.publicIp);
    assert.deepEqual(own, {
      key: reservationFor(host).key,
      value: `{"PublicIP":"${host.publicIp}","PublicIPv6":null,"BackendType":"extension","BackendData":"12:34:56:78:9a:bc"}`,
    });
    assert.equal(await keys.secondsLeft(own.key), undefined, 'a reservation stays one');
  });
});
