import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { NodeLife, type LifeOwner } from '../../src/daemon/node-life.ts';
import { readDeployment } from '../../src/daemon/network/deployment-file.ts';
import { Failure } from '../../src/diagnostic/failure.ts';
import { until } from '../support/until.ts';
import { Bench, leaseValue } from './bench.ts';
import { fileCheck, fileOverlay } from './file-overlay.ts';
import { Life } from './life.ts';

/** The subnets of a lease: `10.50.7.0/24` of a key. */
const subnetOf = (key: string): string => key.replace('-', '/');

async function keysOf(bench: Bench): Promise<readonly string[]> {
  return (await (await bench.openStore()).list()).records.map(({ key }) => key).sort();
}

/** The subnet that the node of the bench has. */
function ownSubnet(bench: Bench): string {
  return bench.told('lease-acquired').at(-1)?.subnet ?? 'none';
}

test('a node comes up command by command, adds the peers, writes the subnet file, and only then is ready', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  const own = ownSubnet(bench);
  assert.deepEqual(bench.log, ['pre-startup', `post-startup ${own}`, 'add 10.50.4.0/24']);
  assert.deepEqual(life.states, ['pre-startup', 'leasing', 'post-startup', 'running']);
  assert.equal(bench.read('peer-10.50.4.0'), 'data-4\n');
  const first = own.replace('.0/24', '.1/24');
  assert.equal(
    readFileSync(bench.subnetFile, 'utf8'),
    `FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=${first}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n`,
  );
  assert.equal(bench.told('ready')[0]?.peers, 1);
  assert.equal(life.life.network?.counts.inPlace, 1);
});

test('a peer that comes is added, one that changes is removed and added, one that goes is removed', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await Life.begin(t, bench);
  await bench.untilTold('ready');
  const before = bench.log.length;
  await bench.lease(4);
  await bench.untilLogged('add 10.50.4.0/24');
  const store = await bench.openStore();
  const [record] = (await store.list()).records.filter(({ key }) => key === '10.50.4.0-24');
  assert.ok(record);
  const changed = await store.replace(record, leaseValue(4, 'changed'), 3600);
  assert.ok(changed !== 'gone');
  await until('the new data', () => bench.read('peer-10.50.4.0') === 'changed\n');
  await store.remove(changed);
  await bench.untilTold('peer-removed', ({ reason }) => reason === 'gone');
  const runs = ['add', 'remove', 'add', 'remove'].map((verb) => `${verb} 10.50.4.0/24`);
  assert.deepEqual(bench.log.slice(before), runs);
});

test('a stop with shutdown removes every peer, then runs ShutdownCommand, and leaves only the lease', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  await bench.lease(5);
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  const before = bench.log.length;
  assert.deepEqual(await life.stop({ onExit: 'shutdown' }), {
    removed: 2,
    failed: [],
    left: [],
    shutdown: 'done',
  });
  const own = ownSubnet(bench);
  assert.deepEqual(bench.log.slice(before, -1).toSorted(), ['remove 10.50.4.0/24', 'remove 10.50.5.0/24']);
  assert.equal(bench.log.at(-1), `shutdown ${own}`);
  assert.equal(life.states.at(-1), 'stopping');
  assert.equal(existsSync(bench.subnetFile), false);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.ok((await keysOf(bench)).map(subnetOf).includes(own));
});

test('a stop with leave runs nothing, and keeps what the next daemon has to know', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  const before = bench.log;
  await life.stop({ onExit: 'leave' });
  assert.deepEqual(bench.log, before);
  assert.ok(existsSync(bench.subnetFile));
  const deployment = await readDeployment(bench.stateDirectory);
  assert.equal(subnetOf(deployment?.leaseKey ?? ''), ownSubnet(bench));
});

test('a stop that asks for it gives the lease back', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  await life.stop({ releaseLease: true });
  assert.deepEqual(await keysOf(bench), []);
  assert.equal(bench.told('lease-released')[0]?.subnet, ownSubnet(bench));
});

test('peers that a stop could not remove are reported, and stay in the journal for heddle down', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  bench.put('remove.fails');
  assert.deepEqual(await life.stop(), { removed: 0, failed: ['10.50.4.0-24'], left: [], shutdown: 'done' });
  assert.equal(bench.log.at(-1), `shutdown ${ownSubnet(bench)}`, 'the rest is taken down all the same');
  assert.ok(await readDeployment(bench.stateDirectory));
  assert.match(bench.read('journal') ?? '', /10\.50\.4\.0-24/);
});

