import assert from 'node:assert/strict';
import { test } from 'node:test';
import { agreedFields, findDisagreement } from '../../src/lease/agreed-fields.ts';
import type { Peer } from '../../src/lease/lease.ts';
import { parseRecipe } from '../../src/recipe/read/parse-recipe.ts';
import { loadRecipe } from '../../src/recipe-files/load-recipe.ts';

/** The agreed fields of a recipe with the fields VNI and Key, the parameter VNI, and this SubnetAddCommand. */
function agreedBy(
  add: string | undefined,
  parameter: object = { Type: 'integer', Default: 1 },
): readonly string[] {
  const document = {
    Network: '10.50.0.0/16',
    Backend: {
      Type: 'woven',
      Parameters: { VNI: parameter },
      BackendData: { Format: 'json', Fields: { VNI: '[0-9]*', Key: '[a-z]*' } },
      ...(add !== undefined && { SubnetAddCommand: add }),
    },
  };
  const checked = parseRecipe({ name: 'woven.json', text: JSON.stringify(document) }, 'woven');
  assert.ok(checked.kind === 'valid');
  return agreedFields(checked.value, { VNI: 7 }).map(({ name, value }) => `${name}=${value}`);
}

test('a field with the name of a parameter has to be agreed on, unless each peer has its own', () => {
  assert.deepEqual(agreedBy('ip route add "$SUBNET" dev "flannel.$VNI"'), ['VNI=7']);
  assert.deepEqual(agreedBy('ip route add "$SUBNET" encap id "$DATA_VNI"'), []);
  assert.deepEqual(agreedBy('vni=$(jq -r .VNI); ip route add "$SUBNET" encap id "$vni"'), []);
  assert.deepEqual(agreedBy(undefined), []);
  assert.deepEqual(agreedBy('true', { Type: 'string', Default: '7', Secret: true }), []);
});

test('the shipped vxlan has a field that all nodes must agree on, and wireguard has none', async () => {
  for (const [name, expected] of [
    ['vxlan', ['VNI']],
    ['wireguard', []],
  ] as const) {
    const { recipe } = await loadRecipe(name);
    const values = Object.fromEntries(recipe.parameters.map((each) => [each.name, each.default ?? 0]));
    assert.deepEqual(
      agreedFields(recipe, values).map((field) => field.name),
      expected,
    );
  }
});

test('a peer disagrees if either family says something else; an absent value says nothing', () => {
  const agreed = [{ name: 'VNI', variable: 'VNI', value: '1' }];
  const disagreement = (fields: Peer['fields']) => findDisagreement({ fields } as Peer, agreed)?.value;
  assert.equal(disagreement({ DATA_VNI: '1', DATA6_VNI: '1' }), undefined);
  assert.equal(disagreement({ DATA_VNI: '6' }), '6');
  assert.equal(disagreement({ DATA_VNI: '1', DATA6_VNI: '6' }), '6');
  assert.equal(disagreement({ DATA_VNI: '', DATA_KEY: '6' }), undefined);
});
