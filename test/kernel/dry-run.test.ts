import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { StartPlan } from '../../src/cli/up/plan-start.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { assertOutput } from '../support/output-schema.ts';
import { startEtcd } from './etcd/host-etcd.ts';
import { startDaemon, upCommand } from './harness/daemon.ts';
import type { CommandEnd, Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const options = { skip: reasonToSkip('iptables') };

/** The kernel's entries and every file of the host's own, with times, modes and sizes. */
function traces(host: Host): Promise<string> {
  return host.sh(
    'ip -d link; ip address; ip route show table all; ip neigh; cat /proc/sys/net/ipv4/ip_forward; find /run -printf "%p %m %s %T@ %C@\\n" | sort',
  );
}

/** Runs a dry run; nothing on the host may change. */
async function dryRun(host: Host, args: readonly string[]): Promise<CommandEnd> {
  const before = await traces(host);
  const ended = await host.run(upCommand([...args, '--dry-run', '--json']));
  assert.equal(await traces(host), before);
  return ended;
}

async function plan(host: Host, args: readonly string[], exitCode = 0): Promise<StartPlan> {
  const ended = await dryRun(host, args);
  assert.deepEqual([ended.exitCode, ended.stderr], [exitCode, '']);
  return assertOutput('up --dry-run', ended.stdout) as StartPlan;
}

const commands = {
  PreStartupCommand: 'touch touched; echo data',
  SubnetAddCommand: 'ip route add $SUBNET via $PUBLIC_IP',
  SubnetRemoveCommand: 'ip route del $SUBNET',
  CheckCommand: ['ip route', 'touch touched'],
};

describe('heddle up --dry-run', options, () => {
  test('tells what a first start would do, and touches nothing', async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = store.recipe('loom', { Network: '10.50.0.0/16', Backend: { Type: 'loom', ...commands } });
    const args = [
      '--recipe',
      recipe,
      '--store-dir',
      '/run/new/store',
      '--state-dir',
      '/run/new/state',
      '-v=2',
    ];
    const first = await plan(host, args);
    assert.deepEqual([first.daemonRuns, first.waitsFor, first.earlierNetwork], [false, null, 'none']);
    assert.deepEqual(first.recipe, { name: 'loom', type: 'loom', file: recipe });
    assert.equal(first.network?.isNew, true);
    assert.equal(first.interface?.name, 'eth0');
    assert.deepEqual(first.interface.publicAddresses, [host.publicIp]);
    assert.deepEqual([first.lease?.subnet, first.lease?.how], [null, 'created']);
    assert.equal(first.trafficRules?.masquerade, false);
    assert.match(first.trafficRules.tool ?? '', /^iptables \(/);
    assert.deepEqual(first.trafficRules.places, ['the chain HEDDLE-FWD']);
    assert.deepEqual(
      first.commands.map(({ command }) => command),
      ['PreStartupCommand', 'CheckCommand'],
    );
    assert.equal(
      first.commands.find(({ command }) => command === 'CheckCommand')?.script,
      'ip route\ntouch touched',
    );
    assert.deepEqual(
      first.files.map(({ path }) => path).filter((path) => !path.startsWith('/run/new/state/')),
      ['/run/new/state', '/run/subnet.env'],
    );
    assert.match(first.warnings[0] ?? '', /^--v has no effect/);
    const none = await plan(host, [...args, '--iptables-forward-rules=false']);
    assert.equal(none.trafficRules, null);
    const both = await plan(host, [...args, '--ip-masq', '--chain-suffix=blue']);
    assert.deepEqual(both.trafficRules?.places, [
      'the chain HEDDLE-POSTRTG-blue',
      'the chain HEDDLE-FWD-blue',
    ]);
    const text = await host.run(upCommand([...args, '--dry-run']));
    assert.match(text.stdout, /^Traffic rules {2,}forward, with iptables \(\w+\): the chain HEDDLE-FWD$/m);
    assert.match(text.stdout, /^Interface {2,}eth0, MTU 1500, 172\.30\.1\.1: --iface names it$/m);
    assert.match(
      text.stdout,
      /^ {2}PreStartupCommand, once, before the lease is taken\n {4}touch touched; echo data$/m,
    );
  });

  test('tells what a restart would do, while the daemon runs and after it has left the network up', async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = store.recipe('loom', { Network: '10.50.0.0/16', Backend: { Type: 'loom', ...commands } });
    const args = ['--recipe', recipe, '--store-dir', store.path];
    store.put('10.50.9.0/24', '172.30.1.9', { BackendType: 'loom', BackendData: 'data' });
    store.put('10.51.9.0/24', '172.30.1.8', { BackendType: 'loom', BackendData: 'data' });
    const daemon = await startDaemon(host, [...args, '--on-exit', 'leave']);
    const { subnet } = await daemon.logged('lease-acquired');
    await host.until('[ -n "$(ip route show 10.50.9.0/24)" ]');
    await daemon.stop();
    const stored = store.content();
    const left = await plan(host, args);
    assert.deepEqual([left.daemonRuns, left.earlierNetwork], [false, 'taken-over']);
    assert.deepEqual([left.lease?.subnet, left.lease?.how], [subnet, 'reused']);
    assert.deepEqual(left.peers, [{ subnet: '10.50.9.0/24', publicIp: '172.30.1.9' }]);
    assert.deepEqual(
      left.rejected.map(({ key }) => key),
      ['10.51.9.0-24'],
    );
    const other = store.recipe('other', { Network: '10.50.0.0/16', Backend: { Type: 'loom' } });
    const changed = await plan(host, ['--recipe', other, '--store-dir', store.path]);
    assert.equal(changed.earlierNetwork, 'taken-down');
    assert.deepEqual(store.content(), stored);
    const again = await startDaemon(host, args);
    const running = await host.run(upCommand([...args, '--dry-run', '--json']));
    assert.equal((assertOutput('up --dry-run', running.stdout) as StartPlan).daemonRuns, true);
    await again.stop();
  });

  test('ends as the start would: refused, or with what it would wait for', async (t) => {
    const { host, store } = await oneHost(t);
    const loopback = ['--recipe', 'vxlan', '--store-dir', store.path, '--public-ip', '127.0.0.1'];
    assert.equal((await dryRun(host, loopback)).exitCode, exitCodes.interface);
    const broken = store.recipe('broken', { Network: '10.50.0.0', Backend: { Type: 'loom' } });
    const refused = await dryRun(host, ['--recipe', broken, '--store-dir', store.path]);
    assert.equal(refused.exitCode, exitCodes.recipe);
    const away = await plan(host, ['--etcd-endpoints', 'http://127.0.0.1:2379'], exitCodes.store);
    assert.match(away.waitsFor ?? '', /^the store: .*refuses connections/);
    assert.equal(away.recipe, null);
  });

  test('writes nothing into etcd', { skip: reasonToSkip('etcd') }, async (t) => {
    const { host } = await oneHost(t);
    const keys = (await startEtcd(t, host)).under('/loom');
    const args = ['--etcd-endpoints=http://127.0.0.1:2379', '-etcd-prefix=/loom'];
    const revision = async (): Promise<string> =>
      (await keys.client.kv.range({ key: Buffer.from('/') })).header.revision;
    const atFirst = await revision();
    const waiting = await plan(host, args, exitCodes['not-found']);
    assert.match(waiting.waitsFor ?? '', /^a network configuration in the etcd at /);
    assert.equal(await revision(), atFirst);
    await keys.setNetwork({ Network: '10.50.0.0/16', Backend: { Type: 'host-gw' } });
    const configured = await revision();
    const found = await plan(host, args);
    assert.equal(found.recipe?.name, 'host-gw');
    assert.equal(found.network?.isNew, false);
    assert.equal(await revision(), configured);
  });
});
