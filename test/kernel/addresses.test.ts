import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

describe('the addresses of a node', { skip: reasonToSkip(), concurrency: 2 }, () => {
  test('a second address that --iface names is used, and strict rp_filter loses nothing', async (t) => {
    const set = await startHosts([1, 1]);
    t.after(() => set.close());
    const [host, other] = set.hosts;
    assert.ok(host && other);
    const store = new StoreDirectory(t);
    // The first address of the node is of a network that the peer has on another interface.
    await host.sh(
      'ip address flush dev eth0; ip address add 192.0.2.1/24 dev eth0; ip address add 172.30.1.1/24 dev eth0',
    );
    await other.sh('ip link add aside0 type dummy 2>/dev/null || ip link add aside0 type bridge');
    await other.sh('ip link set aside0 up; ip address add 192.0.2.254/24 dev aside0');
    await other.sh('for each in all default eth0; do echo 1 >/proc/sys/net/ipv4/conf/$each/rp_filter; done');
    const args = ['--recipe', 'vxlan', '--store-dir', store.path];
    const daemon = await startDaemon(host, [...args, '--iface', '172.30.1.1']);
    const peer = await startDaemon(other, args);
    assert.match(await host.sh('ip -d link show flannel.1'), / local 172\.30\.1\.1 /);
    assert.equal((await daemon.logged('lease-acquired')).publicIp, '172.30.1.1');
    const target = await other.sh(
      'ip -4 -o address show dev flannel.1 | awk \'{ sub("/.*", "", $4); print $4 }\'',
    );
    await host.until(`ping -c 1 -W 1 ${target.trim()} >/dev/null`);
    await host.sh(`ping -q -c 20 -i 0.02 -W 1 ${target.trim()} | grep -q ' 0% packet loss'`);
    await Promise.all([daemon.stop(), peer.stop()]);
  });
});
