import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { HeddleNode } from '../../src/daemon/node.ts';
import type { TakeDownResult } from '../../src/daemon/network/take-down.ts';
import { askDaemon } from '../../src/daemon/report/control.ts';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { checkHost, type CheckedHost } from '../../src/daemon/setup/check-host.ts';
import type { UpOptions } from '../../src/daemon/setup/options.ts';
import { effectOf } from '../../src/cli/up/stop-signals.ts';
import { Failure } from '../../src/diagnostic/failure.ts';
import { renderEvent } from '../../src/event/human.ts';
import { until } from '../support/until.ts';
import { Bench } from './bench.ts';
import { fileOverlay } from './file-overlay.ts';
import { realInterface, withoutInterface as skip } from './interface.ts';

/** Checks this host, which counts as one that forwards packets. */
async function checkForwardingHost(options: UpOptions): Promise<CheckedHost> {
  const host = await checkHost(options);
  host.interfaces.isForwarding = () => Promise.resolve(true);
  return host;
}

/** Begins a daemon on a bench. It ends with the test, if not before. */
function begin(
  t: TestContext,
  bench: Bench,
  changes: Partial<UpOptions> = {},
): { node: HeddleNode; ended: Promise<void> } {
  const options = bench.options(changes);
  const real = { ...options, interface: { ...options.interface, iface: [realInterface ?? ''] } };
  const node = new HeddleNode(real, { emit: bench.emit });
  const ended = node.run(checkForwardingHost(real));
  ended.catch(() => undefined);
  t.after(async () => {
    node.hurry();
    node.stop({ onExit: 'leave', releaseLease: false });
    await ended.catch(() => undefined);
  });
  return { node, ended };
}

const ask = (bench: Bench): Promise<NodeStatus | undefined> =>
  askDaemon(bench.stateDirectory, 'GET', '/status') as Promise<NodeStatus | undefined>;

/** The states that a bench was told, in order. */
const statesOf = (bench: Bench): readonly string[] => bench.told('state').map(({ to }) => to);

test('a daemon goes through its states, and reports each once', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const { node, ended } = begin(t, bench);
  await bench.untilTold('state', ({ to }) => to === 'running');
  node.stop({ onExit: 'shutdown', releaseLease: false });
  await ended;
  const states = ['pre-startup', 'leasing', 'post-startup', 'running', 'stopping', 'stopped'];
  assert.deepEqual(statesOf(bench), states);
  assert.equal(node.status().state, 'stopped');
  assert.equal(bench.told('interface-chosen')[0]?.iface, realInterface);
});

test('status answers in each state, with all that is known by then', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  bench.put('pre-startup.hangs');
  bench.put('post-startup.hangs');
  bench.put('add.fails');
  await bench.lease(4);
  const { node, ended } = begin(t, bench);
  assert.equal(node.status().state, 'starting');
  assert.equal(node.status().recipe, null);

  await bench.untilLogged('pre-startup');
  const before = await ask(bench);
  assert.equal(before?.state, 'pre-startup');
  assert.equal(before.recipe?.name, 'overlay');
  assert.equal(before.network, '10.50.0.0/16');
  assert.equal(before.iface, realInterface);
  assert.equal(before.lease, null);
  assert.equal(before.storeOutage, null);
  node.stop({ onExit: 'shutdown', releaseLease: false });
  await ended;
  assert.equal(await ask(bench), undefined, 'nobody answers any more');

  bench.drop('pre-startup.hangs');
  begin(t, bench);
  await until('PostStartup', () => bench.log.some((line) => line.startsWith('post-startup')));
  assert.equal((await ask(bench))?.state, 'post-startup');
  assert.equal((await ask(bench))?.lease, null, 'the device is not up');
});

test('status of a degraded node says why, and what becomes of the peer', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  bench.put('add.fails');
  await bench.lease(4);
  const { node } = begin(t, bench);
  await bench.untilTold('state', ({ to }) => to === 'degraded');
  const status = await ask(bench);
  assert.equal(status?.state, 'degraded');
  assert.equal(status.because, '1 peer failing');
  assert.equal(status.mtu, (bench.told('interface-chosen')[0]?.mtu ?? 0) - 50);
  assert.equal(status.lease?.subnet, bench.told('lease-acquired')[0]?.subnet);
  const [peer] = status.peers;
  assert.equal(peer?.subnet, '10.50.4.0/24');
  assert.equal(peer.state, 'failing');
  assert.match(peer.lastOutcome?.trouble ?? '', /SubnetAddCommand .* exited with status 3/);
  assert.equal(peer.lastOutcome?.stderr, 'add has no room');
  bench.drop('add.fails');
  await bench.untilTold('state', ({ to }) => to === 'running');
  assert.equal(node.status().because, null);
  assert.equal(node.status().peers[0]?.state, 'in-place');
});

test('the first request to stop decides how', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const { node, ended } = begin(t, bench);
  await bench.untilTold('ready');
  const before = bench.log;
  node.stop({ onExit: 'leave', releaseLease: false });
  node.stop({ onExit: 'shutdown', releaseLease: true });
  await ended;
  assert.deepEqual(bench.log, before);
  assert.deepEqual(bench.told('lease-released'), []);
});

