import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import type { DownResult } from '../../src/daemon/bring-down.ts';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { runOn, startDaemon, type Daemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { debianPlugins, Pod, podPlugins } from './harness/pod.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const vxlan = JSON.parse(
  readFileSync(new URL('../../recipes/vxlan.json', import.meta.url), 'utf8'),
) as Record<string, unknown>;

/** kube-flannel's list. host-local notes its addresses in /run, because that is the host's own. */
const template = {
  name: 'cbr0',
  cniVersion: '0.3.1',
  plugins: [
    {
      type: 'flannel',
      delegate: { hairpinMode: true, isDefaultGateway: true },
      ipam: { dataDir: '/run/cni-addresses' },
      dataDir: '/run/cni-flannel',
      subnetFile: '/run/subnet.env',
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

const listPath = '/run/net.d/10-heddle.conflist';
const runtime = { portMappings: [{ hostPort: 8080, containerPort: 80, protocol: 'tcp' }] };

interface Node {
  readonly host: Host;
  readonly daemon: Daemon;
}

/** Two nodes of an overlay, each with its CNI list. */
async function twoNodes(
  t: TestContext,
  network: object,
  args: readonly string[],
): Promise<readonly [Node, Node]> {
  const set = await startHosts([1, 1]);
  t.after(() => set.close());
  const store = new StoreDirectory(t);
  const recipe = store.recipe('vxlan', { ...vxlan, ...network });
  const conf = store.recipe('cni-conf', template);
  const nodes = await Promise.all(
    set.hosts.map(async (host) => {
      await host.sh('mkdir /run/net.d');
      const own = [
        '--recipe',
        recipe,
        '--store-dir',
        store.path,
        '--cni-conf-dir',
        '/run/net.d',
        '--cni-conf',
        conf,
      ];
      return { host, daemon: await startDaemon(host, [...own, '--check-interval', '1', ...args]) };
    }),
  );
  const [one, two] = nodes;
  assert.ok(one && two);
  return [one, two];
}

const headers = { ipv4: 20 + 8, ipv6: 40 + 8 };

/** Sends a packet of the MTU, and one byte more, which may not be fragmented. */
async function assertReaches(from: Pod, to: Pod, mtu: number): Promise<void> {
  assert.ok(to.addresses.length > 0);
  for (const address of to.addresses) {
    const largest = mtu - headers[address.includes(':') ? 'ipv6' : 'ipv4'];
    const ping = `ping -n -c 1 -W 1 -M do -s`;
    const ran = await from.run(
      `until ${ping} ${largest} ${address}; do sleep 0.05; done; ! ${ping} ${largest + 1} ${address}`,
    );
    assert.equal(ran.exitCode, 0, `${address}: ${ran.stdout}${ran.stderr}`);
  }
}

const ipv6 = { EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
const networks = [
  { name: 'IPv4', network: {}, mtu: 1450, families: 1 },
  { name: 'IPv6', network: { ...ipv6, EnableIPv4: false }, mtu: 1430, families: 1 },
  { name: 'dual-stack', network: ipv6, mtu: 1430, families: 2 },
];

describe('pods of the rendered list', { skip: reasonToSkip(...podPlugins) }, () => {
  for (const { name, network, mtu, families } of networks) {
    test(`reach each other with the MTU of the overlay, ${name}`, async (t) => {
      const [one, two] = await twoNodes(t, network, ['--cni-render']);
      const first = await Pod.start(one.host, listPath, { runtime });
      const second = await Pod.start(two.host, listPath, { runtime });
      assert.equal(first.addresses.length, families);
      assert.deepEqual([await first.mtu(), await second.mtu()], [mtu, mtu]);
      await assertReaches(first, second, mtu);
      await assertReaches(second, first, mtu);
      await first.end();
      await second.end();
      assert.equal(await one.host.sh('ls -A /run/cni-addresses/cbr0 | grep -v ^l || true'), '');
      await Promise.all([one, two].map(({ daemon }) => daemon.stop()));
      assert.equal(await one.host.sh('ls -A /run/net.d'), '');
    });
  }

  test('keep the MTU from before a change, and are named until they start again', async (t) => {
    const [one, two] = await twoNodes(t, ipv6, ['--cni-render']);
    const before = await Pod.start(one.host, listPath);
    const there = await Pod.start(two.host, listPath);
    await one.host.sh('ip link set dev eth0 mtu 1400');
    const { because } = await one.daemon.until('concern', ({ kind }) => kind === 'outdated-pods');
    assert.equal(because, '1 pod on cni0 still has the MTU 1430; new pods get 1330');
    const { concerns } = JSON.parse((await runOn(one.host, 'status', '--json')).stdout) as NodeStatus;
    assert.deepEqual(
      concerns.map(({ kind, about }) => [kind, about]),
      [['outdated-pods', 'cni0']],
    );
    const after = await Pod.start(one.host, listPath);
    assert.deepEqual([await before.mtu(), await after.mtu(), await there.mtu()], [1430, 1330, 1430]);
    await assertReaches(after, there, 1330);
    await before.end();
    await one.daemon.until('concern-ended', ({ kind }) => kind === 'outdated-pods');
    await Promise.all([one, two].map(({ daemon }) => daemon.stop()));
  });

  test('are named if their bridge has the address of an earlier subnet', async (t) => {
    const [one] = await twoNodes(t, {}, ['--cni-render']);
    for (const old of ['10.50.0.1/24', '10.244.7.1/24']) {
      await one.host.sh(`ip link add cni0 type bridge && ip address add ${old} dev cni0`);
      const { because } = await one.daemon.until('concern', ({ kind }) => kind === 'outdated-pods');
      const told = `cni0 has the address ${old} from before a change, so its pods are not in this node's subnet `;
      assert.ok(because.startsWith(told), because);
      await assert.rejects(Pod.start(one.host, listPath), /already has an IP address different from/);
      await one.host.sh('ip link delete cni0');
      await one.daemon.until('concern-ended', ({ kind }) => kind === 'outdated-pods');
    }
    const pod = await Pod.start(one.host, listPath);
    await pod.end();
  });
});

describe('a CNI list that cannot be removed', { skip: reasonToSkip() }, () => {
  for (const isAlive of [true, false]) {
    test(`is named by heddle down of a ${isAlive ? 'running' : 'dead'} daemon, until it is gone`, async (t) => {
      const [one] = await twoNodes(t, {}, []);
      if (!isAlive) await one.daemon.kill();
      await one.host.sh('mount --bind /run/net.d /run/net.d && mount -o remount,bind,ro /run/net.d');
      const first = await runOn(one.host, 'down', '--json');
      assert.equal(first.exitCode, exitCodes['state-directory'], first.stderr);
      const because = `the CNI list ${listPath} stays: read-only file system`;
      const { left, shutdown, daemon } = JSON.parse(first.stdout) as DownResult;
      assert.deepEqual(
        { left, shutdown, daemon },
        {
          left: [{ because, failure: 'state-directory' }],
          shutdown: 'done',
          daemon: isAlive ? 'running' : 'dead',
        },
      );
      assert.ok(first.stderr.includes(`could not be taken down completely: ${because}`), first.stderr);
      assert.match(first.stderr, /; then run: heddle down --state-dir \/run\/state$/m);
      const status = await runOn(one.host, 'status');
      assert.match(status.stderr, /, which still notes what is left of the network of \S+: cni-list$/m);
      const second = await runOn(one.host, 'down');
      assert.equal(second.exitCode, exitCodes['state-directory'], second.stderr);
      await one.host.sh('umount /run/net.d');
      const third = await runOn(one.host, 'down');
      assert.match(third.stdout, /^Network down: 0 peers removed/);
      assert.equal(await one.host.sh('ls -A /run/net.d'), '');
      assert.match((await runOn(one.host, 'down')).stdout, /^Nothing to take down/);
    });
  }
});

const flannelPlugin = process.env['FLANNEL_CNI'];
const withoutPlugin =
  flannelPlugin === undefined
    ? "needs flannel's CNI plugin: FLANNEL_CNI=PATH names one"
    : reasonToSkip(...podPlugins);

describe("pods of flannel's plugin, from the list as it is", { skip: withoutPlugin }, () => {
  for (const { name, network, mtu } of networks) {
    test(`reach each other with the MTU of the overlay, ${name}`, async (t) => {
      const [one, two] = await twoNodes(t, network, []);
      assert.equal(await one.host.sh(`cat ${listPath}`), JSON.stringify(template, undefined, 2));
      const plugins = [dirname(flannelPlugin ?? ''), debianPlugins];
      const first = await Pod.start(one.host, listPath, { plugins, runtime });
      const second = await Pod.start(two.host, listPath, { plugins, runtime });
      assert.deepEqual([await first.mtu(), await second.mtu()], [mtu, mtu]);
      await assertReaches(first, second, mtu);
      await first.end();
      await second.end();
    });
  }
});
