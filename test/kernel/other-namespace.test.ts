import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { heddle } from './lab-harness.ts';
import { type Daemon, runOn, startDaemon, upCommand } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import type { StoreDirectory } from './harness/store-directory.ts';

const options = { skip: reasonToSkip() };
const peer = '10.50.99.0/24';
const deploymentFile = '/run/state/deployment.json';

function argumentsOf(store: StoreDirectory, name = 'loom'): readonly string[] {
  const recipe = {
    Network: '10.50.0.0/16',
    Backend: {
      Type: 'extension',
      PreStartupCommand: 'ip link show woven >/dev/null 2>&1 || ip link add woven up type bridge',
      SubnetAddCommand: 'ip route replace $SUBNET dev woven',
      SubnetRemoveCommand: 'echo removed >>did; ip route delete $SUBNET dev woven 2>/dev/null || true',
      ShutdownCommand: 'echo shut down >>did; ip link delete woven 2>/dev/null || true',
      CheckCommand: `ip -o route show dev woven | sed 's/ .*//'`,
    },
  };
  return ['--recipe', store.recipe(name, recipe), '--store-dir', store.path];
}

/** What runs a program in a network namespace of its own, which has an eth0 as well. */
const inNewNamespace: readonly string[] = [
  ...['unshare', '--net', 'sh', '-ec'],
  'ip link add eth0 type veth peer name port; ip address add 172.30.1.1/24 dev eth0; ' +
    'ip link set port up; ip link set eth0 up; exec "$@"',
  'sh',
];

const down = (...args: readonly string[]): readonly string[] => [
  ...[process.execPath, heddle, 'down', '--state-dir', '/run/state', ...args],
];

const stateOf = (host: Host): Promise<string> =>
  host.sh('cd /run/state; cat deployment.json journal; cat did 2>/dev/null || true');

const hasWoven = async (host: Host): Promise<boolean> => (await host.sh('ip link')).includes('woven');

/**
 * Runs a daemon until it is ready, in a network namespace that goes with it. The next one might be given its number, so
 * that it is called by one that there never is.
 */
async function comeAndGo(host: Host, args: readonly string[]): Promise<Daemon> {
  const daemon = await startDaemon(host, args, { through: inNewNamespace });
  await daemon.kill();
  await host.sh(`sed -i 's/net:.[0-9]*./net:[1]/' ${deploymentFile}`);
  return daemon;
}

describe("a dead daemon's network in another network namespace", options, () => {
  test('is not taken down from this one, which says where it can be', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, '172.30.1.99');
    const daemon = await startDaemon(host, argumentsOf(store));
    await daemon.kill();
    const before = await stateOf(host);
    const refused = await host.run([...inNewNamespace, ...down()]);
    assert.equal(refused.exitCode, exitCodes['state-directory'], refused.stdout);
    assert.match(
      refused.stderr,
      /^heddle: the network of \S+loom\.json was brought up in another network namespace \(net:\[\d+\]\) and cannot be taken down from this one\n {2}run it there: nsenter --net=\S+ heddle down --state-dir \/run\/state$/,
    );
    assert.equal(await stateOf(host), before);
    assert.ok(await hasWoven(host));

    const [, enter = assert.fail()] = /(nsenter \S+) heddle/.exec(refused.stderr) ?? [];
    const there = await host.run([...inNewNamespace, ...enter.split(' '), ...down()]);
    assert.equal(
      there.stdout,
      'Network down: 1 peer removed (from the journal of a dead daemon).',
      there.stderr,
    );
    assert.equal(await hasWoven(host), false);
  });

  for (const name of ['loom', 'other']) {
    test(`keeps another daemon (${name}) from forgetting it`, async (t) => {
      const { host, store } = await oneHost(t);
      store.put(peer, '172.30.1.99');
      const daemon = await startDaemon(host, argumentsOf(store));
      await daemon.kill();
      const before = await stateOf(host);
      const refused = await host.run([...inNewNamespace, ...upCommand(argumentsOf(store, name))]);
      assert.equal(refused.exitCode, exitCodes['state-directory'], refused.stdout);
      assert.match(
        refused.stderr,
        /^heddle: the network of \S+loom\.json is up in another network namespace \(net:\[\d+\]\)\n {2}take it down in that namespace with nsenter --net=\S+ heddle down --state-dir \/run\/state, or give this daemon another --state-dir$/,
      );
      assert.equal(await stateOf(host), before);
      assert.equal((await runOn(host, 'down')).exitCode, 0);
    });
  }

  test('is taken down as ever where nothing was written of it, or the machine was started since', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, '172.30.1.99');
    for (const change of ['delete d.networkNamespace', 'd.networkNamespace.bootId = "another"']) {
      const daemon = await startDaemon(host, argumentsOf(store));
      await daemon.kill();
      const program = `const fs = require('fs'); const d = JSON.parse(fs.readFileSync('${deploymentFile}')); ${change}; fs.writeFileSync('${deploymentFile}', JSON.stringify(d))`;
      assert.equal((await host.run([process.execPath, '-e', program])).exitCode, 0);
      const ran = await host.run([...inNewNamespace, ...down()]);
      assert.match(ran.stdout, /^Network down: 1 peer removed/, ran.stderr);
      // The device stays in the namespace that the command could not know of. To the next start, its route is somebody else's.
      await host.sh('ip link delete woven');
    }
  });
});