test(
  'the log says what each request to stop does: a second heddle down waits, a second signal ends commands',
  { skip },
  async (t) => {
    const bench = new Bench(t);
    bench.recipe({
      ...fileOverlay,
      ShutdownCommand: 'echo begun >> log; while ! test -e gate; do sleep 0.05; done',
    });
    const { node, ended } = begin(t, bench);
    await bench.untilTold('ready');
    const body = { onExit: 'shutdown', releaseLease: false };
    const stop = () => askDaemon(bench.stateDirectory, 'POST', '/stop', body) as Promise<TakeDownResult>;
    const first = stop();
    await bench.untilLogged('begun');
    const second = stop();
    await until('the second request', () => bench.told('stop-asked').length === 2);
    assert.deepEqual(effectOf(undefined, node), 'none', 'of the first signal');
    assert.deepEqual(effectOf('SIGTERM', node), 'hurry', 'of the second signal');
    bench.put('gate');
    await ended;
    assert.deepEqual([(await first).shutdown, (await second).shutdown], ['done', 'done']);
    assert.deepEqual(
      bench.told('stop-asked').map((event) => renderEvent(event).text),
      ['stopping, asked by heddle down', 'asked by heddle down as well, and already stopping'],
    );
  },
);

test('a request to stop is answered when the network is down', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const { ended } = begin(t, bench);
  await bench.untilTold('ready');
  const body = { onExit: 'shutdown', releaseLease: true };
  const answer = (await askDaemon(bench.stateDirectory, 'POST', '/stop', body)) as TakeDownResult;
  assert.deepEqual(answer, {
    removed: 1,
    failed: [],
    left: [],
    shutdown: 'done',
    lease: { kind: 'released' },
  });
  assert.equal(bench.told('lease-released').length, 1);
  await ended;
  assert.equal(existsSync(join(bench.stateDirectory, 'heddle.sock')), false);
});

test(
  'a second daemon on the same state directory is refused, and the first one goes on',
  { skip },
  async (t) => {
    const bench = new Bench(t);
    bench.recipe();
    const first = begin(t, bench);
    await bench.untilTold('ready');
    const before = bench.log;
    await assert.rejects(begin(t, bench).ended, (error: unknown) => {
      assert.ok(error instanceof Failure);
      return error.kind === 'already-running';
    });
    assert.deepEqual(bench.log, before);
    assert.equal(first.node.status().state, 'running');
  },
);

test('a start that is refused says why, and nothing else', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, PostStartupCommand: 'if' });
  await assert.rejects(begin(t, bench).ended, /overlay\.json was refused: 1 error/);
  assert.deepEqual(bench.events, []);
});

test('a daemon that waits for a network document says so, and can be stopped', { skip }, async (t) => {
  const bench = new Bench(t);
  // Without a recipe the store has to name one.
  const { node, ended } = begin(t, bench, { recipe: undefined });
  await bench.untilTold('network-awaited');
  const status = await ask(bench);
  assert.equal(status?.state, 'starting');
  assert.match(status.waitingFor ?? '', /^a network configuration at the file /);
  node.stop({ onExit: 'shutdown', releaseLease: false });
  await ended.catch(() => undefined);
  assert.deepEqual(statesOf(bench), ['stopping', 'stopped']);
});

test(
  'a daemon stopped while it waits takes down what an earlier one left, unless it is to stay',
  { skip },
  async (t) => {
    for (const onExit of ['leave', 'shutdown'] as const) {
      const bench = new Bench(t);
      bench.recipe();
      await bench.lease(4);
      const first = begin(t, bench);
      await bench.untilTold('ready');
      first.node.stop({ onExit: 'leave', releaseLease: false });
      await first.ended;
      const before = bench.log.length;
      // The next one is to go by the document of a store that has none.
      const store = { ...bench.storeChoice, directory: join(bench.directory, 'other') };
      const second = begin(t, bench, { recipe: undefined, store });
      await bench.untilTold('network-awaited');
      second.node.stop({ onExit, releaseLease: false });
      await second.ended.catch(() => undefined);
      const own = bench.told('lease-acquired')[0]?.subnet ?? '';
      const runs = onExit === 'leave' ? [] : ['remove 10.50.4.0/24', `shutdown ${own}`];
      assert.deepEqual(bench.log.slice(before), runs);
      assert.equal(existsSync(bench.subnetFile), onExit === 'leave');
    }
  },
);

test('hurry ends the commands that a stop waits for', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const { node, ended } = begin(t, bench);
  await bench.untilTold('ready');
  bench.put('remove.hangs');
  node.stop({ onExit: 'shutdown', releaseLease: false });
  await bench.untilLogged('remove 10.50.4.0/24');
  node.hurry();
  await assert.rejects(ended, /the network could not be taken down completely/);
});

test('the answer to a request to stop names the peers that could not be removed', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  await bench.lease(5);
  const { ended } = begin(t, bench);
  await bench.untilTold('ready');
  bench.put('remove.fails');
  const request = { onExit: 'shutdown', releaseLease: false } as const;
  const taken = (await askDaemon(bench.stateDirectory, 'POST', '/stop', request)) as TakeDownResult;
  assert.deepEqual(taken.failed.toSorted(), ['10.50.4.0-24', '10.50.5.0-24']);
  assert.equal(taken.removed, 0);
  await assert.rejects(ended, /the network could not be taken down completely/);
});

test('status says since when the store is away', { skip }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const { node } = begin(t, bench);
  await bench.untilTold('ready');
  assert.equal(node.status().storeOutage, null);
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  const outage = await until('the outage', () => node.status().storeOutage ?? undefined);
  assert.match(outage.because, /^cannot /);
  assert.ok(Date.parse(outage.since) <= Date.parse(outage.nextTryAt));
});
