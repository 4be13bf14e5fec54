import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Engine } from '../../src/engine/engine.ts';
import type { Operation } from '../../src/engine/operation.ts';
import { makeModelPeer } from './model.ts';

const peer = makeModelPeer(1, 1, 0);
const changed = makeModelPeer(1, 1, 1);

/** Without CheckCommand, a peer in doubt is removed before it is added. */
const flannels = { canRemove: true, repeatable: false, fitsBatch: undefined };

function take(engine: Engine): Operation {
  const [operation] = engine.take(9);
  assert.ok(operation);
  return operation;
}

/** Takes an operation that does not begin, and waits until it is due again. */
function postpone(engine: Engine): Operation {
  const operation = take(engine);
  const [wait] = engine.feed({ kind: 'not-run', operation, jitter: 0 });
  assert.ok(wait, 'it is not tried again at once');
  assert.deepEqual(engine.take(9), []);
  assert.equal(engine.failing, 1);
  engine.feed({ kind: 'due', key: wait.key, attempt: wait.attempt });
  return operation;
}

test('an add that did not run is retried without a remove, however often', () => {
  const engine = new Engine(flannels);
  engine.feed({ kind: 'snapshot', peers: [peer] });
  for (let round = 0; round < 3; round += 1) assert.equal(postpone(engine).kind, 'add');
  const operation = take(engine);
  assert.deepEqual([operation.kind, operation.reason], ['add', 'retry']);
  engine.feed({ kind: 'succeeded', operation });
  assert.deepEqual([engine.counts.inPlace, engine.failing], [1, 0]);
});

test('an add that ran and failed is removed before its retry, also after one that did not run', () => {
  const engine = new Engine(flannels);
  engine.feed({ kind: 'snapshot', peers: [peer] });
  postpone(engine);
  const operation = take(engine);
  const [wait] = engine.feed({ kind: 'failed', operation, jitter: 0 });
  assert.ok(wait);
  engine.feed({ kind: 'due', key: wait.key, attempt: wait.attempt });
  const retry = take(engine);
  assert.deepEqual([retry.kind, retry.mode], ['remove', 'lenient']);
});

test('a peer that goes before its add ran needs no remove', () => {
  const engine = new Engine(flannels);
  engine.feed({ kind: 'snapshot', peers: [peer] });
  const operation = take(engine);
  engine.feed({ kind: 'delete', key: peer.key });
  assert.deepEqual(engine.feed({ kind: 'not-run', operation, jitter: 0 }), []);
  assert.deepEqual(engine.take(9), []);
  assert.equal(engine.entries.size, 0);
});

test('a remove that did not run is a strict remove of the same values again', () => {
  const engine = new Engine(flannels);
  engine.feed({ kind: 'snapshot', peers: [peer] });
  engine.feed({ kind: 'succeeded', operation: take(engine) });
  engine.feed({ kind: 'put', peer: changed });
  const first = postpone(engine);
  const second = take(engine);
  assert.deepEqual(
    [first, second].map(({ kind, mode }) => [kind, mode]),
    [
      ['remove', 'strict'],
      ['remove', 'strict'],
    ],
  );
  assert.deepEqual(second.peer, peer);
});

test('a changed peer of a recipe without SubnetRemove keeps its old values while its add does not run', () => {
  const engine = new Engine({ ...flannels, canRemove: false });
  engine.feed({ kind: 'snapshot', peers: [peer] });
  engine.feed({ kind: 'succeeded', operation: take(engine) });
  engine.feed({ kind: 'put', peer: changed });
  postpone(engine);
  assert.deepEqual(engine.appliedPeers, [peer]);
  assert.deepEqual(take(engine).peer, changed);
});
