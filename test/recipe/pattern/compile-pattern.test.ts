import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { judgeBacktracking } from '../../../src/recipe/pattern/backtracking.ts';
import { compilePattern, type ValuePattern } from '../../../src/recipe/pattern/compile-pattern.ts';
import { splitPattern } from '../../../src/recipe/pattern/tokens.ts';
import { shippedRecipes } from '../../../src/recipe-files/catalogue.ts';
import { loadRecipe } from '../../../src/recipe-files/load-recipe.ts';

function compile(text: string): ValuePattern {
  const compiled = compilePattern(text);
  assert.ok(compiled.kind === 'compiled', text);
  return compiled.pattern;
}

const judge = (text: string): string => judgeBacktracking(splitPattern(text));

/** Patterns for which JavaScript's own engine takes years, each with a text that it does not match. */
const poisonous: readonly (readonly [string, string])[] = [
  ['([a-z]+-?)+', `${'a'.repeat(40)}!`],
  ['(a|a)*b', 'a'.repeat(4000)],
  ['(a*)*b', 'a'.repeat(4000)],
  ['(.*a){20}', 'a'.repeat(19).padEnd(4000, 'b')],
  ['(a?){30}a{30}', 'a'.repeat(29)],
  ['(\\w|\\d)+:', '1'.repeat(4000)],
  ['.*.*.*.*=.*', 'x'.repeat(4000)],
  ['(([a-f0-9]{1,4}:)*)*', `${'ab:'.repeat(1000)}!`],
];

test('a pattern that JavaScript takes years for is matched at once', () => {
  for (const [pattern, text] of poisonous) {
    assert.notEqual(judge(pattern), 'linear', pattern);
    assert.ok(!(compile(pattern) instanceof RegExp), pattern);
    assert.equal(compile(pattern).test(text), false, pattern);
  }
  assert.equal(compile('([a-z]+-?)+').test('node-one-'), true);
});

test('a part that is itself a repeat is told, and one that only holds a repeat is not', () => {
  for (const pattern of ['([a-z]+-?)+', '(a*)*', '((ab+)+)*', '(x?[0-9]+|b)*', '(a{0,200})+']) {
    assert.equal(judge(pattern), 'exponential', pattern);
  }
  for (const pattern of ['[a-z]+(-[a-z]+)*', '(:[0-9]+)*', '(a|b)+', '(a{3})+', '.*.*']) {
    assert.equal(judge(pattern), 'perhaps-slow', pattern);
  }
});

test('a simple pattern is left to JavaScript, and so is every pattern of a shipped recipe', async () => {
  const simple = [
    '[0-9a-f]{2}(:[0-9a-f]{2}){5}',
    '[A-Za-z0-9+/]{43}=',
    '[a-z][a-z0-9-]{0,62}',
    '.*',
    'a|b|c',
    '',
    '[1-9]\\d{0,4}|0',
  ];
  for (const pattern of simple) assert.ok(compile(pattern) instanceof RegExp, pattern);
  for (const name of Object.keys(shippedRecipes)) {
    const { recipe } = await loadRecipe(name);
    const { backendData, parameters } = recipe;
    const patterns = backendData.format === 'json' ? backendData.fields : [backendData];
    for (const { pattern } of [...patterns, ...parameters]) {
      assert.ok(pattern === undefined || pattern instanceof RegExp, `${name}: ${String(pattern)}`);
    }
  }
});

test('a pattern that cannot be matched in linear time is refused, and says what is in the way', () => {
  const refused: readonly (readonly [string, RegExp])[] = [
    ['(?=a)a', /^a look-ahead or look-behind$/],
    ['(?<!a)b', /^a look-ahead or look-behind$/],
    ['(a)\\1', /^a reference to a group$/],
    ['(?<x>a)\\k<x>', /^a reference to a group$/],
    ['(ab?){1001}', /\{1001\}/],
    ['(a|[\\S])*', /between brackets/],
    ['(a|\\p{Script=Greek})*', /Script/],
  ];
  for (const [pattern, what] of refused) {
    const compiled = compilePattern(pattern);
    assert.ok(compiled.kind === 'unsupported', pattern);
    assert.match(compiled.what, what);
  }
});

test('a text that is not a regular expression is refused', () => {
  for (const pattern of ['[a-z', 'a)|(?:b', '*', '\\y', '(?P<a>b)', '[[:alpha:]]']) {
    assert.equal(compilePattern(pattern).kind, 'refused', pattern);
  }
});

describe('RE2 decides as JavaScript does', () => {
  /** One that RE2 matches, whatever the pattern is. */
  function withRe2(pattern: string): ValuePattern {
    const compiled = compile(`(?:${pattern})|(?:(?:x|y)*impossible)`);
    assert.ok(!(compiled instanceof RegExp), pattern);
    return compiled;
  }

  test('about every kind of character', () => {
    const codes = [...Array(0x250).keys(), 0x1680, 0x2000, 0x2028, 0x2029, 0x3000, 0xfeff, 0x1f600];
    const atoms = [
      ...['.', '\\s', '\\S', '\\w', '\\W', '\\d', '\\D', '[^]', '[^a]', '[\\s.]', '[^\\s]', '[\\b]', '\\cJ'],
      ...['\\0', '\\v', '\\/', '\\-'.slice(1), '[\\-a]', '[a^]', '[[a]', '\\x41', '\\u0041', '\\u{1f600}'],
      ...['\\p{Lu}', '\\.', '[\\]]', '[!-~]', '[\\u{0}-\\u{ff}]', '\\$', '\\{', '\\t', '\\n', '[]'],
    ];
    for (const atom of atoms) {
      const [expected, actual] = [new RegExp(`^(?:${atom})$`, 'u'), withRe2(atom)];
      for (const code of codes) {
        const character = String.fromCodePoint(code);
        assert.equal(actual.test(character), expected.test(character), `${atom} and U+${code.toString(16)}`);
      }
    }
  });

  test('about random patterns and texts', () => {
    const atom = fc.constantFrom('a', 'b', '.', '[ab]', '[^a]', '\\n', '\\b', '^', '$', '\\s', '-');
    const { pattern } = fc.letrec<{ pattern: string }>((tie) => ({
      pattern: fc.oneof(
        { maxDepth: 4 },
        atom,
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => a + b),
        fc.tuple(tie('pattern'), tie('pattern')).map(([a, b]) => `(?:${a}|${b})`),
        fc
          .tuple(tie('pattern'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{0,2}?', '*?'))
          .map(([a, repeat]) => `(?:${a})${repeat}`),
      ),
    }));
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '-', ' ', '\n'), maxLength: 8 });
    fc.assert(
      fc.property(pattern, fc.array(text, { minLength: 5, maxLength: 5 }), (source, texts) => {
        const [expected, actual] = [new RegExp(`^(?:${source})$`, 'u'), withRe2(source)];
        for (const each of texts) assert.equal(actual.test(each), expected.test(each), JSON.stringify(each));
      }),
      { numRuns: 500 },
    );
  });
});
