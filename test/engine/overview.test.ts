import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Engine } from '../../src/engine/engine.ts';
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
  const engine = new Engine({ canRemove: false, repeatable: false, fitsBatch: undefined });
  const take = (): Operation => {
    const [operation] = engine.take(1);
    assert.ok(operation !== undefined);
    return operation;
  };
  const count = (): readonly number[] => {
    const { wanted, inPlace, pending, failing } = engine.counts;
    return [wanted, inPlace, pending, failing];
  };
  engine.feed({ kind: 'put', peer });
  assert.deepEqual(count(), [1, 0, 1, 0]);
  engine.feed({ kind: 'failed', operation: take(), jitter: 0 });
  assert.deepEqual(count(), [1, 0, 0, 1]);
  engine.feed({ kind: 'due', key: peer.key, attempt: 1 });
  assert.deepEqual(count(), [1, 0, 0, 1]);
  const operation = take();
  assert.deepEqual(count(), [1, 0, 0, 1]);
  engine.feed({ kind: 'succeeded', operation });
  assert.deepEqual(count(), [1, 1, 0, 0]);
});

test('the count of failing peers is that of the entries, whatever happens', () => {
  const input = fc.oneof(
    fc.record({
      do: fc.constantFrom('put', 'delete', 'due', 'shutdown'),
      key: fc.integer({ min: 0, max: 3 }),
      value: fc.integer({ min: 0, max: 2 }),
    }),
    fc.record({
      do: fc.constantFrom('succeed', 'fail'),
      key: fc.integer({ min: 0, max: 3 }),
      value: fc.constant(0),
    }),
  );
  fc.assert(
    fc.property(
      fc.array(input, { maxLength: 60 }),
      fc.boolean(),
      fc.boolean(),
      (inputs, canRemove, repeatable) => {
        const engine = new Engine({ canRemove, repeatable, fitsBatch: undefined });
        const running: Operation[] = [];
        for (const { do: what, key, value } of inputs) {
          const name = `10.50.${key}.0-24`;
          const changed = { ...peer, key: name, publicIp: `172.30.${key}.${value}` };
          if (what === 'put') engine.feed({ kind: 'put', peer: changed });
          if (what === 'delete') engine.feed({ kind: 'delete', key: name });
          if (what === 'shutdown') engine.feed({ kind: 'shutdown' });
          if (what === 'due') {
            engine.feed({ kind: 'due', key: name, attempt: engine.entries.get(name)?.failures ?? 0 });
          }
          running.push(...engine.take(2 - running.length));
          const [operation] = what === 'succeed' || what === 'fail' ? running.splice(0, 1) : [];
          if (operation !== undefined && what === 'succeed') engine.feed({ kind: 'succeeded', operation });
          if (operation !== undefined && what === 'fail')
            engine.feed({ kind: 'failed', operation, jitter: 0 });
          const entries = [...engine.entries.values()];
          assert.equal(engine.counts.failing, entries.filter(({ failures }) => failures > 0).length);
        }
      },
    ),
  );
});

test('a check that sees a stranger does not claim a removal that the recipe has no command for', () => {
  for (const canRemove of [true, false]) {
    const engine = new Engine({ canRemove, repeatable: true, fitsBatch: undefined });
    engine.feed({ kind: 'snapshot', peers: [] });
    const { extra } = engine.checked(new Set(['10.50.9.0/24']), engine.checkpoint);
    assert.deepEqual(extra, canRemove ? ['10.50.9.0/24'] : []);
    assert.equal(engine.take(9).length, canRemove ? 1 : 0);
  }
});