describe("a dead daemon's network whose network namespace is gone", options, () => {
  test('is forgotten by the next daemon, which does not say that it took it down', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, '172.30.1.99');
    await comeAndGo(host, argumentsOf(store));
    const [subnet] = store.subnets().filter((each) => each !== peer);
    for (const name of ['loom', 'other']) {
      const daemon = await comeAndGo(host, argumentsOf(store, name));
      const [warning] = daemon.all('warning');
      assert.match(
        warning?.message ?? '',
        /^the network of \S+loom\.json was brought up in a network namespace that does not exist any more \(net:\[1\]\); heddle forgets it$/,
      );
      assert.deepEqual(
        daemon.all('peer-added').map(({ reason }) => reason),
        ['new'],
      );
      assert.deepEqual(daemon.all('shutdown-finished'), []);
      assert.deepEqual(store.subnets(), [subnet, peer].sort());
    }
    assert.equal(await host.sh('cat /run/state/did 2>/dev/null || true'), '');
  });

  test('is forgotten by heddle down when it is told to, and not before', async (t) => {
    const { host, store } = await oneHost(t);
    store.put(peer, '172.30.1.99');
    await comeAndGo(host, argumentsOf(store));
    const before = await stateOf(host);
    const refused = await runOn(host, 'down');
    assert.equal(refused.exitCode, exitCodes['state-directory'], refused.stdout);
    assert.match(
      refused.stderr,
      /and cannot be taken down from this one\n {2}run it in that namespace with nsenter --net=PATH or ip netns exec NAME; if the namespace is gone, run heddle down --forget --state-dir \/run\/state$/,
    );
    assert.equal(await stateOf(host), before);

    const forgotten = await runOn(host, 'down', '--forget', '--release-lease');
    assert.equal(
      forgotten.stdout,
      'Network forgotten, lease released: the kernel was not changed.',
      forgotten.stderr,
    );
    assert.equal(forgotten.exitCode, 0);
    assert.deepEqual(store.subnets(), [peer]);
    assert.equal(await host.sh('cat /run/state/did /run/subnet.env 2>/dev/null || true'), '');
    const again = await runOn(host, 'down', '--forget', '--json');
    assert.equal((JSON.parse(again.stdout) as { daemon: string }).daemon, 'none');
  });
});

test('a network whose daemon runs is not forgotten', options, async (t) => {
  const { host, store } = await oneHost(t);
  const daemon = await startDaemon(host, argumentsOf(store));
  const refused = await runOn(host, 'down', '--forget');
  assert.equal(refused.exitCode, exitCodes['already-running'], refused.stdout);
  assert.equal((await runOn(host, 'status')).exitCode, 0);
  await daemon.stop();
});