test('a PreStartup that fails is undone, and no lease is taken', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  bench.put('pre-startup.fails');
  const life = await Life.begin(t, bench);
  await assert.rejects(life.ended, /cannot be brought up: PreStartupCommand .* exited with status 3/);
  assert.deepEqual(bench.log, ['pre-startup', 'shutdown ']);
  assert.deepEqual(await keysOf(bench), []);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
});

test('a PostStartup that fails gives the lease back, runs Shutdown and withdraws the network document', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  bench.put('post-startup.fails');
  const life = await Life.begin(t, bench);
  await assert.rejects(life.ended, (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.match(error.detail ?? '', /post-startup has no room/);
    return true;
  });
  const own = ownSubnet(bench);
  assert.deepEqual(bench.log, ['pre-startup', `post-startup ${own}`, `shutdown ${own}`]);
  assert.deepEqual(await keysOf(bench), []);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.equal(existsSync(bench.subnetFile), false);
  assert.equal(await (await bench.openStore()).readNetwork(), undefined);
});

test('a PostStartup that fails leaves the lease that the node had before', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(9, 1);
  bench.put('post-startup.fails');
  const life = await Life.begin(t, bench);
  await assert.rejects(life.ended);
  assert.equal(bench.told('lease-acquired')[0]?.how, 'reused');
  assert.deepEqual(await keysOf(bench), ['10.50.9.0-24']);
});

test('the next daemon takes over what was left: same subnet, nothing removed, what went meanwhile is', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, CheckCommand: fileCheck });
  await bench.lease(4);
  await bench.lease(5);
  const first = await Life.begin(t, bench);
  await bench.untilTold('ready');
  const own = ownSubnet(bench);
  await first.stop({ onExit: 'leave' });
  const before = bench.log.length;
  const store = await bench.openStore();
  const gone = (await store.list()).records.find(({ key }) => key === '10.50.5.0-24');
  assert.ok(gone);
  await store.remove(gone);
  bench.events.length = 0;

  await Life.begin(t, bench);
  await bench.untilTold('ready');
  assert.equal(bench.told('lease-acquired')[0]?.how, 'reused');
  assert.equal(ownSubnet(bench), own);
  assert.deepEqual(bench.log.slice(before), ['pre-startup', `post-startup ${own}`, 'remove 10.50.5.0/24']);
});

test('a takeover that fails leaves up what stood', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const first = await Life.begin(t, bench);
  await bench.untilTold('ready');
  await first.stop({ onExit: 'leave' });
  const before = bench.log.length;
  bench.put('post-startup.fails');
  const second = await Life.begin(t, bench);
  await assert.rejects(second.ended, /PostStartupCommand .* exited with status 3/);
  assert.deepEqual(bench.log.slice(before), ['pre-startup', `post-startup ${ownSubnet(bench)}`]);
  assert.equal(bench.read('peer-10.50.4.0'), 'data-4\n');
  assert.ok(await readDeployment(bench.stateDirectory));
});

test('a subnet that another node took is left, and the node comes up with another one', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  const lost = ownSubnet(bench);
  const file = join(bench.storeDirectory, 'subnets', lost.replace('/', '-'));
  writeFileSync(file, leaseValue(8));
  await until('the second start', () => bench.told('ready').length === 2);
  assert.match(bench.told('lease-lost')[0]?.because ?? '', /^another node holds it now: .*172\.30\.0\.8/);
  const own = ownSubnet(bench);
  assert.notEqual(own, lost);
  assert.deepEqual(bench.log.slice(2), [
    `shutdown ${lost}`,
    'pre-startup',
    `post-startup ${own}`,
    `add ${lost}`,
  ]);
  assert.deepEqual(life.states.slice(-4), ['pre-startup', 'leasing', 'post-startup', 'running']);
});

test('a subnet file that cannot be written makes the node degraded, and running once it can be', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  // Its directory is a file for now.
  writeFileSync(dirname(bench.subnetFile), '');
  const life = await Life.begin(t, bench, { checkIntervalSeconds: 0.05 });
  await life.untilIn('degraded');
  assert.match(life.states.at(-1) ?? '', /^degraded: subnet-file: the subnet file .* cannot be written/);
  assert.deepEqual(bench.told('ready'), []);
  rmSync(dirname(bench.subnetFile));
  await bench.untilTold('ready');
  assert.equal(life.states.at(-1), 'running');
  assert.ok(existsSync(bench.subnetFile));
  assert.deepEqual(
    bench.told('part-restored').map(({ part }) => part),
    ['subnet-file'],
  );
});

