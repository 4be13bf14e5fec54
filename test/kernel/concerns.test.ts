import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { until } from '../support/until.ts';
import type { Daemon } from './harness/daemon.ts';
import { runOn, startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

/** A recipe whose node publishes a key that no other node has. */
const recipe = {
  Network: '10.50.0.0/16',
  Backend: {
    Type: 'extension',
    PreStartupCommand: 'test -f key || head -c 8 /dev/urandom | od -An -tx1 | tr -d " \\n" > key\ncat key',
    SubnetAddCommand: 'cat > /dev/null',
    SubnetRemoveCommand: 'cat > /dev/null',
    ShutdownCommand: 'true',
  },
};

async function statusOf(host: Host): Promise<{ exitCode: number | undefined; status: NodeStatus }> {
  const { exitCode, stdout, stderr } = await runOn(host, 'status', '--json');
  if (stdout === '') throw new Error(stderr);
  return { exitCode, status: JSON.parse(stdout) as NodeStatus };
}

describe('a node of which packets may not flow says so', { skip: reasonToSkip(), concurrency: 2 }, () => {
  for (const { what, count, network, address } of [
    { what: 'two nodes', count: 2, network: {}, address: ['--public-ip', '10.0.2.15'] },
    { what: 'three nodes', count: 3, network: {}, address: ['--public-ip', '10.0.2.15'] },
    {
      what: 'two nodes, by IPv6,',
      count: 2,
      network: { EnableIPv4: false, EnableIPv6: true, IPv6Network: 'fd00:50::/48' },
      address: ['--public-ipv6', 'fd00:99:9::15'],
    },
  ]) {
    test(`${what} with one public address, which take the lease from each other`, async (t) => {
      const set = await startHosts(Array.from({ length: count }, () => 1));
      t.after(() => set.close());
      const store = new StoreDirectory(t);
      const file = store.recipe('keys', { ...recipe, ...network });
      const args = ['--recipe', file, '--store-dir', store.path, ...address];
      const daemons: Daemon[] = [];
      for (const host of set.hosts) daemons.push(await startDaemon(host, args));
      for (const [index, host] of set.hosts.entries()) {
        const concern = await daemons[index]?.logged('concern');
        assert.equal(concern?.kind, 'lease-contested');
        const { exitCode, status } = await statusOf(host);
        assert.equal(status.state, 'degraded');
        assert.equal(exitCode, exitCodes.degraded);
        assert.match(status.concerns[0]?.hint ?? '', /--iface or --public-ip/);
      }
      for (const daemon of daemons) await daemon.stop();
    });
  }

  test('a lease of another key that has the address of this node', async (t) => {
    const set = await startHosts([1]);
    t.after(() => set.close());
    const [host] = set.hosts;
    assert.ok(host);
    const store = new StoreDirectory(t);
    const daemon = await startDaemon(host, [
      ...['--recipe', store.recipe('keys', recipe), '--store-dir', store.path],
    ]);
    const twin = '10.50.200.0/24';
    store.put(twin, host.publicIp, { BackendData: 'twin' });
    const concern = await daemon.until('concern');
    assert.deepEqual([concern.kind, concern.about], ['own-address', host.publicIp]);
    assert.match(
      concern.because,
      /^the lease 10\.50\.200\.0-24 has the public address 172\.30\.1\.1, which is/,
    );
    const { exitCode, status } = await statusOf(host);
    assert.equal(exitCode, exitCodes.degraded);
    assert.match(status.concerns[0]?.hint ?? '', /--iface or --public-ip/);

    store.remove(twin);
    await daemon.until('concern-ended');
    await until('the node to run again', async () => (await statusOf(host)).exitCode === 0);
    await daemon.stop();
  });

  test('a node whose lease has expired while the store was away', async (t) => {
    const set = await startHosts([1]);
    t.after(() => set.close());
    const [host] = set.hosts;
    assert.ok(host);
    const store = new StoreDirectory(t);
    const args = ['--recipe', store.recipe('keys', recipe), '--store-dir', store.path, '--lease-ttl', '4'];
    const daemon = await startDaemon(host, args);
    await host.sh(`mv ${store.path} ${store.path}.away`);
    const concern = await daemon.until('concern');
    assert.equal(concern.kind, 'lease-expired');
    const { exitCode, status } = await statusOf(host);
    assert.equal(exitCode, exitCodes.degraded);
    assert.ok(Date.parse(status.lease?.expiresAt ?? '') <= Date.now());
    const shown = await runOn(host, 'status');
    assert.match(shown.stdout, /expired .* ago/);

    await host.sh(`mv ${store.path}.away ${store.path}`);
    await daemon.until('concern-ended');
    await until('the node to run again', async () => (await statusOf(host)).exitCode === 0);
    await daemon.stop();
  });

  test('nodes on both sides of a VNI that was changed in the store', async (t) => {
    const set = await startHosts([1, 1]);
    t.after(() => set.close());
    const [stays, restarts] = set.hosts;
    assert.ok(stays && restarts);
    const store = new StoreDirectory(t);
    const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--check-interval', '1'];
    const daemons = [await startDaemon(stays, args), await startDaemon(restarts, args)];
    await stays.sh(
      `echo '{"Network":"10.50.0.0/16","Backend":{"Type":"vxlan","VNI":6}}' > ${store.path}/config`,
    );
    for (const daemon of daemons) {
      const { because } = await daemon.logged('concern', ({ kind }) => kind === 'network-changed');
      assert.match(because, /VNI is 6 there and 1 here$/);
    }
    await daemons[1]?.stop();
    const restarted = await startDaemon(restarts, args);
    const told = [
      await daemons[0]?.logged('concern', isUnreachable),
      await restarted.logged('concern', isUnreachable),
    ];
    assert.match(told[0]?.because ?? '', /^another node has another VNI than this node, .* with `6`$/);
    assert.match(told[1]?.because ?? '', /^another node has another VNI than this node, .* with `1`$/);
    const { exitCode, status } = await statusOf(stays);
    assert.equal(exitCode, exitCodes.degraded);
    assert.equal(status.counts.unreachable, 1);
    assert.deepEqual(status.concerns.map(({ kind }) => kind).sort(), ['network-changed', 'unreachable']);

    await daemons[0]?.stop();
    const again = await startDaemon(stays, args);
    await restarted.until('concern-ended');
    for (const host of set.hosts)
      await until('the node to run', async () => (await statusOf(host)).exitCode === 0);
    await Promise.all([again.stop(), restarted.stop()]);
  });

  for (const { what, backend, differs, told } of [
    {
      what: 'a port',
      backend: { Type: 'vxlan', Port: 4789 },
      differs: /Port is 4789 there and 8472 here/,
      // A lease does not have the port, so only the node that still runs the old one can tell.
      told: undefined,
    },
    {
      what: 'a type',
      backend: { Type: 'host-gw' },
      differs: /Type is host-gw there and vxlan here/,
      told: /^another node has another Type than this node, .* with `(vxlan|host-gw)`$/,
    },
  ]) {
    test(`nodes on both sides of ${what} that was changed in the store`, async (t) => {
      const set = await startHosts([1, 1]);
      t.after(() => set.close());
      const [stays, restarts] = set.hosts;
      assert.ok(stays && restarts);
      const store = new StoreDirectory(t);
      writeFileSync(join(store.path, 'config'), '{"Network":"10.50.0.0/16","Backend":{"Type":"vxlan"}}');
      const args = ['--store-dir', store.path, '--check-interval', '1'];
      const daemon = await startDaemon(stays, args);
      const other = await startDaemon(restarts, args);
      writeFileSync(
        join(store.path, 'config'),
        JSON.stringify({ Network: '10.50.0.0/16', Backend: backend }),
      );
      for (const each of [daemon, other]) {
        const { because } = await each.logged('concern', ({ kind }) => kind === 'network-changed');
        assert.match(because, differs);
      }
      await other.stop();
      const restarted = await startDaemon(restarts, args);
      for (const each of told === undefined ? [] : [daemon, restarted])
        assert.match((await each.logged('concern', isUnreachable)).because, told ?? /never/);
      const { exitCode, status } = await statusOf(stays);
      assert.equal(exitCode, exitCodes.degraded);
      assert.equal(status.counts.unreachable, told === undefined ? 0 : 1);
      assert.match(status.because ?? '', differs);
      await Promise.all([daemon.stop(), restarted.stop()]);
    });
  }

  test('a node whose interface has another MTU follows, and keeps its lease and its traffic', async (t) => {
    const set = await startHosts([1, 1]);
    t.after(() => set.close());
    const [host, other] = set.hosts;
    assert.ok(host && other);
    const store = new StoreDirectory(t);
    const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--check-interval', '1'];
    const daemon = await startDaemon(host, args, { seconds: 90 });
    const peer = await startDaemon(other, args);
    const subnets = store.subnets();
    await host.sh('ip link set eth0 mtu 1400');
    await host.until(`grep -q '^FLANNEL_MTU=1350$' /run/subnet.env`);
    assert.match(await host.sh('ip link show flannel.1'), / mtu 1350 /);
    const target =
      (await other.sh(`ip -4 -o address show dev flannel.1 | awk '{ print $4 }'`)).split('/')[0] ?? '';
    await host.until(`ping -c 1 -W 1 -M do -s 1322 ${target} >/dev/null`);
    const { because } = await daemon.logged('part-broken');
    assert.equal(because, 'the MTU of eth0 is 1400 now and was 1500');
    await until('the node to run', async () => (await statusOf(host)).exitCode === 0);
    assert.equal((await statusOf(host)).status.mtu, 1350);
    assert.deepEqual([store.subnets(), daemon.all('lease-acquired').length], [subnets, 1]);

    await host.sh('ip address delete 172.30.1.1/24 dev eth0');
    const concern = await daemon.logged('concern');
    assert.equal(concern.kind, 'underlay');
    assert.equal((await statusOf(host)).exitCode, exitCodes.degraded);
    await Promise.all([daemon.stop(), peer.stop()]);
  });

  test('a machine that is a copy of another makes a MAC address of its own, as told', async (t) => {
    const set = await startHosts([1, 1]);
    t.after(() => set.close());
    const [host, copy] = set.hosts;
    assert.ok(host && copy);
    const store = new StoreDirectory(t);
    const args = ['--recipe', 'vxlan', '--store-dir', store.path];
    const daemon = await startDaemon(host, args);
    const mac = (await host.sh('cat /run/state/flannel.1.mac')).trim();
    await copy.sh(`echo ${mac} > /run/state/flannel.1.mac`);
    const other = await startDaemon(copy, args);
    const { message } = await other.logged('warning');
    assert.match(
      message,
      new RegExp(`^this node has the same VtepMAC ${mac} as the node at 172\\.30\\.1\\.1 `),
    );
    const made = (await copy.sh('cat /run/state/flannel.1.mac')).trim();
    assert.notEqual(made, mac);
    assert.match(await copy.sh('ip link show flannel.1'), new RegExp(`link/ether ${made} `));
    assert.equal((await copy.sh('cat /run/state/set-aside-*/flannel.1.mac')).trim(), mac);
    for (const each of set.hosts) await until('it to run', async () => (await statusOf(each)).exitCode === 0);
    await Promise.all([daemon.stop(), other.stop()]);
  });

  test('a node that meets a copy of itself while it runs makes another MAC address when it starts again', async (t) => {
    const set = await startHosts([1]);
    t.after(() => set.close());
    const [host] = set.hosts;
    assert.ok(host);
    const store = new StoreDirectory(t);
    const args = ['--recipe', 'vxlan', '--store-dir', store.path, '--on-exit', 'leave'];
    const first = await startDaemon(host, args);
    const mac = (await host.sh('cat /run/state/flannel.1.mac')).trim();
    store.put('10.50.200.0/24', '172.30.1.77', {
      BackendType: 'vxlan',
      BackendData: { VNI: 1, VtepMAC: mac },
    });
    const concern = await first.logged('concern');
    assert.deepEqual([concern.kind, concern.about], ['own-identity', mac]);
    await first.stop();
    const second = await startDaemon(host, args);
    assert.match(
      (await second.logged('warning')).message,
      /^this node has the same VtepMAC .* made a new VtepMAC/,
    );
    assert.notEqual((await host.sh('cat /run/state/flannel.1.mac')).trim(), mac);
    await until('it to run', async () => (await statusOf(host)).exitCode === 0);
    await second.stop();
    assert.equal((await runOn(host, 'down')).exitCode, 0);
  });
});

function isUnreachable({ kind }: { readonly kind: string }): boolean {
  return kind === 'unreachable';
}
