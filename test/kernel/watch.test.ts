import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { type Daemon, startDaemon } from './harness/daemon.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';
import type { StoreDirectory } from './harness/store-directory.ts';

const options = { skip: reasonToSkip() };
const peers = ['10.50.98.0/24', '10.50.99.0/24'];

/** A recipe that notes each run of a command, with the recipe's version, and makes a route for each peer. */
function noting(version: string, more: object = {}): object {
  const note = (word: string): string => `echo "${version} ${word} \${SUBNET:-}" >>$STATE_DIR/runs`;
  return {
    Network: '10.50.0.0/16',
    Backend: {
      Type: 'extension',
      PreStartupCommand: `${note('pre')}; ip link add ov0 type bridge 2>/dev/null; ip link set ov0 up`,
      PostStartupCommand: note('post'),
      SubnetAddCommand: `${note('add')}; ip route replace $SUBNET dev ov0`,
      SubnetRemoveCommand: `${note('remove')}; ip route delete $SUBNET dev ov0`,
      ShutdownCommand: `${note('shutdown')}; ip link delete ov0`,
      ...more,
    },
  };
}

interface WatchCase {
  readonly host: Host;
  readonly store: StoreDirectory;
  readonly daemon: Daemon;
  readonly args: readonly string[];
  /** Saves another recipe and returns what ran since, sorted where the order is nobody's. */
  readonly save: (document: object | string) => Promise<void>;
  readonly ran: () => Promise<readonly string[]>;
}

async function watched(t: TestContext, document: object): Promise<WatchCase> {
  const { host, store } = await oneHost(t);
  for (const [index, subnet] of peers.entries()) store.put(subnet, `172.30.1.${90 + index}`);
  const recipe = store.recipe('live', document);
  const args = ['--recipe', recipe, '--store-dir', store.path, '--watch'];
  const daemon = await startDaemon(host, args);
  const ran = async (): Promise<readonly string[]> => {
    const lines = await host.sh('cat /run/state/runs 2>/dev/null; : >/run/state/runs');
    return lines.split('\n').filter((line) => line !== '');
  };
  const save = (saved: object | string): Promise<void> => Promise.resolve(void store.recipe('live', saved));
  return { host, store, daemon, args, save, ran };
}

const routes = (host: Host): Promise<string> => host.sh('ip route show dev ov0 | sort');

