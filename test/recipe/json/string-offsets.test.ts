import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { sourceOffset, sourceSpan } from '../../../src/recipe/json/string-offsets.ts';

/** The source of a JSON string in which each code unit is written in one of the ways that JSON allows. */
const writings = fc.array(
  fc.oneof(
    fc.constantFrom('a', ' ', "'", '/', 'é', '\u2028').map((unit) => [unit, unit] as const),
    fc.constantFrom('"', '\\', '/', 'b', 'f', 'n', 'r', 't').map((letter) => {
      const written = `\\${letter}`;
      return [String(JSON.parse(`"${written}"`)), written] as const;
    }),
    fc.nat(0xffff).map((code) => {
      return [String.fromCharCode(code), `\\u${code.toString(16).padStart(4, '0')}`] as const;
    }),
  ),
);

test('every code unit of a decoded string is found where it was written', () => {
  fc.assert(
    fc.property(fc.string(), writings, (before, units) => {
      const content = units.map(([, written]) => written).join('');
      const text = `{${JSON.stringify(before)}: "${content}"}`;
      const span = { offset: text.length - content.length - 2, length: content.length };
      assert.equal(JSON.parse(`"${content}"`), units.map(([unit]) => unit).join(''));
      let expected = span.offset;
      for (const [index, [, written]] of units.entries()) {
        assert.equal(sourceOffset(text, span, index), expected);
        assert.deepEqual(sourceSpan(text, span, { offset: index, length: 1 }), {
          offset: expected,
          length: written.length,
        });
        expected += written.length;
      }
      assert.equal(sourceOffset(text, span, units.length), expected);
      assert.equal(sourceOffset(text, span, units.length + 7), expected);
    }),
  );
});
