import assert from 'node:assert/strict';
import { test } from 'node:test';
import { lookOnce } from '../../../../src/daemon/network/look.ts';
import { peersPart, removePeers } from '../../../../src/daemon/network/parts/peers.ts';
import { until } from '../../../support/until.ts';
import { Bench } from '../../bench.ts';
import { fileCheck, fileOverlay } from '../../file-overlay.ts';
import { makeNumberedPeer, standNetwork } from '../network-bench.ts';

const checked = { ...fileOverlay, CheckCommand: fileCheck };
const { signal } = new AbortController();
const mayNot = (): boolean => false;

test('the peers come up when the journal was read, the store was seen and everything was run', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  bench.put('device');
  bench.put('peer-10.50.4.0', 'data-4');
  let isSeen = (): void => undefined;
  const seen = new Promise<void>((resolve) => (isSeen = resolve));
  let isFollowed = false;
  const follow = (): Promise<void> => {
    isFollowed = true;
    return seen;
  };
  const network = await standNetwork(t, bench, { follow });
  for (const number of [4, 5]) await network.journal.record({ add: makeNumberedPeer(number) });
  let isUp = false;
  const up = peersPart.up(network, signal).then(() => (isUp = true));
  await until('the store to be followed', () => isFollowed);
  network.loop.feed({ kind: 'snapshot', peers: [4, 5, 6].map(makeNumberedPeer) });
  await network.loop.settled();
  assert.equal(isUp, false, 'the store was not seen');
  isSeen();
  await up;
  // Peer 4 is in place already, as the check says; 5 was lost, and 6 is new.
  assert.deepEqual(bench.log.toSorted(), ['add 10.50.5.0/24', 'add 10.50.6.0/24']);
});

test('peers that are known to be in place need no check', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  const network = await standNetwork(t, bench, { inPlace: new Set(['10.50.4.0/24']) });
  await network.journal.record({ add: makeNumberedPeer(4) });
  await peersPart.up(network, signal);
  assert.deepEqual(bench.lines('check-log'), []);
  assert.deepEqual([...network.loop.engine.subnetsInPlace], ['10.50.4.0/24']);
});

test('after a stop the peers do not wait for a command that hangs', async (t) => {
  const bench = new Bench(t);
  bench.recipe({ ...fileOverlay, Timeout: 2 });
  bench.put('add.hangs');
  const network = await standNetwork(t, bench);
  network.loop.feed({ kind: 'snapshot', peers: [makeNumberedPeer(4)] });
  const stopping = new AbortController();
  const up = peersPart.up(network, stopping.signal);
  await bench.untilLogged('add 10.50.4.0/24');
  stopping.abort();
  await up;
  assert.deepEqual(bench.told('peer-failed'), [], 'the command still runs');
});

test('a look adds what is missing and removes what belongs to nobody, and the drift is told', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  bench.put('device');
  const network = await standNetwork(t, bench);
  network.loop.feed({ kind: 'snapshot', peers: [4, 5].map(makeNumberedPeer) });
  await network.loop.settled();
  bench.drop('peer-10.50.4.0');
  bench.put('stranger-10.50.9.0');
  const before = bench.log.length;
  const outcome = await peersPart.ensure(network, lookOnce(network, signal), mayNot, signal);
  assert.deepEqual(outcome, { kind: 'whole' });
  await network.loop.settled();
  assert.deepEqual(bench.log.slice(before).toSorted(), ['add 10.50.4.0/24', 'remove 10.50.9.0/24']);
  assert.deepEqual(bench.told('drift'), [
    { event: 'drift', missing: ['10.50.4.0/24'], extra: ['10.50.9.0/24'] },
  ]);
});

test('if CheckCommand fails, nothing is known about the peers, and nothing runs', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  const network = await standNetwork(t, bench);
  network.loop.feed({ kind: 'snapshot', peers: [makeNumberedPeer(4)] });
  await network.loop.settled();
  const before = bench.log;
  await peersPart.ensure(network, lookOnce(network, signal), mayNot, signal);
  await network.loop.settled();
  assert.deepEqual(bench.log, before);
});

test('the device and the peers share one look', async (t) => {
  const bench = new Bench(t);
  bench.recipe(checked);
  bench.put('device');
  const network = await standNetwork(t, bench);
  const look = lookOnce(network, signal);
  const [first, second] = await Promise.all([look.see(), look.see()]);
  assert.equal(first, second);
  assert.deepEqual(bench.lines('check-log'), ['check']);
  await lookOnce(network, signal).see();
  assert.deepEqual(bench.lines('check-log'), ['check', 'check']);
});

test('taking the peers away removes each, and names those that could not be removed', async (t) => {
  const bench = new Bench(t);
  bench.recipe({
    ...fileOverlay,
    SubnetRemoveCommand: 'echo remove $SUBNET >> log; test $SUBNET != 10.50.5.0/24',
  });
  const network = await standNetwork(t, bench);
  network.loop.feed({ kind: 'snapshot', peers: [4, 5].map(makeNumberedPeer) });
  await network.loop.settled();
  assert.deepEqual(await peersPart.down(network, {}), {
    kind: 'left',
    what: 'peers',
    keys: ['10.50.5.0-24'],
  });
  assert.deepEqual(
    network.journal.peers.map(({ key }) => key),
    ['10.50.5.0-24'],
  );
});

test('the peers of a paused loop can be removed', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const network = await standNetwork(t, bench);
  network.loop.feed({ kind: 'snapshot', peers: [makeNumberedPeer(4)] });
  await network.loop.settled();
  await network.loop.pause();
  assert.deepEqual(await removePeers(network.loop), []);
  assert.equal(bench.log.at(-1), 'remove 10.50.4.0/24');
});