describe('heddle up --watch', options, () => {
  test('takes the smallest step that suffices', async (t) => {
    const { host, daemon, save, ran } = await watched(t, noting('v1'));
    await ran();
    const device = await host.sh('cat /sys/class/net/ov0/ifindex');
    const inPlace = await routes(host);

    await save(JSON.stringify(noting('v1'), undefined, 7));
    assert.equal((await daemon.until('recipe-applied')).step, 'nothing');
    await save(noting('v1', { Timeout: 7, Concurrency: 2 }));
    const swap = await daemon.until('recipe-applied');
    assert.deepEqual([swap.step, swap.because], ['swap', 'Timeout and Concurrency changed']);
    assert.deepEqual(await ran(), []);

    const { Backend } = noting('v2') as { Backend: { SubnetAddCommand: string } };
    await save(noting('v1', { SubnetAddCommand: Backend.SubnetAddCommand }));
    assert.equal((await daemon.until('recipe-applied')).step, 'peers');
    assert.deepEqual((await ran()).toSorted(), [
      ...peers.map((subnet) => `v1 remove ${subnet}`),
      ...peers.map((subnet) => `v2 add ${subnet}`),
    ]);
    assert.equal(await routes(host), inPlace);
    assert.equal(await host.sh('cat /sys/class/net/ov0/ifindex'), device);

    await save(noting('v3'));
    assert.equal((await daemon.until('recipe-applied')).step, 'node');
    const rebuilt = await ran();
    const own = rebuilt.find((line) => line.startsWith('v1 shutdown'))?.split(' ')[2] ?? '';
    assert.deepEqual(
      rebuilt.slice(0, 2).toSorted(),
      peers.map((subnet) => `v1 remove ${subnet}`),
    );
    assert.deepEqual(rebuilt.slice(2, 5), [`v1 shutdown ${own}`, 'v3 pre ', `v3 post ${own}`]);
    assert.deepEqual(
      rebuilt.slice(5).toSorted(),
      peers.map((subnet) => `v3 add ${subnet}`),
    );
    assert.equal(await routes(host), inPlace);
    assert.equal((await daemon.stop()).exitCode, 0);
    assert.deepEqual((await ran()).at(-1), `v3 shutdown ${own}`);
  });

  test('reports a bad one once with all findings, and the running one stays', async (t) => {
    const { host, daemon, args, save, ran } = await watched(t, noting('v1'));
    await ran();
    const inPlace = await routes(host);
    await save(noting('v2', { PreStartupCommand: 'if true; then echo $SUBNET' }));
    const refused = await daemon.until('recipe-refused');
    assert.match(refused.findings, /error\[shell-syntax\]/);
    await save('{ "Network": ');
    assert.match((await daemon.until('recipe-refused')).findings, /error\[json-syntax\]/);
    await save(noting('v2', { Type: 'other' }));
    assert.match(
      (await daemon.until('recipe-refused')).because,
      /is of type "other".*is of type "extension"/,
    );
    await save(noting('v2', { Requires: ['no-such-program'] }));
    assert.match((await daemon.until('recipe-refused')).because, /no-such-program/);
    await host.sh(`chmod 666 ${args[1] ?? ''}`);
    await save(noting('v2'));
    assert.match((await daemon.until('recipe-refused')).because, /as root: /);
    await host.sh(`chmod 644 ${args[1] ?? ''}`);
    await save(noting('v1'));
    assert.equal((await daemon.until('recipe-applied')).step, 'nothing');
    assert.equal(daemon.all('recipe-refused').length, 5);
    assert.deepEqual(await ran(), []);
    assert.equal(await routes(host), inPlace);
    await daemon.stop();
  });

  test('goes back to what ran if what was saved does not come up', async (t) => {
    const { host, daemon, save, ran } = await watched(t, noting('v1'));
    const inPlace = await routes(host);
    await ran();
    await save(noting('v2', { PreStartupCommand: 'echo hopeless >&2; exit 3' }));
    const failed = await daemon.until('recipe-failed');
    assert.match(failed.because, /PreStartupCommand \(.*live\.json:1?\d\) exited with status 3/);
    assert.match(failed.detail, /hopeless/);
    await daemon.until('ready');
    assert.equal(await routes(host), inPlace);
    assert.deepEqual(
      (await ran()).slice(-2).toSorted(),
      peers.map((subnet) => `v1 add ${subnet}`),
    );
    await save(noting('v3'));
    assert.equal((await daemon.until('recipe-applied')).step, 'node');
    assert.equal(await routes(host), inPlace);
    await daemon.stop();
  });

  test('does not wait for a command that hangs', async (t) => {
    const { host, daemon, save } = await watched(t, noting('v1'));
    const inPlace = await routes(host);
    await save(noting('v1', { SubnetAddCommand: 'echo hang >>runs; sleep 600', Timeout: 600 }));
    await host.until('grep -q hang /run/state/runs');
    const good = noting('v2') as { Backend: { SubnetAddCommand: string } };
    await save(noting('v1', { SubnetAddCommand: good.Backend.SubnetAddCommand }));
    await daemon.until('recipe-applied');
    assert.equal(await routes(host), inPlace);
    await daemon.stop();
  });

  test('keeps secrets out of the log, even those of a text that cannot be read', async (t) => {
    const secret = (more: object): object =>
      noting('v1', { Parameters: { PSK: { Type: 'string', Default: '', Secret: true } }, ...more });
    const { daemon, save } = await watched(t, secret({ PSK: 'hidden-first' }));
    await save(JSON.stringify(secret({ PSK: 'hidden-second' })).replace(/}$/, ',}'));
    await daemon.until('recipe-refused');
    await save(secret({ PSK: 'hidden-third', Typo: 1 }));
    await daemon.until('recipe-refused');
    await save(secret({ PSK: 'hidden-fourth', PostStartupCommand: 'echo "$PSK" >&2' }));
    await daemon.until('recipe-applied');
    assert.doesNotMatch(JSON.stringify(daemon.events), /hidden/);
    await daemon.stop();
  });

  test('says that the store decides network and parameters', async (t) => {
    const { daemon, save, ran } = await watched(t, noting('v1'));
    await ran();
    await save({ ...noting('v1'), Network: '10.51.0.0/16' });
    const { message } = await daemon.until('warning');
    assert.match(message, /^the network changed in the recipe, but the network configuration of the files/);
    assert.equal((await daemon.until('recipe-applied')).step, 'nothing');
    assert.deepEqual(await ran(), []);
    await daemon.stop();
  });

  test('a crash in the midst of a change is gone on with by the next daemon', async (t) => {
    // The remove of one peer hangs, so that the daemon can be killed with one peer removed and one to be removed.
    const hang = noting('v1', {
      SubnetRemoveCommand:
        'echo "v1 remove $SUBNET" >>runs; ip route delete $SUBNET dev ov0; ' +
        'if [ $SUBNET = 10.50.99.0/24 ] && ! [ -e go ]; then echo hang >>runs; sleep 60; fi',
      Concurrency: 1,
    });
    const { host, daemon, args, save, ran } = await watched(t, hang);
    await ran();
    const { Backend } = noting('v2') as {
      Backend: { SubnetAddCommand: string; SubnetRemoveCommand: string };
    };
    const { SubnetAddCommand, SubnetRemoveCommand } = Backend;
    await save(noting('v1', { SubnetAddCommand, SubnetRemoveCommand, Concurrency: 1 }));
    await host.until('grep -q hang /run/state/runs');
    await daemon.kill();
    assert.equal(
      (JSON.parse(await host.sh('cat /run/state/deployment.json')) as { change?: string }).change,
      'peers',
    );
    await host.sh('touch /run/state/go; : >/run/state/runs');
    const next = await startDaemon(host, args);
    const lines = await ran();
    assert.deepEqual(
      lines.filter((line) => line.includes('remove')),
      ['v1 remove 10.50.99.0/24'],
    );
    assert.deepEqual(
      lines.filter((line) => line.includes('add')).toSorted(),
      peers.map((subnet) => `v2 add ${subnet}`),
    );
    assert.doesNotMatch(await host.sh('cat /run/state/deployment.json'), /"change"/);
    await next.stop();
  });

  test('a crash while a network is taken down for another is gone on with as well', async (t) => {
    const hang = noting('v1', {
      ShutdownCommand:
        'echo "v1 shutdown" >>runs; if ! [ -e go ]; then echo hang >>runs; sleep 60; fi; ip link delete ov0',
    });
    const { host, daemon, args, save, ran } = await watched(t, hang);
    const inPlace = await routes(host);
    await save(noting('v2'));
    await host.until('grep -q hang /run/state/runs');
    await daemon.kill();
    await host.sh('touch /run/state/go; : >/run/state/runs');
    const next = await startDaemon(host, args);
    const lines = await ran();
    assert.deepEqual(lines.slice(0, 2), ['v1 shutdown', 'v2 pre ']);
    assert.deepEqual(
      lines.slice(3).toSorted(),
      peers.map((subnet) => `v2 add ${subnet}`),
    );
    assert.equal(await routes(host), inPlace);
    await next.stop();
  });
});
