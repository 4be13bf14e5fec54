import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { compareRecipes, type RecipeStep, type SettledRecipe } from '../../src/recipe/compare-recipes.ts';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';

type Backend = Readonly<Record<string, unknown>>;

function settle(backend: Backend, network: object = {}, indent = 0): SettledRecipe {
  const text = JSON.stringify({ Network: '10.50.0.0/16', ...network, Backend: backend }, undefined, indent);
  const checked = parseRecipe({ name: 'a.json', text }, 'a');
  assert.equal(checked.kind, 'valid', text);
  const recipe = checked.value;
  return { recipe, network: recipe.network, parameterValues: recipe.parameterValues };
}

const base: Backend = {
  Type: 'a',
  PreStartupCommand: 'echo a',
  SubnetAddCommand: ['a', 'b'],
  SubnetRemoveCommand: 'c',
  CheckCommand: 'd',
  Parameters: { VNI: { Type: 'integer' }, Key: { Type: 'string', Default: '' } },
  VNI: 1,
};

/** What is changed about the base, and what follows. */
const changes: readonly (readonly [string, Backend, RecipeStep])[] = [
  ['nothing', {}, { kind: 'nothing' }],
  ['Check', { CheckCommand: 'e' }, { kind: 'swap', because: 'CheckCommand changed' }],
  ['no Check', { CheckCommand: undefined }, { kind: 'swap', because: 'CheckCommand is gone' }],
  ['Monitor', { MonitorCommand: 'e' }, { kind: 'swap', because: 'MonitorCommand is new' }],
  ['bounds', { Timeout: 3, Concurrency: 4 }, { kind: 'swap', because: 'Timeout and Concurrency changed' }],
  ['what must be installed', { Requires: ['ip'] }, { kind: 'nothing' }],
  [
    'a secret',
    { Parameters: { VNI: { Type: 'integer' }, Key: { Type: 'string', Default: '', Secret: true } } },
    { kind: 'swap', because: 'Parameters changed' },
  ],
  ['Add', { SubnetAddCommand: ['a'] }, { kind: 'peers', because: 'SubnetAddCommand changed' }],
  [
    'the form of Add: set -e',
    { SubnetAddCommand: 'a\nb' },
    { kind: 'peers', because: 'SubnetAddCommand changed' },
  ],
  ['Remove', { SubnetRemoveCommand: 'x' }, { kind: 'peers', because: 'SubnetRemoveCommand changed' }],
  ['Batch', { SubnetBatchCommand: 'x' }, { kind: 'peers', because: 'SubnetBatchCommand is new' }],
  [
    'Add and Check',
    { SubnetAddCommand: 'x', CheckCommand: undefined },
    { kind: 'peers', because: 'SubnetAddCommand changed, CheckCommand is gone' },
  ],
  ['Pre', { PreStartupCommand: 'x' }, { kind: 'node', because: 'PreStartupCommand changed' }],
  ['no Pre', { PreStartupCommand: undefined }, { kind: 'node', because: 'PreStartupCommand is gone' }],
  ['Post', { PostStartupCommand: 'x' }, { kind: 'node', because: 'PostStartupCommand is new' }],
  ['Shutdown', { ShutdownCommand: 'x' }, { kind: 'node', because: 'ShutdownCommand is new' }],
  ['a value', { VNI: 2 }, { kind: 'node', because: 'a value of Parameters changed' }],
  ['Overhead', { Overhead: 50 }, { kind: 'node', because: 'Overhead is new' }],
  ['Overhead by family', { Overhead: { IPv4: 50, IPv6: 70 } }, { kind: 'node', because: 'Overhead is new' }],
  ['Pattern', { BackendData: { Pattern: 'x' } }, { kind: 'node', because: 'BackendData changed' }],
  ['Type', { Type: 'b' }, { kind: 'node', because: 'Type changed' }],
  [
    'all',
    { Type: 'b', SubnetAddCommand: 'x', PreStartupCommand: 'x', ShutdownCommand: 'x', Timeout: 3 },
    {
      kind: 'node',
      because: 'Type, PreStartupCommand, SubnetAddCommand and Timeout changed, ShutdownCommand is new',
    },
  ],
];

describe('the step from one recipe to another, which differs in', () => {
  for (const [name, change, step] of changes) {
    test(name, () => assert.deepEqual(compareRecipes(settle(base), settle({ ...base, ...change })), step));
  }

  test('its network', () => {
    const after = settle(base, { Network: '10.60.0.0/16' });
    assert.deepEqual(compareRecipes(settle(base), after), { kind: 'node', because: 'the network changed' });
  });
});

test('peers that nothing can take back go with the node', () => {
  const before = settle({ ...base, SubnetRemoveCommand: undefined });
  const after = settle({ ...base, SubnetAddCommand: 'x', SubnetRemoveCommand: undefined });
  assert.deepEqual(compareRecipes(before, after), {
    kind: 'node',
    because: 'SubnetAddCommand changed, but the old recipe could not undo its SubnetAddCommand',
  });
  // Where there was nothing to take back, nothing needs to be.
  const none = { SubnetAddCommand: undefined, SubnetRemoveCommand: undefined };
  assert.equal(compareRecipes(settle({ ...base, ...none }), settle(base)).kind, 'peers');
});

test('how a recipe is laid out is nothing', () => {
  const reordered = Object.fromEntries(Object.entries(base).toReversed());
  assert.equal(compareRecipes(settle(base), settle(reordered, {}, 4)).kind, 'nothing');
});

test('several changes take as much as the greatest of them, and as much the other way', () => {
  const reach = ['nothing', 'swap', 'peers', 'node'];
  const single = changes.filter(([name]) => name !== 'all');
  fc.assert(
    fc.property(fc.subarray([...single], { minLength: 1 }), (some) => {
      const merged = some.reduce<Backend>((all, [, change]) => ({ ...all, ...change }), base);
      const alone = some.map(
        ([, change]) => compareRecipes(settle(base), settle({ ...base, ...change })).kind,
      );
      const there = reach.indexOf(compareRecipes(settle(base), settle(merged)).kind);
      assert.ok(there <= Math.max(...alone.map((kind) => reach.indexOf(kind))));
      assert.equal(reach.indexOf(compareRecipes(settle(merged), settle(base)).kind), there);
      assert.equal(compareRecipes(settle(merged), settle(merged)).kind, 'nothing');
    }),
  );
});

describe('among the shipped recipes', () => {
  const folder = new URL('../../recipes/', import.meta.url);
  const files = readdirSync(folder).filter((file) => !file.endsWith('.schema.json'));
  const recipes = files.map((file) => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    const { Backend } = JSON.parse(text) as { Backend: Backend };
    return settle(Backend);
  });
  for (const [at, file] of files.entries()) {
    test(`${file} is the same as itself, and another network than the others`, () => {
      const kinds = recipes.map((other) => compareRecipes(recipes[at] ?? other, other).kind);
      assert.deepEqual(
        kinds,
        files.map((other) => (other === file ? 'nothing' : 'node')),
      );
    });
  }
});
