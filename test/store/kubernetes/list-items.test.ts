import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { test } from 'node:test';
import fc from 'fast-check';

import { readItems } from '../../../src/store/kubernetes/list-items.ts';

/** Reads a text that comes in pieces of this many bytes. */
async function read(text: string, size: number): Promise<{ items: unknown[]; rest: unknown }> {
  const bytes = Buffer.from(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, piece) =>
    bytes.subarray(piece * size, (piece + 1) * size),
  );
  const items: unknown[] = [];
  const rest = await readItems(Readable.from(pieces), (item) => items.push(item));
  return { items, rest };
}

test('the items of a list are those that JSON.parse finds, however the text is cut', async () => {
  const list = fc.record({
    kind: fc.string(),
    metadata: fc.jsonValue().map((value) => ({ continue: value })),
    items: fc.array(fc.dictionary(fc.string({ unit: 'binary' }), fc.jsonValue())),
    last: fc.constantFrom('', '"[{\\', '\u{1f9f6}'),
  });
  await fc.assert(
    fc.asyncProperty(list, fc.integer({ min: 1, max: 40 }), fc.boolean(), async (given, size, isWide) => {
      const text = JSON.stringify(given, undefined, isWide ? 2 : 0);
      const expected = JSON.parse(text) as typeof given;
      const { items, rest } = await read(text, size);
      assert.deepEqual(items, expected.items);
      assert.deepEqual(rest, { ...expected, items: [] });
    }),
  );
});

test('a list without items, or with null, has none', async () => {
  assert.deepEqual(await read('{"metadata":{"a":{"b":[{}]}},"items":null}', 3), {
    items: [],
    rest: { metadata: { a: { b: [{}] } }, items: null },
  });
  assert.deepEqual((await read('{"items":[]}', 5)).items, []);
});

test('a text that ends too early, or is not JSON, is an error', async () => {
  for (const text of ['{"items":[{"a":1}', '{"items":[{"a":1}]', '', 'no JSON', '{"items":[{"a":}]}'])
    await assert.rejects(read(text, 4), SyntaxError, text);
});