test('a peer that fails makes the node degraded until it succeeds', async (t) => {
  const bench = new Bench(t);
  bench.recipe(fileOverlay, { lowest: '10.50.100.0' });
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  bench.put('add.fails');
  await bench.lease(4);
  await life.untilIn('degraded');
  assert.equal(life.states.at(-1), 'degraded: 1 peer failing');
  bench.drop('add.fails');
  await life.untilIn('running');
  assert.equal(bench.read('peer-10.50.4.0'), 'data-4\n');
});

test('a stop during a command ends the command, and undoes what was begun', async (t) => {
  for (const [command, log] of [
    ['pre-startup', ['pre-startup', 'shutdown ']],
    ['post-startup', ['pre-startup', 'post-startup OWN', 'shutdown OWN']],
  ] as const) {
    const bench = new Bench(t);
    bench.recipe();
    bench.put(`${command}.hangs`);
    const life = await Life.begin(t, bench);
    await until(command, () => bench.log.some((line) => line.startsWith(command)));
    await life.stop();
    const own = ownSubnet(bench);
    assert.deepEqual(
      bench.log,
      log.map((line) => line.replace('OWN', own)),
    );
    assert.deepEqual(await keysOf(bench), [], command);
    assert.equal(await readDeployment(bench.stateDirectory), undefined);
    assert.deepEqual(bench.told('ready'), []);
  }
});

test('an add that hangs is ended by its timeout, and does not keep the node from being taken down', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, Timeout: 1 });
  bench.put('add.hangs');
  await bench.lease(4);
  const life = await Life.begin(t, bench);
  await bench.untilLogged('add 10.50.4.0/24');
  const taken = await life.stop();
  assert.equal(taken.shutdown, 'done');
  assert.deepEqual(bench.told('ready'), []);
  assert.equal(bench.log.at(-1), `shutdown ${ownSubnet(bench)}`);
});

test('a store that is away does not keep a node from stopping', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  await until('the outage', () => life.life.network?.follower.outage);
  assert.deepEqual(await life.stop(), { removed: 1, failed: [], left: [], shutdown: 'done' });
  assert.equal(bench.log.at(-1), `shutdown ${ownSubnet(bench)}`);
});

test('peers stay while the store is away, and the store is followed again when it is back', async (t) => {
  const bench = new Bench(t);
  bench.recipe(fileOverlay, { lowest: '10.50.100.0' });
  await bench.lease(4);
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  const before = bench.log;
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  await until('the outage', () => life.life.network?.follower.outage);
  assert.deepEqual(bench.log, before);
  await rename(`${bench.storeDirectory}.away`, bench.storeDirectory);
  await bench.lease(5);
  await bench.untilLogged('add 10.50.5.0/24');
  assert.deepEqual(bench.log.slice(before.length), ['add 10.50.5.0/24']);
});

test('a device that broke is built again, and its new backend data is published', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, CheckCommand: fileCheck });
  await bench.lease(4);
  const life = await Life.begin(t, bench, { checkIntervalSeconds: 0.05 });
  await bench.untilTold('ready');
  bench.put('data', 'another\n');
  bench.drop('device');
  bench.drop('peer-10.50.4.0');
  await bench.untilTold('part-restored');
  await bench.untilTold('peer-added', ({ reason }) => reason === 'drifted');
  const own = ownSubnet(bench);
  assert.deepEqual(bench.log.slice(3), ['pre-startup', `post-startup ${own}`, 'add 10.50.4.0/24']);
  const lease = (await (await bench.openStore()).list()).records.find(({ key }) => subnetOf(key) === own);
  assert.equal(lease?.value, leaseValue(1, 'another'));
  const { last } = life.life.network?.drift ?? {};
  assert.deepEqual({ ...last, at: '' }, { at: '', missing: 1, extra: 0, rebuilt: true });
});

test('a saved recipe replaces the one that runs, by its own commands', async (t) => {
  const bench = new Bench(t);
  const file = bench.recipe();
  await bench.lease(4);
  await Life.begin(t, bench, { watch: true });
  await bench.untilTold('ready');
  const own = ownSubnet(bench);
  const before = bench.log.length;
  bench.recipe({ ...fileOverlay, ShutdownCommand: 'rm -f device; echo other shutdown >> log' });
  const applied = await bench.untilTold('recipe-applied');
  assert.equal(applied.step, 'node');
  assert.equal(applied.file, file);
  const again = ['pre-startup', `post-startup ${own}`, 'add 10.50.4.0/24'];
  assert.deepEqual(bench.log.slice(before), ['remove 10.50.4.0/24', `shutdown ${own}`, ...again]);
});

