import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { Daemon, startDaemon } from './harness/daemon.ts';
import { findDevice } from './harness/kernel-state.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

interface MtuCase {
  /** The bytes that the recipe adds in the families of the network. */
  readonly overhead: number;
  readonly isDual: boolean;
  /** The devices whose MTU follows. */
  readonly devices: readonly string[];
  readonly needs: readonly string[];
  readonly options: readonly string[];
}

const plain = { isDual: true, needs: [], options: [] };
const charon = ['swanctl', '/usr/lib/ipsec/charon'];
const psk = ['--param', `PSK=${'0123456789abcdef'.repeat(6)}`];

const cases: Readonly<Record<string, MtuCase>> = {
  vxlan: { ...plain, overhead: 70, devices: ['flannel-v6.1'] },
  'host-gw': { ...plain, overhead: 0, devices: [] },
  wireguard: {
    ...plain,
    overhead: 80,
    devices: ['flannel-wg', 'flannel-wg-v6'],
    needs: ['wg', 'wireguard-go'],
  },
  ipsec: { ...plain, overhead: 121, devices: ['ipsec0'], needs: charon, options: psk },
  alloc: { ...plain, overhead: 0, devices: [] },
  udp: { ...plain, isDual: false, overhead: 28, devices: ['flannel0'], needs: ['socat', 'setsid'] },
};

for (const [name, { overhead, isDual, devices, needs, options }] of Object.entries(cases)) {
  describe(`the MTU of ${name}`, { skip: reasonToSkip(...needs) }, () => {
    const dual = { EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
    const network = { Network: '10.50.0.0/16', ...(isDual ? dual : {}), Backend: { Type: name } };

    test('follows that of the interface while the daemon runs, in both directions', async (t) => {
      const { host, store } = await oneHost(t);
      store.putConfiguration(network);
      await host.sh('ip link set eth0 mtu 1500');
      const args = ['--store-dir', store.path, '--check-interval', '1', ...options];
      const daemon = await startDaemon(host, args);
      for (const mtu of [1500, 1420, 1490]) {
        await host.sh(`ip link set eth0 mtu ${mtu}`);
        await host.until(`grep -qx FLANNEL_MTU=${mtu - overhead} /run/subnet.env`);
        for (const device of devices) assert.equal((await findDevice(host, device))?.mtu, mtu - overhead);
      }
      assert.equal(daemon.all('lease-acquired').length, 1);
      assert.equal((await daemon.stop()).exitCode, 0);
    });

    if (!isDual || overhead === 0) return;
    test('is refused with the arithmetic if it leaves IPv6 less than 1280 bytes', async (t) => {
      const { host, store } = await oneHost(t);
      store.putConfiguration(network);
      await host.sh(`ip link set eth0 mtu ${1279 + overhead}`);
      const refused = await new Daemon(host, ['--store-dir', store.path, ...options]).ended;
      assert.equal(refused.exitCode, exitCodes.interface);
      const arithmetic = `the MTU of eth0 is ${1279 + overhead}, less ${overhead} bytes of Overhead leaves 1279, and IPv6 needs 1280`;
      assert.ok(refused.stderr.includes(arithmetic), refused.stderr);
      assert.deepEqual(store.subnets(), []);
      await host.sh(`ip link set eth0 mtu ${1280 + overhead}`);
      const daemon = await startDaemon(host, ['--store-dir', store.path, ...options]);
      assert.match(await host.sh('cat /run/subnet.env'), /^FLANNEL_MTU=1280$/m);
      assert.equal((await daemon.stop()).exitCode, 0);
    });
  });
}
