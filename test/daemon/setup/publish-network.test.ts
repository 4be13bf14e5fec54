import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import {
  confirmNetwork,
  publishNetwork,
  withdrawNetwork,
} from '../../../src/daemon/setup/publish-network.ts';
import type { Preparation } from '../../../src/daemon/setup/prepare.ts';
import { formatCidr } from '../../../src/network/cidr.ts';
import { decideNetwork } from '../../../src/recipe-files/decide-network.ts';
import { Bench, changedStore } from '../bench.ts';

const other = '{"Network":"10.60.0.0/16","Backend":{"Type":"extension"}}';

/** A node that found no document in the store, and wrote none yet. */
async function start(t: TestContext): Promise<{ bench: Bench; preparation: Preparation }> {
  const bench = new Bench(t);
  bench.recipe();
  const prepared = await bench.prepare();
  await prepared.store.withdrawNetwork(prepared.network.document.text);
  const network = decideNetwork(prepared.loaded.recipe, [], undefined);
  return { bench, preparation: { ...prepared, network } };
}

test('the first node writes its document, and knows that it did', async (t) => {
  const { bench, preparation } = await start(t);
  const { network } = await publishNetwork(preparation, bench.options());
  assert.deepEqual([network.isInStore, network.isPublishedHere], [true, true]);
  assert.equal((await preparation.store.readNetwork())?.text, preparation.network.document.text);
});

test('a document that is in the store already is not written', async (t) => {
  const { bench, preparation } = await start(t);
  const known = { ...preparation, network: { ...preparation.network, isInStore: true } };
  assert.equal(await publishNetwork(known, bench.options()), known);
  assert.equal(await preparation.store.readNetwork(), undefined);
});

test('if another node was faster, its document counts', async (t) => {
  const { bench, preparation } = await start(t);
  await preparation.store.writeNetwork(other);
  const { network } = await publishNetwork(preparation, bench.options());
  assert.deepEqual([network.isInStore, network.isPublishedHere], [true, false]);
  assert.ok(network.configuration.ipv4);
  assert.equal(formatCidr(network.configuration.ipv4.network), '10.60.0.0/16');
});

test('the document of a faster node is refused where it overlaps this host, unless that is insisted on', async (t) => {
  const { bench, preparation } = await start(t);
  await preparation.store.writeNetwork(other);
  bench.overlap = { network: '10.60.0.0/16', what: 'the address 10.60.0.9 of weft0' };
  await assert.rejects(
    publishNetwork(preparation, bench.options()),
    /the overlay network 10\.60\.0\.0\/16 overlaps the address 10\.60\.0\.9 of weft0/,
  );
  const { network } = await publishNetwork(preparation, bench.options({ allowOverlap: true }));
  assert.equal(network.isInStore, true);
});

test('after the lease the document must be the same, or is written again', async (t) => {
  const { bench, preparation } = await start(t);
  const { store, network } = preparation;
  await confirmNetwork(preparation, bench.options());
  assert.equal((await store.readNetwork())?.text, network.document.text);
  await confirmNetwork(preparation, bench.options());
  await store.writeNetwork(other);
  await assert.rejects(confirmNetwork(preparation, bench.options()), /changed while this node started/);
  // A node that brings none looks after none.
  await confirmNetwork(preparation, { ...bench.options(), recipe: undefined });
});

test('a document that came to nothing is withdrawn by the node that wrote it, and by no other', async (t) => {
  const { bench, preparation } = await start(t);
  const { store } = preparation;
  const published = await publishNetwork(preparation, bench.options());
  const foreign = { ...published, network: { ...published.network, isPublishedHere: false } };
  await withdrawNetwork(foreign, bench.emit);
  assert.ok(await store.readNetwork());
  await withdrawNetwork(published, bench.emit);
  assert.equal(await store.readNetwork(), undefined);
});

test('a document stays once a node has a lease by it', async (t) => {
  const { bench, preparation } = await start(t);
  const published = await publishNetwork(preparation, bench.options());
  await bench.lease(4);
  await withdrawNetwork(published, bench.emit);
  assert.ok(await preparation.store.readNetwork());
  assert.deepEqual(bench.events, []);
});

test('a document that cannot be withdrawn is told', async (t) => {
  const { bench, preparation } = await start(t);
  const published = await publishNetwork(preparation, bench.options());
  const withdraw = (): Promise<never> => Promise.reject(new Error('no answer'));
  const store = changedStore(preparation.store, { withdrawNetwork: withdraw });
  await withdrawNetwork({ ...published, store }, bench.emit);
  assert.match(bench.warnings[0] ?? '', /that this node wrote into the files in .*: no answer$/);
});
