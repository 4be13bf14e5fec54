import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { startEtcd } from './etcd/host-etcd.ts';
import { startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { endProgram } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { assertTcpPasses, ping } from './harness/traffic.ts';

const flanneld = process.env['FLANNELD'];
const skip =
  reasonToSkip('etcd', 'socat', 'setsid') ||
  (!existsSync('/dev/net/tun') && 'needs /dev/net/tun') ||
  (flanneld === undefined && 'needs a flanneld: FLANNELD=PATH names one');
/** The time for which a program of this test may run. */
const seconds = 60;

test('the recipe udp and flanneld’s udp backend reach each other', { skip }, async (t) => {
  const set = await startHosts([1, 1]);
  t.after(() => set.close());
  const [own, other] = set.hosts;
  assert.ok(own && other);
  const keys = await startEtcd(t, other, other.publicIp);
  await keys.setNetwork({ Network: '10.50.0.0/16', Backend: { Type: 'udp' } });
  const args = [
    `-etcd-endpoints=http://${other.publicIp}:2379`,
    '-iface=eth0',
    '-subnet-file=/run/subnet.env',
  ];

  const daemon = await startDaemon(own, args, { isBare: true, seconds });
  const child = other.start([resolve(flanneld ?? ''), ...args], { seconds });
  await other.until('[ -s /run/subnet.env ]');
  const addresses = await Promise.all(
    [own, other].map((host) => host.sh('. /run/subnet.env; echo "${FLANNEL_SUBNET%.1/24}.0"')),
  );
  const [ownAddress = '', otherAddress = ''] = addresses;
  assert.equal(await other.sh('. /run/subnet.env; echo "$FLANNEL_MTU"'), '1472');
  assert.equal(await own.sh('. /run/subnet.env; echo "$FLANNEL_MTU"'), '1472');

  await own.until(`ping -n -c 1 -W 1 ${otherAddress} >/dev/null`);
  await other.until(`ping -n -c 1 -W 1 ${ownAddress} >/dev/null`);
  assert.equal(await ping(own, otherAddress, 1472), true);
  assert.equal(await ping(other, ownAddress, 1472), true);
  await assertTcpPasses(own, other, otherAddress);
  await assertTcpPasses(other, own, ownAddress);

  // No lease names a type, as in flannel.
  const leases = await keys.list();
  assert.deepEqual(
    leases.map(({ value }) => value).toSorted(),
    [own, other].map(({ publicIp }) => `{"PublicIP":"${publicIp}","PublicIPv6":null}`),
  );
  assert.deepEqual(daemon.all('warning'), []);
  endProgram(child);
  await child;
  await daemon.stop();
});