test('a saved recipe that does not come up gives way to the one before', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const life = await Life.begin(t, bench, { watch: true });
  await bench.untilTold('ready');
  const own = ownSubnet(bench);
  bench.recipe({ ...fileOverlay, PostStartupCommand: 'echo bad post-startup >> log; false' });
  await bench.untilTold('recipe-failed');
  await until('the old network', () => bench.told('ready').length === 2);
  assert.deepEqual(bench.log.slice(2), [
    `shutdown ${own}`,
    'pre-startup',
    'bad post-startup',
    `shutdown ${own}`,
    'pre-startup',
    `post-startup ${own}`,
  ]);
  assert.equal(life.states.at(-1), 'running');
  assert.equal(ownSubnet(bench), own);
});

test('a start that waits for the store can be stopped, and has run nothing', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const life = await Life.begin(t, bench, {}, () =>
    rename(bench.storeDirectory, `${bench.storeDirectory}.away`),
  );
  await bench.untilTold('store-outage');
  assert.deepEqual(await life.stop(), { removed: 0, failed: [], left: [], shutdown: 'skipped' });
  assert.deepEqual(bench.log, []);
  assert.deepEqual(life.states, ['stopping']);
});

test('a life in which no network came up withdraws the network document that it brought', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const options = bench.options();
  const preparation = await bench.prepare(options);
  const store = await bench.openStore();
  assert.ok(await store.readNetwork());
  const owner: LifeOwner = {
    stopping: AbortSignal.abort(),
    stopRequest: options,
    waits: bench.waits,
    keepStateDirectory: () => Promise.resolve(),
    enter: () => undefined,
  };
  const life = new NodeLife(options, preparation, bench.emit, owner);
  assert.equal(life.network, undefined);
  assert.equal(life.preparation, preparation);
  await life.close();
  assert.equal(await store.readNetwork(), undefined);
});

/** The moments of a change to a saved recipe, each with the commands that must not have run when a stop with `leave` comes then. */
const momentsOfChange = [
  { hanging: 'add', step: 'node', never: ['remove', 'shutdown'] },
  { hanging: 'add', step: 'peers', never: ['remove', 'shutdown'] },
  { hanging: 'add', step: 'swap', never: ['remove', 'shutdown'] },
  { hanging: 'remove', step: 'node', never: ['shutdown'] },
  { hanging: 'remove', step: 'peers', never: ['shutdown'] },
  { hanging: 'pre-startup', step: 'node', never: ['other shutdown'] },
  { hanging: 'post-startup', step: 'node', never: ['other shutdown'] },
] as const;

const savedFor = {
  node: { ShutdownCommand: 'rm -f device; echo other shutdown >> log' },
  peers: { SubnetAddCommand: ['echo "add $SUBNET" >> log', 'cat > "peer-${SUBNET%/*}"'] },
  swap: { CheckCommand: fileCheck },
} as const;

for (const { hanging, step, never } of momentsOfChange) {
  test(`a stop with leave while ${hanging} hangs in a change of ${step} takes nothing more down`, async (t) => {
    const bench = new Bench(t);
    bench.recipe({ ...fileOverlay, Timeout: 1 }, { lowest: '10.50.100.0' });
    await bench.lease(4);
    const life = await Life.begin(t, bench, { watch: true, onExit: 'leave' });
    await bench.untilTold('ready');
    const own = ownSubnet(bench);
    const before = bench.log.length;
    const since = (): readonly string[] => bench.log.slice(before);
    bench.put(`${hanging}.hangs`);
    if (hanging === 'add') {
      await bench.lease(5);
      await bench.untilLogged('add 10.50.5.0/24');
    }
    bench.recipe({ ...fileOverlay, Timeout: 1, ...savedFor[step] }, { lowest: '10.50.100.0' });
    if (hanging === 'add') await until('the change', () => !life.life.network?.vitals.length);
    else await until(hanging, () => since().some((line) => line.startsWith(hanging)));
    await life.stop({ onExit: 'leave' });
    for (const line of since()) assert.ok(!never.some((word) => line.startsWith(word)), since().join('\n'));
    const deployment = await readDeployment(bench.stateDirectory);
    assert.ok(deployment, 'the next daemon knows what is up');

    bench.drop(`${hanging}.hangs`);
    bench.events.length = 0;
    await Life.begin(t, bench, { onExit: 'leave' });
    await bench.untilTold('ready');
    assert.equal(ownSubnet(bench), own);
    assert.equal(bench.read('peer-10.50.4.0'), 'data-4\n');
    assert.equal(bench.read('device'), 'up\n');
  });
}
