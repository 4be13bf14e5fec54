import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerOutcome } from '../../../src/daemon/peers/peer-report.ts';
import { describePeers } from '../../../src/daemon/report/peer-status.ts';
import { Engine } from '../../../src/engine/engine.ts';
import type { Operation } from '../../../src/engine/operation.ts';
import { makeNumberedPeer } from '../network/network-bench.ts';

function start(): { engine: Engine; take: () => Operation; states: () => readonly string[] } {
  const engine = new Engine({ canRemove: true, repeatable: true, fitsBatch: undefined });
  return {
    engine,
    take: () => {
      const [operation] = engine.take(1);
      assert.ok(operation);
      return operation;
    },
    states: () => describePeers(engine, new Map()).map(({ key, state }) => `${key} ${state}`),
  };
}

test('a peer is pending until its add succeeded, then in place, and leaving while it is removed', () => {
  const { engine, take, states } = start();
  engine.feed({ kind: 'put', peer: makeNumberedPeer(4) });
  assert.deepEqual(states(), ['10.50.4.0-24 pending']);
  const add = take();
  assert.deepEqual(states(), ['10.50.4.0-24 pending']);
  engine.feed({ kind: 'succeeded', operation: add });
  assert.deepEqual(states(), ['10.50.4.0-24 in-place']);
  engine.feed({ kind: 'delete', key: '10.50.4.0-24' });
  assert.deepEqual(states(), ['10.50.4.0-24 leaving']);
  engine.feed({ kind: 'succeeded', operation: take() });
  assert.deepEqual(states(), []);
});

test('a peer that failed is failing while it waits, and while it is tried again', () => {
  const { engine, take, states } = start();
  engine.feed({ kind: 'put', peer: makeNumberedPeer(4) });
  engine.feed({ kind: 'failed', operation: take(), jitter: 0 });
  assert.deepEqual(states(), ['10.50.4.0-24 failing']);
  engine.feed({ kind: 'due', key: '10.50.4.0-24', attempt: 1 });
  take();
  assert.deepEqual(states(), ['10.50.4.0-24 failing']);
  assert.equal(describePeers(engine, new Map())[0]?.retries, 1);
});

test('peers stand in the order of their keys', () => {
  const { engine, states } = start();
  engine.feed({ kind: 'snapshot', peers: [6, 4, 5].map(makeNumberedPeer) });
  assert.deepEqual(
    states().map((line) => line.split(' ')[0]),
    ['10.50.4.0-24', '10.50.5.0-24', '10.50.6.0-24'],
  );
});

test('a peer that only the journal remembers is named by the values of its add', () => {
  const { engine } = start();
  engine.feed({ kind: 'restore', peers: [makeNumberedPeer(4)] });
  const [peer] = describePeers(engine, new Map());
  assert.deepEqual([peer?.subnet, peer?.publicIp], ['10.50.4.0/24', '172.30.0.4']);
});

test('the last outcome says what went wrong, and when it is tried next', () => {
  const { engine } = start();
  engine.feed({ kind: 'put', peer: makeNumberedPeer(4) });
  const outcome: PeerOutcome = {
    operation: 'add',
    reason: 'new',
    at: '2026-01-01T00:00:00.000Z',
    trouble: {
      command: 'SubnetAddCommand',
      how: 'exited with status 2',
      where: undefined,
      text: undefined,
      stderr: 'torn',
    },
    nextTryAt: '2026-01-01T00:00:01.000Z',
  };
  const [failed] = describePeers(engine, new Map([['10.50.4.0-24', outcome]]));
  assert.equal(failed?.nextTryAt, outcome.nextTryAt);
  assert.deepEqual(failed?.lastOutcome, {
    operation: 'add',
    reason: 'new',
    at: outcome.at,
    trouble: 'SubnetAddCommand exited with status 2',
    stderr: 'torn',
  });
  const well = { ...outcome, trouble: undefined, nextTryAt: undefined };
  const [good] = describePeers(engine, new Map([['10.50.4.0-24', well]]));
  assert.deepEqual(
    [good?.lastOutcome?.trouble, good?.lastOutcome?.stderr, good?.nextTryAt],
    [null, '', null],
  );
});
