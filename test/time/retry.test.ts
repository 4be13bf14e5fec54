import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { retryDelay } from '../../src/time/retry.ts';

const bounds = { firstMs: 500, capMs: 60_000 };
const jitter = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const attempt = fc.integer({ min: 1, max: 1_000_000 });

test('a delay doubles from the first to the cap, and is jittered down to half of that at worst', () => {
  fc.assert(
    fc.property(attempt, jitter, (attempt, jitter) => {
      const full = Math.min(60_000, 500 * 2 ** (attempt - 1));
      const delay = retryDelay(attempt, jitter, bounds);
      assert.ok(delay >= full / 2 - 1 && delay <= full, `${delay}`);
    }),
  );
  assert.deepEqual(
    [1, 2, 3, 8, 9, 10_000].map((attempt) => retryDelay(attempt, 1, bounds)),
    [500, 1000, 2000, 60_000, 60_000, 60_000],
  );
});
