import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findFirstStart } from '../../../src/daemon/takeover/first-start.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { formatCidr } from '../../../src/network/cidr.ts';
import { ContentSlot } from '../../../src/store/content-slot.ts';
import { Bench } from '../bench.ts';
import { leaveNetwork, openPeerJournal } from './takeover.ts';

async function contextOf(t: TestContext, bench: Bench, signal = new AbortController().signal) {
  const options = bench.options();
  const preparation = await bench.prepare(options);
  const journal = await openPeerJournal(t, bench);
  const shell = bench.shell();
  return { options, preparation, journal, shell, contentSlot: new ContentSlot(), emit: bench.emit, signal };
}

test('a first start has no subnet to ask for, and keeps what decides it', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  const context = await contextOf(t, bench);
  assert.deepEqual(await findFirstStart(context), { hint: undefined, earlier: undefined, isTakeover: false });
  const known = context.contentSlot.take();
  assert.ok(known?.kind === 'survey');
  assert.equal(known.survey.plan(() => 0).kind, 'create');
  assert.equal(context.contentSlot.take(), undefined);
});

test('the subnet file of another time says which subnet to ask for', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  mkdirSync(dirname(bench.subnetFile));
  const lines = ['FLANNEL_NETWORK=10.50.0.0/16', 'FLANNEL_SUBNET=10.50.7.1/24', 'FLANNEL_MTU=1450'];
  writeFileSync(bench.subnetFile, `${lines.join('\n')}\n`);
  const start = await findFirstStart(await contextOf(t, bench));
  assert.equal(start?.isTakeover, false);
  assert.ok(start.hint?.ipv4);
  assert.equal(formatCidr(start.hint.ipv4), '10.50.7.0/24');
});

test('a network that is up is taken over with its own subnet, whatever the subnet file says', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const { leaseKey } = await leaveNetwork(t, bench);
  writeFileSync(
    bench.subnetFile,
    'FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=10.50.99.1/24\nFLANNEL_MTU=1450\n',
  );
  const start = await findFirstStart(await contextOf(t, bench));
  assert.equal(start?.isTakeover, true);
  assert.ok(start.hint?.ipv4);
  assert.equal(formatCidr(start.hint.ipv4).replace('/', '-'), leaseKey);
});

test('a pool without a free subnet is a Failure before anything is made', async (t) => {
  const bench = new Bench(t);
  bench.recipe(undefined, { network: '10.50.0.0/23' });
  await bench.lease(1, 8);
  await bench.lease(0, 9);
  await assert.rejects(findFirstStart(await contextOf(t, bench)), (error: unknown) => {
    assert.ok(error instanceof Failure);
    return error.kind === 'pool-exhausted';
  });
  assert.deepEqual(bench.log, []);
});

test('a store that is away is waited for, until the node is stopped', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const stopping = new AbortController();
  const context = await contextOf(t, bench, stopping.signal);
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  const start = findFirstStart(context);
  await bench.untilTold('store-outage');
  stopping.abort();
  assert.equal(await start, undefined);
});
