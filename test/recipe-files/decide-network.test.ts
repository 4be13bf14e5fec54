import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import { formatCidr } from '../../src/network/cidr.ts';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../src/recipe/recipe.ts';
import { decideNetwork, type NetworkDecision } from '../../src/recipe-files/decide-network.ts';
import { given } from '../recipe/given-parameter.ts';

function recipeOf(backend: object = {}): Recipe {
  const Parameters = {
    Port: { Type: 'integer', Default: 1, Maximum: 9 },
    Mode: { Type: 'string', Default: 'plain' },
  };
  const document = { Network: '10.50.0.0/16', Backend: { Type: 'extension', Parameters, ...backend } };
  const checked = parseRecipe({ name: 'loom.json', text: JSON.stringify(document) }, 'loom');
  assert.ok(checked.kind === 'valid');
  return checked.value;
}

const stored = (backend: object): { name: string; text: string } => ({
  name: '/srv/config.json',
  text: JSON.stringify({ Network: '10.60.0.0/16', Backend: { Type: 'extension', ...backend } }),
});

function networkOf({ configuration }: NetworkDecision): string {
  assert.ok(configuration.ipv4);
  return formatCidr(configuration.ipv4.network);
}

test('without a document the recipe decides, and its values go into the document that it brings', () => {
  const decision = decideNetwork(recipeOf({ Port: 5 }), [given('Mode=odd')], undefined);
  assert.equal(networkOf(decision), '10.50.0.0/16');
  assert.deepEqual(decision.parameterValues, { Port: 5, Mode: 'odd' });
  assert.deepEqual([decision.isInStore, decision.isPublishedHere], [false, false]);
  assert.deepEqual(JSON.parse(decision.document.text), {
    Network: '10.50.0.0/16',
    Backend: { Type: 'extension', Port: 5, Mode: 'odd' },
  });
});

test('the document of a store decides the network and the parameters, the command line over both', () => {
  const decision = decideNetwork(recipeOf({ Port: 5 }), [given('Mode=odd')], stored({ Port: 7 }));
  assert.equal(networkOf(decision), '10.60.0.0/16');
  assert.deepEqual(decision.parameterValues, { Port: 7, Mode: 'odd' });
  assert.equal(decision.isInStore, true);
  assert.equal(decision.document.name, '/srv/config.json');
});

test('a document of another type is refused with both named', () => {
  assert.throws(
    () => decideNetwork(recipeOf(), [], stored({ Type: 'vxlan' })),
    /^Failure: the recipe loom\.json is of type "extension", but the network in \/srv\/config\.json is of type "vxlan"$/,
  );
});

test('a document that cannot be read is refused with its findings', () => {
  assert.throws(
    () => decideNetwork(recipeOf(), [], { name: 'the document', text: '{' }),
    (error: unknown) => error instanceof Failure && error.diagnostics.length > 0,
  );
});

test('one parameter that is refused is said in the message, several are listed', () => {
  assert.throws(() => decideNetwork(recipeOf(), [given('Port=10')], undefined), /Port/);
  assert.throws(
    () => decideNetwork(recipeOf(), [given('Port=10'), given('Loom=1')], undefined),
    (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.match(error.message, /^2 parameters of recipe loom were refused$/);
      assert.match(error.detail ?? '', /Port/);
      assert.match(error.detail ?? '', /Loom/);
      return true;
    },
  );
});
