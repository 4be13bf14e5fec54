import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { LiveNetwork } from '../../../src/daemon/network/parts/part.ts';
import { restorePeers } from '../../../src/daemon/peers/restore-peers.ts';
import { Bench } from '../bench.ts';
import { fileCheck, fileOverlay } from '../file-overlay.ts';
import { makeNumberedPeer, standNetwork } from '../network/network-bench.ts';

/** A network whose journal names peers 4 and 5, of which 4 is in place. */
async function start(t: TestContext, backend: object): Promise<{ bench: Bench; network: LiveNetwork }> {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, ...backend });
  bench.put('device');
  bench.put('peer-10.50.4.0', 'data-4\n');
  const network = await standNetwork(t, bench);
  for (const number of [4, 5]) await network.journal.record({ add: makeNumberedPeer(number) });
  return { bench, network };
}

/** What runs once the store wants both peers. */
async function runsOf(bench: Bench, { loop }: LiveNetwork): Promise<readonly string[]> {
  loop.feed({ kind: 'snapshot', peers: [4, 5].map(makeNumberedPeer) });
  await loop.settled();
  return bench.log.toSorted();
}

test('peers that the check sees stay, and peers that it misses are added', async (t) => {
  const { bench, network } = await start(t, { CheckCommand: fileCheck });
  await restorePeers(network.loop, network);
  assert.deepEqual(await runsOf(bench, network), ['add 10.50.5.0/24']);
});

test('without a check each peer is removed and added, as nothing tells what is there', async (t) => {
  const { bench, network } = await start(t, {});
  await restorePeers(network.loop, network);
  const both = ['10.50.4.0/24', '10.50.5.0/24'];
  assert.deepEqual(await runsOf(bench, network), [
    ...both.map((s) => `add ${s}`),
    ...both.map((s) => `remove ${s}`),
  ]);
});

test('a check that fails tells nothing: each peer is added again', async (t) => {
  const { bench, network } = await start(t, { CheckCommand: fileCheck });
  bench.drop('device');
  await restorePeers(network.loop, network);
  assert.deepEqual(await runsOf(bench, network), ['add 10.50.4.0/24', 'add 10.50.5.0/24']);
});

test('peers that are known to be in place need no check', async (t) => {
  const { bench, network } = await start(t, { CheckCommand: fileCheck });
  await restorePeers(network.loop, { ...network, inPlace: new Set(['10.50.5.0/24']) });
  assert.deepEqual(bench.lines('check-log'), []);
  assert.deepEqual(await runsOf(bench, network), ['add 10.50.4.0/24']);
});

test('an empty journal needs no check', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, CheckCommand: fileCheck });
  const network = await standNetwork(t, bench);
  await restorePeers(network.loop, network);
  assert.deepEqual(bench.lines('check-log'), []);
});
