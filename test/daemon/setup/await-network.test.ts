import assert from 'node:assert/strict';
import { test } from 'node:test';
import { awaitNetwork } from '../../../src/daemon/setup/await-network.ts';
import { StartWait } from '../../../src/daemon/setup/start-wait.ts';
import { StoreError } from '../../../src/store/store.ts';
import { Bench, changedStore } from '../bench.ts';

const document = '{"Network":"10.50.0.0/16","Backend":{"Type":"extension"}}';

test('a document that is there is read at once', async (t) => {
  const bench = new Bench(t);
  const store = await bench.openStore();
  await store.writeNetwork(document);
  const wait = new StartWait(bench.emit);
  assert.equal(
    (await awaitNetwork(store, bench.storeChoice, wait, new AbortController().signal)).text,
    document,
  );
  assert.deepEqual(bench.events, []);
  assert.equal(wait.what, undefined);
});

test('a document that is missing is waited for, with what to do', async (t) => {
  const bench = new Bench(t);
  const store = await bench.openStore();
  const wait = new StartWait(bench.emit);
  const awaited = awaitNetwork(store, bench.storeChoice, wait, new AbortController().signal);
  const { source, hint } = await bench.untilTold('network-awaited');
  assert.equal(source, store.description);
  assert.ok(
    hint.startsWith(`write one with heddle network set --store-dir ${bench.storeDirectory} FILE, `),
    hint,
  );
  assert.equal(wait.what, `a network configuration at the file ${bench.storeDirectory}/config (${hint})`);
  await store.writeNetwork(document);
  assert.equal((await awaited).text, document);
});

test('a store that is away is waited for, and said to be', async (t) => {
  const bench = new Bench(t);
  const store = await bench.openStore();
  await store.writeNetwork(document);
  const away = changedStore(store, { readNetwork: () => answers.shift() ?? store.readNetwork() });
  const answers = [Promise.reject(new StoreError('nobody listens', { retryable: true }))];
  const wait = new StartWait(bench.emit);
  const awaited = awaitNetwork(away, bench.storeChoice, wait, new AbortController().signal);
  await bench.untilTold('store-outage');
  assert.equal(wait.what, 'the store: nobody listens');
  assert.equal((await awaited).text, document);
  assert.equal(wait.what, undefined);
});

test('a stop ends the wait, and an error that does not pass does as well', async (t) => {
  const bench = new Bench(t);
  const store = await bench.openStore();
  const stopping = new AbortController();
  const awaited = awaitNetwork(store, bench.storeChoice, new StartWait(bench.emit), stopping.signal);
  await bench.untilTold('network-awaited');
  stopping.abort();
  await assert.rejects(awaited, { name: 'AbortError' });

  const error = new StoreError('permission denied', { retryable: false });
  const refusing = changedStore(store, { readNetwork: () => Promise.reject(error) });
  const { signal } = new AbortController();
  await assert.rejects(awaitNetwork(refusing, bench.storeChoice, new StartWait(bench.emit), signal), error);
});
