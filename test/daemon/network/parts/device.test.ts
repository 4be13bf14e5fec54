import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announce, devicePart } from '../../../../src/daemon/network/parts/device.ts';
import { lookOnce } from '../../../../src/daemon/network/look.ts';
import type { EnsureResult, LiveNetwork, PartTrouble } from '../../../../src/daemon/network/parts/part.ts';
import { Failure } from '../../../../src/diagnostic/failure.ts';
import { StoreError } from '../../../../src/store/store.ts';
import { until } from '../../../support/until.ts';
import { Bench, leaseValue } from '../../bench.ts';
import { fileCheck, fileOverlay } from '../../file-overlay.ts';
import { makeNumberedPeer, own, standNetwork } from '../network-bench.ts';

const { signal } = new AbortController();
const checked = { ...fileOverlay, CheckCommand: fileCheck };

/** Looks after the device, and keeps the trouble that it was asked about. */
async function ensure(
  network: LiveNetwork,
  mayRepair = true,
): Promise<{ outcome: EnsureResult; asked: readonly PartTrouble[] }> {
  const asked: PartTrouble[] = [];
  const judge = (trouble: PartTrouble): boolean => {
    asked.push(trouble);
    return mayRepair;
  };
  return { outcome: await devicePart.ensure(network, lookOnce(network, signal), judge, signal), asked };
}

test('PreStartup is run before the lease, and its stdout is the backend data', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const network = await standNetwork(t, bench);
  const attributes = await announce(network.commands, network.preparation, signal);
  assert.deepEqual(bench.log, ['pre-startup']);
  assert.equal(attributes.backendData, 'data-1');
  assert.equal(attributes.publicIp, '172.30.0.1');
  assert.equal(attributes.backendType, 'extension');
});

test('backend data that no node would accept is refused', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  bench.put('data', 'two words');
  const network = await standNetwork(t, bench);
  await assert.rejects(
    announce(network.commands, network.preparation, signal),
    /PreStartupCommand .* printed backend data that other nodes would reject/,
  );
});

test('bringing the device up is PostStartup, unless it was run already', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const network = await standNetwork(t, bench);
  await devicePart.up({ ...network, isDeviceUp: true }, signal);
  assert.deepEqual(bench.log, []);
  await devicePart.up(network, signal);
  assert.deepEqual(bench.log, ['post-startup 10.50.1.0/24']);
});

test('a PostStartup that fails is a Failure with the line and what it printed', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  bench.put('post-startup.fails');
  const network = await standNetwork(t, bench);
  await assert.rejects(devicePart.up(network, signal), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'command');
    assert.match(
      error.message,
      /^the network of overlay cannot be brought up: PostStartupCommand \(.*overlay\.json:\d+\) /,
    );
    assert.match(error.detail ?? '', /\$ if test -e post-startup\.fails.*\n.*post-startup has no room/);
    return true;
  });
});

for (const { what, CheckCommand, isAway, isBuilt } of [
  { what: 'is built again', CheckCommand: fileCheck, isAway: true, isBuilt: true },
  {
    what: 'fails the start if the store was not away',
    CheckCommand: fileCheck,
    isAway: false,
    isBuilt: false,
  },
  { what: 'fails the start without CheckCommand', CheckCommand: undefined, isAway: true, isBuilt: false },
]) {
  test(`a device that went before PostStartup ${what}`, async (t) => {
    const bench = new Bench(t);
    bench.recipe({
      ...fileOverlay,
      PreStartupCommand: [...fileOverlay.PreStartupCommand, 'echo made > device'],
      PostStartupCommand: ['cat device', ...fileOverlay.PostStartupCommand],
      ...(CheckCommand && { CheckCommand }),
    });
    const network = await standNetwork(t, bench);
    if (isAway) {
      const { outages } = network.preparation;
      outages.failed(new StoreError('the store is away', { retryable: true }), 1);
      await until('the outage to last a moment', () => performance.now() % 1 > 0);
      outages.answered();
    }
    const up = devicePart.up(network, signal);
    if (isBuilt) await up;
    else await assert.rejects(up, /cannot be brought up: PostStartupCommand .* exited with status 1/);
    assert.deepEqual(bench.log, isBuilt ? ['pre-startup', 'post-startup 10.50.1.0/24'] : []);
  });
}

test('a recipe that says its overhead keeps its MTU, whatever devices there are', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const network = await standNetwork(t, bench);
  await devicePart.up(network, signal);
  assert.equal(network.commands.facts.mtus.ipv4, 1450);
});

test('without an overhead and without a device in the network, pods have the MTU of the interface', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, Overhead: undefined });
  const network = await standNetwork(t, bench);
  await devicePart.up(network, signal);
  assert.equal(network.commands.facts.mtus.ipv4, 1500);
});

