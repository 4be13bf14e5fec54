import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Findings } from '../../../src/diagnostic/findings.ts';
import { toJson } from '../../../src/recipe/json/json-tree.ts';
import { parseJsonObject } from '../../../src/recipe/json/json-syntax.ts';

function read(text: string) {
  const findings = new Findings({ name: 'a.json', text });
  const root = parseJsonObject({ name: 'a.json', text }, findings);
  return findings.conclude(root && toJson(root));
}

function accepts(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const pieces = fc.array(
  fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '"b"',
      '\\',
      '\\u00e9',
      '\\n',
      '/',
      '//',
      '/*',
      '*/',
      '\n',
      '\t',
      ' ',
    ],
    ...[
      '0',
      '-',
      '1',
      '.5',
      '01',
      '1e',
      'e5',
      '+',
      'true',
      'nul',
      'null',
      "'",
      '\u0000',
      '\u2028',
      '\ufeff',
      '\ud800',
    ],
  ),
);

test('accepts what JSON accepts and nothing else', () => {
  fc.assert(
    fc.property(pieces, (parts) => {
      const text = `{"key":${parts.join('')}}`;
      const checked = read(text);
      const codes = checked.kind === 'valid' ? [] : checked.diagnostics.map(({ code }) => code);
      const onlyDuplicates = codes.every((code) => code === 'duplicate-key');
      assert.equal(onlyDuplicates, accepts(text), text);
    }),
    { numRuns: 5000 },
  );
});

test('reads every value as JSON.parse does', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 4 })), (value) => {
      const text = JSON.stringify(value);
      const checked = read(text);
      assert.equal(checked.kind, 'valid');
      assert.equal(JSON.stringify(checked.value), JSON.stringify(JSON.parse(text)));
    }),
  );
});

test('the nesting of a hostile document is bounded', () => {
  for (const text of ['['.repeat(1_000_000), '{"a":'.repeat(500_000)]) {
    const checked = read(text);
    assert.equal(checked.kind, 'invalid');
    assert.deepEqual(
      checked.diagnostics.map(({ code }) => code),
      ['json-syntax'],
    );
  }
});

test('brackets inside strings are not nesting', () => {
  assert.equal(read(JSON.stringify({ a: '['.repeat(1000), '"{': '\\"[' })).kind, 'valid');
});
