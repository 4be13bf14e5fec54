import assert from 'node:assert/strict';
import { existsSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readDeployment } from '../../../src/daemon/network/deployment-file.ts';
import type { Deployment } from '../../../src/daemon/network/deployment.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import type { UpOptions } from '../../../src/daemon/setup/options.ts';
import { clearPreviousNetwork, type PreviousNetwork } from '../../../src/daemon/takeover/previous-network.ts';
import { Bench } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';
import { elsewhere, leaveNetwork, openPeerJournal, rewriteDeployment } from './takeover.ts';

async function clear(
  t: TestContext,
  bench: Bench,
  changes: Partial<UpOptions> = {},
): Promise<PreviousNetwork | undefined> {
  const options = bench.options(changes);
  const preparation = await bench.prepare(options);
  const journal = await openPeerJournal(t, bench);
  return clearPreviousNetwork({ options, preparation, journal, shell: bench.shell(), emit: bench.emit });
}

async function start(t: TestContext): Promise<{ bench: Bench; left: Deployment }> {
  const bench = new Bench(t);
  bench.recipe();
  return { bench, left: await leaveNetwork(t, bench) };
}

test('without an earlier network, nothing is cleared', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  assert.equal(await clear(t, bench), undefined);
});

test('the same network is taken over with its lease, and nothing runs', async (t) => {
  const { bench, left } = await start(t);
  assert.deepEqual(await clear(t, bench), { leaseKey: left.leaseKey, isUp: true });
  assert.deepEqual(bench.log, []);
  assert.deepEqual(bench.warnings, []);
});

for (const change of [undefined, 'peers'] as const) {
  test(`a subnet file at another path than now is removed, ${change === undefined ? 'and nothing runs' : 'after an unfinished change'}`, async (t) => {
    const { bench, left } = await start(t);
    if (change !== undefined) await rewriteDeployment(bench, { ...left, change });
    assert.ok(existsSync(bench.subnetFile));
    const subnetFile = join(bench.directory, 'moved.env');
    assert.deepEqual(await clear(t, bench, { subnetFile }), { leaseKey: left.leaseKey, isUp: true });
    assert.equal(existsSync(bench.subnetFile), false);
    assert.equal(existsSync(subnetFile), false, 'the new one is not written before the network is up');
  });
}

test('a subnet file at another path stays if another network has it by now', async (t) => {
  const { bench, left } = await start(t);
  const others = 'FLANNEL_NETWORK=10.60.0.0/16\nFLANNEL_SUBNET=10.60.7.1/24\nFLANNEL_MTU=1450\n';
  writeFileSync(bench.subnetFile, others);
  const subnetFile = join(bench.directory, 'moved.env');
  assert.deepEqual(await clear(t, bench, { subnetFile }), { leaseKey: left.leaseKey, isUp: true });
  assert.equal(readFileSync(bench.subnetFile, 'utf8'), others);
  assert.match(
    bench.warnings[0] ?? '',
    /stays: it belongs to another network, with the subnet 10\.60\.7\.0\/24$/,
  );
});

test('the subnet file stays if its path has only another spelling now', async (t) => {
  const { bench, left } = await start(t);
  const link = join(bench.directory, 'link');
  symlinkSync(dirname(bench.subnetFile), link);
  const subnetFile = join(link, basename(bench.subnetFile));
  assert.deepEqual(await clear(t, bench, { subnetFile }), { leaseKey: left.leaseKey, isUp: true });
  assert.ok(existsSync(bench.subnetFile));
});

test('another recipe has the old network taken down first, by the commands of then', async (t) => {
  const { bench } = await start(t);
  // The file says something else by now; the deployment file has the text that ran.
  bench.recipe({ ...fileOverlay, ShutdownCommand: 'echo wrong >> log' }, { name: 'overlay' });
  bench.recipe(fileOverlay, { name: 'other' });
  const options = bench.options({ recipe: `${bench.directory}/other.json` });
  const preparation = await bench.prepare(options);
  const journal = await openPeerJournal(t, bench);
  const context = { options, preparation, journal, shell: bench.shell(), emit: bench.emit };
  assert.equal(await clearPreviousNetwork(context), undefined);
  assert.deepEqual(bench.log.slice(0, 2).toSorted(), ['remove 10.50.4.0/24', 'remove 10.50.5.0/24']);
  assert.match(bench.log.at(-1) ?? '', /^shutdown 10\.50\./);
  assert.match(bench.warnings[0] ?? '', /overlay\.json is still up; heddle first takes it down$/);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.equal(existsSync(bench.subnetFile), false);
});

test('a change of peers that was not finished is gone on with, by the commands of then', async (t) => {
  const { bench, left } = await start(t);
  await rewriteDeployment(bench, { ...left, change: 'peers' });
  assert.deepEqual(await clear(t, bench), { leaseKey: left.leaseKey, isUp: true });
  assert.deepEqual(bench.log.toSorted(), ['remove 10.50.4.0/24', 'remove 10.50.5.0/24']);
  assert.match(bench.warnings[0] ?? '', /was not finished; heddle first removes its peers$/);
});

test('a change of the node that was not finished has the old network taken down', async (t) => {
  const { bench, left } = await start(t);
  await rewriteDeployment(bench, { ...left, change: 'node' });
  assert.equal(await clear(t, bench), undefined);
  assert.match(bench.log.at(-1) ?? '', /^shutdown /);
});

test('an old network that cannot be taken down keeps the new one from coming up', async (t) => {
  const { bench, left } = await start(t);
  await rewriteDeployment(bench, { ...left, change: 'node' });
  bench.put('remove.fails');
  await assert.rejects(clear(t, bench), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.match(error.message, /^the network of .* could not be taken down$/);
    assert.match(error.hint ?? '', /run heddle down --state-dir \/\S+ and try again$/);
    return true;
  });
  const [finished] = bench.told('shutdown-finished');
  assert.match(finished?.remains ?? '', /^2 of its peers could not be removed /);
  assert.ok(await readDeployment(bench.stateDirectory));
});

test('a network of a namespace that is gone is forgotten, and its subnet asked for again', async (t) => {
  const { bench, left } = await start(t);
  await rewriteDeployment(bench, elsewhere(left));
  assert.deepEqual(await clear(t, bench), { leaseKey: left.leaseKey, isUp: false });
  assert.deepEqual(bench.log, []);
  assert.match(bench.warnings[0] ?? '', /net:\[1\]\); heddle forgets it$/);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.equal(existsSync(bench.subnetFile), false);
  assert.deepEqual((await openPeerJournal(t, bench)).peers, []);
});

test('another network of a namespace that is gone is forgotten, and so is its subnet', async (t) => {
  const { bench, left } = await start(t);
  await rewriteDeployment(bench, { ...elsewhere(left), parameterValues: { VNI: 7 } });
  assert.equal(await clear(t, bench), undefined);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
});

test('a network of before the machine was started again is the same network', async (t) => {
  const { bench, left } = await start(t);
  const networkNamespace = { bootId: 'another', name: 'net:[1]' };
  await rewriteDeployment(bench, { ...left, networkNamespace });
  assert.deepEqual(await clear(t, bench), { leaseKey: left.leaseKey, isUp: true });
});
