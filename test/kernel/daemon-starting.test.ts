import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { Daemon, runOn, startDaemon, upCommand } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const options = { skip: reasonToSkip() };

/** Nobody listens there. */
const noEtcd = ['--etcd-endpoints', 'http://127.0.0.1:9'];

const scribe = {
  Network: '10.50.0.0/16',
  Backend: {
    Type: 'extension',
    PostStartupCommand: 'echo up >>did',
    SubnetAddCommand: 'echo add $SUBNET >>did',
    SubnetRemoveCommand: 'echo remove $SUBNET >>did',
    ShutdownCommand: 'echo down >>did',
  },
};

async function statusOf(host: Host): Promise<NodeStatus> {
  const { exitCode, stdout, stderr } = await runOn(host, 'status', '--json');
  assert.equal(exitCode, 0, stderr);
  return JSON.parse(stdout) as NodeStatus;
}

describe('a daemon that waits before it comes up', options, () => {
  test('for a store that is away: status says so, a second daemon is refused, and down ends it', async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = store.recipe('scribe', scribe);
    const args = ['--recipe', recipe, ...noEtcd];
    const daemon = new Daemon(host, args);
    await daemon.until('store-outage');
    const status = await statusOf(host);
    assert.equal(status.state, 'starting');
    assert.match(status.waitingFor ?? '', /^the store: .*127\.0\.0\.1:9/);
    assert.deepEqual([status.recipe, status.network, status.iface], [null, null, null]);
    const shown = await runOn(host, 'status');
    assert.match(shown.stdout, /^state {5}starting: waiting for the store: /m);

    const second = await host.run(upCommand(args));
    assert.equal(second.exitCode, exitCodes['already-running'], second.stderr);

    const down = await runOn(host, 'down');
    assert.deepEqual([down.exitCode, down.stderr], [0, '']);
    assert.equal((await daemon.ended).exitCode, 0);
  });

  test('and gets SIGUSR1 neither ends nor opens a debugger, before and after it is up', async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = store.recipe('scribe', scribe);
    const ports = (): Promise<string> => host.sh('cat /proc/net/tcp /proc/net/tcp6');
    const listening = / [0-9A-F]+:[0-9A-F]{4} [0-9A-F]+:0000 0A /;
    const waiting = new Daemon(host, ['--recipe', recipe, ...noEtcd]);
    await waiting.until('store-outage');
    for (const daemon of [waiting, undefined]) {
      const signalled = daemon ?? (await startDaemon(host, ['--recipe', recipe, '--store-dir', store.path]));
      for (let times = 0; times < 3; times++) await signalled.signal('USR1');
      // The debugger would be there long before another process has asked for the status.
      await statusOf(host);
      assert.doesNotMatch(await ports(), listening);
      const { exitCode, stderr } = await signalled.stop();
      assert.deepEqual([exitCode, stderr], [0, '']);
    }
  });

  test('for a network configuration: status says how to put one there', async (t) => {
    const { host, store } = await oneHost(t);
    const daemon = new Daemon(host, ['--store-dir', store.path]);
    await daemon.until('network-awaited');
    const { state, waitingFor } = await statusOf(host);
    assert.equal(state, 'starting');
    assert.match(
      waitingFor ?? '',
      /^a network configuration at the file .* \(write one with heddle network set --store-dir \S+ FILE/,
    );
    assert.equal((await daemon.stop()).exitCode, 0);
  });

  test('and is told to go down takes down what an earlier daemon left', async (t) => {
    const { host, store } = await oneHost(t);
    store.put('10.50.66.0/24', '192.0.2.66');
    const recipe = store.recipe('scribe', scribe);
    const first = await startDaemon(host, ['--recipe', recipe, '--store-dir', store.path]);
    await first.kill();
    const second = new Daemon(host, ['--recipe', recipe, ...noEtcd]);
    await second.until('store-outage');
    const down = await runOn(host, 'down');
    assert.match(down.stdout, /^Network down: 1 peer removed /, down.stderr);
    assert.equal((await second.ended).exitCode, 0);
    const did = await host.sh('cat /run/state/did');
    assert.deepEqual(did.trim().split('\n'), ['up', 'add 10.50.66.0/24', 'remove 10.50.66.0/24', 'down']);
  });

  test('and leaves it for the next daemon with --on-exit leave', async (t) => {
    const { host, store } = await oneHost(t);
    const recipe = store.recipe('scribe', scribe);
    const first = await startDaemon(host, ['--recipe', recipe, '--store-dir', store.path]);
    await first.kill();
    const second = new Daemon(host, ['--recipe', recipe, ...noEtcd, '--on-exit', 'leave']);
    await second.until('store-outage');
    assert.equal((await second.stop()).exitCode, 0);
    assert.equal(await host.sh('cat /run/state/did'), 'up');
  });
});
