import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeSecrets } from '../../src/lab/made-secrets.ts';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { given } from '../recipe/given-parameter.ts';

/** A recipe with a parameter `Key`, and perhaps a value for it. */
function recipeWith(parameter: object, values: object = {}): Recipe {
  const Backend = { Type: 'a', Parameters: { Key: { Type: 'string', ...parameter } }, ...values };
  const text = JSON.stringify({ Network: '10.50.0.0/16', Backend });
  const checked = parseRecipe({ name: 'a.json', text }, 'a');
  assert.equal(checked.kind, 'valid');
  return checked.value;
}

test('a lab makes a secret that the recipe requires and nobody gave', () => {
  const recipe = recipeWith({ Secret: true, Pattern: '.{96,}' });
  const [first] = makeSecrets(recipe, []);
  const [second] = makeSecrets(recipe, []);
  assert.equal(first?.name, 'Key');
  assert.match(first.text, /^[0-9a-f]{96}$/);
  assert.notEqual(second?.text, first.text);
});

test('a lab does not make other values', () => {
  const nothing: readonly [string, Recipe, readonly string[]][] = [
    ['it is given', recipeWith({ Secret: true }), ['Key=a']],
    ['it is given by its variable', recipeWith({ Secret: true }), ['KEY=a']],
    ['the recipe has it', recipeWith({ Secret: true }, { Key: 'a' }), []],
    ['it has a default', recipeWith({ Secret: true, Default: '' }), []],
    ['it is not a secret', recipeWith({}), []],
    ['the value would not fit', recipeWith({ Secret: true, Pattern: '[0-9]{4}' }), []],
  ];
  for (const [why, recipe, operands] of nothing)
    assert.deepEqual(makeSecrets(recipe, operands.map(given)), [], why);
});
