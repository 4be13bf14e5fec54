import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findUnfragmentedSize } from '../../src/lab/inside/probe/unfragmented-size.ts';

for (const largest of [576, 577, 1280, 1420, 1450, 1499]) {
  test(`the largest packet that stays whole is found: ${largest} bytes`, async () => {
    let packets = 0;
    const found = await findUnfragmentedSize(1500, (bytes) => {
      packets += 1;
      return Promise.resolve(bytes > largest);
    });
    assert.equal(found, largest);
    assert.ok(packets <= 12, String(packets));
  });
}

test('no size is told where even the smallest packet is split', async () => {
  assert.equal(await findUnfragmentedSize(1500, () => Promise.resolve(true)), undefined);
  assert.equal(await findUnfragmentedSize(500, () => Promise.resolve(false)), undefined);
});
