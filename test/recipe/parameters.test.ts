import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';
import { resolveParameters } from '../../src/recipe/parameters.ts';
import { given } from './given-parameter.ts';
import type { Json } from '../../src/lease/lease.ts';

function recipeWith(parameters: object, backend: object = {}) {
  const text = JSON.stringify({
    Network: '10.0.0.0/16',
    Backend: { Type: 'x', ...backend, Parameters: parameters },
  });
  const checked = parseRecipe({ name: 'a.json', text }, 'vxlan');
  assert.equal(checked.kind, 'valid');
  return checked.value;
}

const vxlan = {
  VNI: { Type: 'integer', Default: 1, Minimum: 1, Maximum: 16_777_215, Description: 'The network' },
  Learning: { Type: 'boolean', Default: false },
  Mode: { Type: 'string', Default: 'auto', Choices: ['auto', 'ipv4'] },
};

function values(store: Readonly<Record<string, Json>>, overrides: readonly string[], backend: object = {}) {
  const resolved = resolveParameters(recipeWith(vxlan, backend), store, overrides.map(given));
  assert.equal(resolved.kind, 'valid');
  return resolved.values;
}

function problems(parameters: object, store: Readonly<Record<string, Json>>, overrides: readonly string[]) {
  const resolved = resolveParameters(recipeWith(parameters), store, overrides.map(given));
  assert.equal(resolved.kind, 'invalid');
  return resolved.problems;
}

test('--param goes before the store, that before Backend, that before the default', () => {
  const usual = { VNI: 1, Learning: false, Mode: 'auto' };
  assert.deepEqual(values({}, []), usual);
  assert.deepEqual(values({}, [], { VNI: 2 }), { ...usual, VNI: 2 });
  assert.deepEqual(values({ VNI: 3 }, [], { VNI: 2 }), { ...usual, VNI: 3 });
  assert.deepEqual(values({ VNI: 3 }, ['VNI=4'], { VNI: 2 }), { ...usual, VNI: 4 });
  assert.deepEqual(values({}, ['VNI=4', 'VNI=5', 'Learning=true', 'Mode=ipv4']), {
    VNI: 5,
    Learning: true,
    Mode: 'ipv4',
  });
});

test('a value may hold an equals sign, or nothing', () => {
  const resolved = resolveParameters(recipeWith({ PSK: { Type: 'string' } }), {}, [given('PSK=abc=')]);
  assert.deepEqual(resolved, { kind: 'valid', values: { PSK: 'abc=' } });
  const empty = resolveParameters(recipeWith({ PSK: { Type: 'string' } }), {}, [given('PSK=')]);
  assert.deepEqual(empty, { kind: 'valid', values: { PSK: '' } });
});

test('a parameter that nothing gives a value is refused, except MTU', () => {
  assert.deepEqual(problems({ PSK: { Type: 'string' } }, {}, []), [
    {
      message: 'parameter `PSK` has no value',
      hint: 'give one with --param PSK=VALUE, or as `PSK` in the recipe’s `Backend`',
    },
  ]);
  const resolved = resolveParameters(recipeWith({ MTU: { Type: 'integer' } }), {}, []);
  assert.deepEqual(resolved, { kind: 'valid', values: {} });
});

describe('refused, with what to do:', () => {
  const cases: [Readonly<Record<string, Json>>, string[], string, string | undefined][] = [
    [
      {},
      ['VIN=7'],
      'recipe vxlan does not have the parameter `VIN`, which is set from --param',
      'did you mean `VNI`?',
    ],
    [
      { Port: 8472 },
      [],
      'recipe vxlan does not have the parameter `Port`, which is set in the store’s network configuration',
      'its parameters are VNI, Learning, Mode',
    ],
    [
      {},
      ['VNI=0'],
      'parameter `VNI` from --param must be a whole number from 1 to 16777215, not `0`',
      'VNI: The network',
    ],
    [
      {},
      ['VNI=0x10'],
      'parameter `VNI` from --param must be a whole number from 1 to 16777215, not the string `0x10`',
      'VNI: The network',
    ],
    [
      { VNI: '7' },
      [],
      'parameter `VNI` in the store’s network configuration must be a whole number from 1 to 16777215, not the string `7`',
      'VNI: The network',
    ],
    [
      {},
      ['Learning=yes'],
      'parameter `Learning` from --param must be `true` or `false`, not the string `yes`',
      undefined,
    ],
    [
      {},
      ['Mode=fast'],
      'parameter `Mode` from --param must be one of `auto`, `ipv4`, not the string `fast`',
      undefined,
    ],
  ];
  for (const [store, overrides, message, hint] of cases) {
    test(message, () => {
      const problem = hint === undefined ? { message } : { message, hint };
      assert.deepEqual(problems(vxlan, store, overrides), [problem]);
    });
  }
});

test('all problems are reported at once', () => {
  const found = problems({ ...vxlan, PSK: { Type: 'string' } }, { Port: 1 }, ['VNI=0', 'Mode=x']);
  assert.equal(found.length, 4);
});

test('a value that spans lines, or holds NUL, is refused whatever its pattern', () => {
  const any = { Name: { Type: 'string', Pattern: '[^x]*' } };
  for (const text of ['a\nb', 'a\0', '\u001b[0m']) assert.equal(problems(any, { Name: text }, []).length, 1);
});

test('the value of a secret is not shown', () => {
  const secret = { PSK: { Type: 'string', Secret: true, Pattern: '[0-9]+' } };
  assert.doesNotMatch(JSON.stringify(problems(secret, {}, ['PSK=hunter2'])), /hunter2/);
  assert.doesNotMatch(JSON.stringify(problems(secret, { PSK: 'hunter2' }, [])), /hunter2/);
});
