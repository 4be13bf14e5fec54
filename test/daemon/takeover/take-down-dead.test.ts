import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { readDeployment } from '../../../src/daemon/network/deployment-file.ts';
import type { Deployment } from '../../../src/daemon/network/deployment.ts';
import { forgetNetwork } from '../../../src/daemon/takeover/forget-network.ts';
import { findOtherNamespace, requireNamespace } from '../../../src/daemon/takeover/other-namespace.ts';
import { takeDownDead, takeDownStanding } from '../../../src/daemon/takeover/take-down-dead.ts';
import { removeDeployedPeers } from '../../../src/daemon/takeover/take-down-deployment.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { Bench } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';
import { elsewhere, leaveNetwork, openPeerJournal, rewriteDeployment } from './takeover.ts';

async function start(t: TestContext): Promise<{ bench: Bench; left: Deployment }> {
  const bench = new Bench(t);
  bench.recipe();
  return { bench, left: await leaveNetwork(t, bench) };
}

test('the network of a dead daemon is taken down by its own commands, with its own values', async (t) => {
  const { bench, left } = await start(t);
  bench.recipe({ ...fileOverlay, SubnetRemoveCommand: 'echo wrong >> log' });
  const taken = await takeDownDead(left, bench.stateDirectory, bench.emit);
  assert.deepEqual(taken, { removed: 2, failed: [], left: [], shutdown: 'done' });
  assert.deepEqual(bench.log.slice(0, 2).toSorted(), ['remove 10.50.4.0/24', 'remove 10.50.5.0/24']);
  assert.equal(bench.log[2], `shutdown ${left.leaseKey?.replace('-', '/') ?? ''}`);
  assert.equal(existsSync(bench.subnetFile), false);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.deepEqual((await openPeerJournal(t, bench)).peers, []);
});

test('the commands get the interface, addresses and parameters of the daemon that is dead', async (t) => {
  const bench = new Bench(t);
  bench.recipe({
    ...fileOverlay,
    Parameters: { Port: { Type: 'integer', Default: 8472 } },
    ShutdownCommand: 'echo "$NODE_NAME $IFACE $PUBLIC_IP $LOCAL_ADDRESS $MTU $PORT" >> log',
  });
  const left = await leaveNetwork(t, bench);
  const then = {
    nodeName: 'loom',
    iface: 'weft9',
    publicIp: '192.0.2.9',
    parameterValues: { Port: 7 },
    mtu: 999,
    mtus: { ipv4: 999, ipv6: undefined },
  };
  await takeDownDead({ ...left, ...then, localAddress: null }, bench.stateDirectory, bench.emit);
  assert.equal(bench.log.at(-1), 'loom weft9 192.0.2.9  999 7');
});

test('a command that takes the network of a dead daemon down is named after five seconds', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, ShutdownCommand: 'while ! test -e gate; do sleep 0.05; done' });
  const left = await leaveNetwork(t, bench);
  const taken = takeDownDead(left, bench.stateDirectory, bench.emit);
  const { waits } = await bench.untilTold('waiting');
  bench.put('gate');
  assert.equal((await taken).shutdown, 'done');
  assert.deepEqual(
    waits.map(({ what }) => what),
    ['ShutdownCommand'],
  );
});

test('a network that never got its lease is taken down without a subnet', async (t) => {
  const { bench, left } = await start(t);
  const deployment = { ...left, leaseKey: null, parts: { device: {} } };
  const taken = await takeDownDead(deployment, bench.stateDirectory, bench.emit);
  assert.equal(taken.shutdown, 'done');
  assert.deepEqual(bench.log, ['shutdown ']);
  assert.ok(existsSync(bench.subnetFile), 'it was not begun');
});

test('peers that could not be removed stay in the journal and the deployment file', async (t) => {
  const { bench, left } = await start(t);
  bench.put('remove.fails');
  const taken = await takeDownDead(left, bench.stateDirectory, bench.emit);
  assert.deepEqual(taken.failed.toSorted(), ['10.50.4.0-24', '10.50.5.0-24']);
  assert.equal((await openPeerJournal(t, bench)).peers.length, 2);
  bench.drop('remove.fails');
  const again = await takeDownDead(left, bench.stateDirectory, bench.emit);
  assert.deepEqual(again, { removed: 2, failed: [], left: [], shutdown: 'done' });
});

test('a recipe in the deployment file that cannot be read any more is refused, and nothing is run', async (t) => {
  const { bench, left } = await start(t);
  const broken = { ...left, recipe: { ...left.recipe, text: '{' } };
  await assert.rejects(takeDownDead(broken, bench.stateDirectory, bench.emit), /overlay\.json was refused/);
  const document = { ...left, networkDocument: '{' };
  await assert.rejects(
    takeDownDead(document, bench.stateDirectory, bench.emit),
    /network configuration of .* was refused/,
  );
  assert.deepEqual(bench.log, []);
});

test('only the peers of a deployment can be removed', async (t) => {
  const { bench, left } = await start(t);
  const journal = await openPeerJournal(t, bench);
  await removeDeployedPeers(left, journal, bench.stateDirectory, bench.shell(), bench.emit);
  assert.deepEqual(bench.log.toSorted(), ['remove 10.50.4.0/24', 'remove 10.50.5.0/24']);
  assert.ok(await readDeployment(bench.stateDirectory));
});

test('whatever network stands is taken down, and where none does nothing is', async (t) => {
  const { bench } = await start(t);
  assert.equal((await takeDownStanding(bench.stateDirectory, bench.emit))?.removed, 2);
  assert.equal(await takeDownStanding(bench.stateDirectory, bench.emit), undefined);
});

test('a network that is forgotten runs nothing, and leaves no file', async (t) => {
  const { bench, left } = await start(t);
  const journal = await openPeerJournal(t, bench);
  await forgetNetwork(left, journal, bench.stateDirectory, bench.emit);
  assert.deepEqual(bench.log, []);
  assert.deepEqual(journal.peers, []);
  assert.equal(existsSync(bench.subnetFile), false);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
});

test('a network in this namespace, of another boot, or of a version that did not say, is here', async (t) => {
  const { left } = await start(t);
  const { networkNamespace, ...silent } = left;
  assert.ok(networkNamespace);
  const earlier = { ...left, networkNamespace: { bootId: 'another', name: 'net:[1]' } };
  for (const deployment of [left, silent, earlier]) {
    assert.equal(await findOtherNamespace(deployment), undefined);
    await requireNamespace(deployment, '/state');
  }
});

test('a network of another namespace is not taken down from here', async (t) => {
  const { bench, left } = await start(t);
  const deployment = elsewhere(left);
  assert.deepEqual(await findOtherNamespace(deployment), { name: 'net:[1]', enter: undefined });
  await rewriteDeployment(bench, deployment);
  await assert.rejects(takeDownStanding(bench.stateDirectory, bench.emit), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'state-directory');
    assert.match(
      error.message,
      /another network namespace \(net:\[1\]\) and cannot be taken down from this one$/,
    );
    assert.match(error.hint ?? '', /heddle down --forget --state-dir /);
    return true;
  });
  assert.deepEqual(bench.log, []);
});
