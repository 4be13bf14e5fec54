import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countPeers } from '../../src/engine/overview.ts';
import { createEngine } from '../../src/engine/state.ts';
import { step } from '../../src/engine/step.ts';
import { takeOperations } from '../../src/engine/take.ts';
import type { Operation } from '../../src/engine/operation.ts';
import type { Peer } from '../../src/lease/lease.ts';

const peer: Peer = {
  key: '10.50.66.0-24',
  subnet: '10.50.66.0/24',
  ipv6Subnet: undefined,
  publicIp: '172.30.1.66',
  publicIpv6: undefined,
  stdin: '',
  fields: {},
};

test('a peer that failed counts as failing until it succeeds, also while it is tried again', () => {
  const state = createEngine({ canRemove: false, repeatable: false });
  const take = (): Operation => {
    const [operation] = takeOperations(state, 1);
    assert.ok(operation !== undefined);
    return operation;
  };
  const count = (): readonly number[] => {
    const { wanted, inPlace, pending, failing } = countPeers(state);
    return [wanted, inPlace, pending, failing];
  };
  step(state, { kind: 'put', peer });
  assert.deepEqual(count(), [1, 0, 1, 0]);
  step(state, { kind: 'failed', operation: take(), jitter: 0 });
  assert.deepEqual(count(), [1, 0, 0, 1]);
  step(state, { kind: 'due', key: peer.key, attempt: 1 });
  assert.deepEqual(count(), [1, 0, 0, 1]);
  const operation = take();
  assert.deepEqual(count(), [1, 0, 0, 1]);
  step(state, { kind: 'succeeded', operation });
  assert.deepEqual(count(), [1, 1, 0, 0]);
});
