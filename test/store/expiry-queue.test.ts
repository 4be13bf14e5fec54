import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { ExpiryQueue } from '../../src/store/files/expiry-queue.ts';

test('names come out when they are due, soonest first, whatever the order they came in', () => {
  const step = fc.oneof(
    fc.record({ add: fc.integer({ min: 0, max: 50 }) }, { noNullPrototype: true }),
    fc.record({ takeAt: fc.integer({ min: 0, max: 50 }) }, { noNullPrototype: true }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const queue = new ExpiryQueue();
      let model: { readonly at: number; readonly name: string }[] = [];
      for (const [index, given] of steps.entries()) {
        if ('add' in given) {
          queue.add(String(index), given.add);
          model.push({ at: given.add, name: String(index) });
        } else {
          const due = queue.takeDue(given.takeAt);
          const expected = model.filter(({ at }) => at <= given.takeAt);
          const times = due.map((name) => model.find((item) => item.name === name)?.at ?? -1);
          assert.deepEqual(due.toSorted(), expected.map(({ name }) => name).sort());
          assert.deepEqual(
            times,
            times.toSorted((a, b) => a - b),
          );
          model = model.filter(({ at }) => at > given.takeAt);
        }
        assert.equal(queue.earliest, model.length === 0 ? undefined : Math.min(...model.map(({ at }) => at)));
      }
    }),
  );
});
