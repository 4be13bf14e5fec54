import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { chooseFlanneldNodes } from '../../../src/lab/plan/request.ts';
import { requireFlannelBackend } from '../../../src/lab/plan/flanneld.ts';

describe('the nodes that run flanneld', () => {
  const known = ['node1', 'node2', 'west'];

  test('are those that are named, or the last one', () => {
    assert.deepEqual(chooseFlanneldNodes(['west', 'node1'], known), ['west', 'node1']);
    assert.deepEqual(chooseFlanneldNodes([], known), []);
    assert.deepEqual(chooseFlanneldNodes(undefined, known), ['west']);
  });

  test('are nodes of the lab', () => {
    for (const name of ['node4', 'nod1', 'etcd', '']) {
      assert.throws(
        () => chooseFlanneldNodes([name], known),
        (error) => error instanceof Failure && error.kind === 'usage' && error.hint !== undefined,
      );
    }
  });
});

test('flanneld runs only recipes of a type that it has itself', () => {
  for (const backendType of ['vxlan', 'host-gw', 'wireguard', 'ipip']) {
    assert.doesNotThrow(() => requireFlannelBackend({ name: 'x', backendType }));
  }
  for (const backendType of ['extension', 'geneve', 'VXLAN', 'toString']) {
    assert.throws(
      () => requireFlannelBackend({ name: 'x', backendType }),
      (error) => error instanceof Failure && error.kind === 'recipe' && error.message.includes(backendType),
    );
  }
});
