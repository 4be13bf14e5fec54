import assert from 'node:assert/strict';
import { test } from 'node:test';
import { familiesOf, withFamilies } from '../../../src/lab/plan/family-variants.ts';
import type { FamilyChoice } from '../../../src/lab/plan/request.ts';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';
import type { Recipe } from '../../../src/recipe/recipe.ts';

function recipe(keys: Readonly<Record<string, unknown>>): Recipe {
  const text = JSON.stringify({ ...keys, Backend: { Type: 'extension' } }, undefined, 2);
  const read = parseRecipe({ name: 'mine.json', text }, 'mine');
  assert.equal(read.kind, 'valid');
  return read.value;
}

const v4 = { Network: '10.60.0.0/16' };
const v6 = { EnableIPv4: false, EnableIPv6: true, IPv6Network: 'fd00:60::/48' };
const dual = { ...v4, EnableIPv6: true, IPv6Network: 'fd00:60::/48' };

test('a recipe has the families of its document, and those whose variables its commands read', () => {
  const read = 'ip route add $SUBNET via $PUBLIC_IP';
  const cases: readonly [Readonly<Record<string, unknown>>, string, readonly FamilyChoice[]][] = [
    [v4, read, ['IPv4']],
    [v4, `${read}; ip -6 route add "\${IPV6SUBNET}" dev x`, ['IPv4', 'IPv6', 'dual']],
    [v6, 'ip -6 route add $IPV6SUBNET dev x', ['IPv6']],
    [v6, read, ['IPv4', 'IPv6', 'dual']],
    [dual, 'echo', ['IPv4', 'IPv6', 'dual']],
    [v4, 'echo', ['IPv4']],
    [v4, '', ['IPv4', 'IPv6', 'dual']],
    [v4, 'echo LOCAL_IPV6SUBNET $IPV6SUBNETS', ['IPv4']],
  ];
  for (const [keys, commands, expected] of cases) {
    assert.deepEqual(
      familiesOf({ network: recipe(keys).network, commands }),
      expected,
      JSON.stringify([keys, commands]),
    );
  }
});

test('each choice of families makes a document with just these, and no line moves', () => {
  for (const keys of [v4, v6, dual]) {
    const given = recipe(keys);
    for (const choice of ['IPv4', 'IPv6', 'dual'] as const) {
      const text = withFamilies(given.source.text, given.network, choice);
      const read = parseRecipe({ name: 'mine.json', text }, 'mine');
      assert.equal(read.kind, 'valid', text);
      const { ipv4, ipv6 } = read.value.network;
      assert.deepEqual(
        [ipv4 !== undefined, ipv6 !== undefined],
        [choice !== 'IPv6', choice !== 'IPv4'],
        text,
      );
      const lineOf = (each: string): number => each.slice(0, each.indexOf('"Backend"')).split('\n').length;
      assert.equal(lineOf(text), lineOf(given.source.text));
    }
  }
});