test('a device that CheckCommand finds well is left alone', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  bench.put('device');
  const { outcome, asked } = await ensure(await standNetwork(t, bench));
  assert.deepEqual(outcome, { kind: 'whole' });
  assert.deepEqual(asked, []);
  assert.deepEqual(bench.log, []);
});

test('a recipe without CheckCommand cannot be broken, as far as anybody knows', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  assert.deepEqual((await ensure(await standNetwork(t, bench))).outcome, { kind: 'whole' });
});

test('a broken device is built again, and new backend data is published before PostStartup', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  bench.put('data', 'another');
  const network = await standNetwork(t, bench);
  const { outcome, asked } = await ensure(network);
  assert.deepEqual(outcome, { kind: 'repaired' });
  assert.match(asked[0]?.because ?? '', /^CheckCommand \(.*overlay\.json:\d+\) exited with status 1$/);
  assert.deepEqual(bench.log, ['pre-startup', 'post-startup 10.50.1.0/24']);
  const { records } = await network.preparation.store.list();
  assert.equal(records[0]?.value, leaseValue(1, 'another'));
});

test('a repair that may not be made now runs nothing', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  const { outcome } = await ensure(await standNetwork(t, bench), false);
  assert.equal(outcome.kind, 'broken');
  assert.deepEqual(bench.log, []);
});

for (const command of ['pre-startup', 'post-startup']) {
  test(`a rebuild whose ${command} fails leaves the device broken, and the peers go on`, async (t) => {
    const bench = new Bench(t);
    bench.recipe(checked);
    bench.put(`${command}.fails`);
    const network = await standNetwork(t, bench);
    const { outcome } = await ensure(network);
    assert.ok(outcome.kind === 'broken');
    assert.match(outcome.trouble.because, /exited with status 3$/);
    assert.match(outcome.trouble.detail, /has no room/);
    network.loop.feed({ kind: 'snapshot', peers: [makeNumberedPeer(4)] });
    await bench.untilTold('peer-added');
  });
}

test('a rebuild whose backend data no node would accept leaves the device broken', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  bench.put('data', 'two words');
  const { outcome } = await ensure(await standNetwork(t, bench));
  assert.ok(outcome.kind === 'broken');
  assert.match(outcome.trouble.because, /backend data that other nodes would reject/);
  assert.deepEqual(bench.log, ['pre-startup']);
});

test('an interface whose MTU has become too small is told with the arithmetic, and nothing is run', async (t) => {
  for (const [mtu, left] of [
    [100, 50],
    [117, 67],
    [50, 0],
  ] as const) {
    const bench = new Bench(t);
    bench.recipe({ ...checked, Overhead: 50 });
    const standing = await standNetwork(t, bench);
    const before = standing.commands.facts;
    const underlay = { ...standing.preparation.underlay, mtu };
    const sight = { kind: 'changed', underlay, because: 'the MTU is another' } as const;
    const { outcome } = await ensure({ ...standing, underlay: { sight } });
    assert.ok(outcome.kind === 'broken');
    assert.match(
      outcome.trouble.because,
      new RegExp(`the MTU of .* is ${mtu}, less 50 bytes of Overhead leaves ${left}, and IPv4 needs \\d+$`),
    );
    assert.deepEqual(bench.log, []);
    assert.equal(standing.commands.facts, before);
  }
});

test('no peer is touched while the device is built again', async (t) => {
  const bench = new Bench(t);
  bench.recipe({
    ...checked,
    PostStartupCommand: ['echo begun >> log', 'until test -e go; do sleep 0.01; done', 'echo ended >> log'],
  });
  const network = await standNetwork(t, bench);
  const ensured = ensure(network);
  await bench.untilLogged('begun');
  network.loop.feed({ kind: 'snapshot', peers: [makeNumberedPeer(4)] });
  // Commands for a peer that began later have ended by then.
  for (const number of [8, 9])
    await network.commands.runPeer('SubnetAddCommand', own, makeNumberedPeer(number));
  assert.ok(!bench.log.includes('add 10.50.4.0/24'));
  bench.put('go');
  await ensured;
  await until('the peer', () => network.loop.engine.counts.inPlace === 1);
  assert.deepEqual(bench.log.slice(-2), ['ended', 'add 10.50.4.0/24']);
});

test('taking the device away is Shutdown; one that fails says that something is left', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const network = await standNetwork(t, bench);
  assert.deepEqual(await devicePart.down(network, {}), { kind: 'gone' });
  bench.put('shutdown.fails');
  assert.deepEqual(await devicePart.down({ ...network, own: undefined }, {}), {
    kind: 'left',
    what: 'device',
  });
  assert.deepEqual(bench.log, ['shutdown 10.50.1.0/24', 'shutdown ']);
});

test('forgetting the device runs nothing', async (t) => {
  const bench = new Bench(t);
  await devicePart.forget({}, undefined, bench.emit);
  assert.deepEqual(bench.events, []);
});
