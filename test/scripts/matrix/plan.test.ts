import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { featureProbes } from '../../../scripts/matrix/features.js';
import { commandOf, planMatrix, unknownNames, type Facts } from '../../../scripts/matrix/plan.js';
import { matrixRecipes, type MatrixRecipe } from '../../../scripts/matrix/recipes.js';
import { familiesOf } from '../../../src/lab/plan/family-variants.ts';
import { promises } from '../../../src/lab/verify/promises.ts';
import { commandText } from '../../../src/recipe/command-text.ts';
import { parseRecipe } from '../../../src/recipe/read/parse-recipe.ts';

const wireguard: MatrixRecipe = {
  name: 'wireguard',
  families: ['IPv4', 'IPv6', 'dual'],
  connects: true,
  oneSegment: false,
  dataPlanes: [
    { name: 'kernel', features: ['wireguard'], programs: ['wg'] },
    { name: 'wireguard-go', without: ['wireguard'], programs: ['wg', 'wireguard-go'] },
  ],
};
const hostGw: MatrixRecipe = {
  name: 'host-gw',
  families: ['IPv4', 'IPv6', 'dual'],
  connects: true,
  oneSegment: true,
  dataPlanes: [{ name: 'kernel' }],
};
const ipv4Only: MatrixRecipe = { ...hostGw, name: 'ipv4-only', families: ['IPv4'], oneSegment: false };

function facts(changes: Partial<Facts> = {}): Facts {
  return {
    labProblem: undefined,
    guestProblem: undefined,
    hasFeature: () => false,
    hasProgram: () => true,
    ...changes,
  };
}

const plan = (recipes: readonly MatrixRecipe[], changes: Partial<Facts> = {}, reduced = false) =>
  planMatrix(recipes, { facts: facts(changes), reduced, here: false, only: [] });

describe('the place of a data plane', () => {
  const placesOf = (changes: Partial<Facts>): readonly string[] =>
    plan([wireguard], changes).map(({ place }) => (place.kind === 'nowhere' ? place.reason : place.kind));

  test('is this kernel if it has all features, and a Debian kernel if not', () => {
    assert.deepEqual(placesOf({}), ['guest', 'here']);
    assert.deepEqual(placesOf({ hasFeature: (feature) => feature === 'wireguard' }), [
      'here',
      'this kernel has wireguard, which the recipe uses instead',
    ]);
  });

  test('is nowhere, with the reason, if a kernel to boot is missing', () => {
    assert.deepEqual(placesOf({ guestProblem: 'it is not downloaded' }), [
      'no Debian kernel to boot: it is not downloaded',
      'here',
    ]);
  });

  test('is nowhere if a program is missing or no lab can run', () => {
    assert.deepEqual(placesOf({ hasProgram: (program) => program !== 'wireguard-go' }), [
      'guest',
      'needs wireguard-go on PATH',
    ]);
    assert.deepEqual(placesOf({ hasProgram: () => false }), [
      'needs wg on PATH',
      'needs wg and wireguard-go on PATH',
    ]);
    assert.deepEqual(placesOf({ labProblem: 'needs root' }), ['needs root', 'needs root']);
  });
});

describe('the scope of a job', () => {
  test('is every promise on this kernel, and some of them in an emulated one', () => {
    const [guest, here] = plan([wireguard]).map(({ scope }) => scope);
    assert.ok(guest !== undefined && here !== undefined);
    assert.deepEqual(here, {
      underlays: ['switched', 'routed'],
      families: ['IPv4', 'IPv6', 'dual'],
      rows: [],
    });
    assert.deepEqual(guest.families, ['IPv4', 'IPv6', 'dual']);
    const known = promises.map(({ id }) => id);
    assert.ok(guest.rows.length > 0);
    assert.deepEqual(
      guest.rows.filter((row) => !known.includes(row)),
      [],
    );
  });

  test('is one lab if it is reduced: both families where the recipe has them, and routers where it can cross them', () => {
    const scopes = plan([wireguard, hostGw, ipv4Only], {}, true).map(({ scope }) => [
      ...scope.underlays,
      ...scope.families,
    ]);
    assert.deepEqual(scopes, [
      ['routed', 'dual'],
      ['routed', 'dual'],
      ['switched', 'dual'],
      ['routed', 'IPv4'],
    ]);
  });
});

test('--here leaves out what would need a Debian kernel, whether there is one or not', () => {
  for (const guestProblem of [undefined, 'it is not downloaded']) {
    const jobs = planMatrix([wireguard, hostGw], {
      facts: facts({ guestProblem }),
      reduced: true,
      here: true,
      only: [],
    });
    assert.deepEqual(
      jobs.map(({ recipe, dataPlane, place }) => `${recipe.name}/${dataPlane.name} ${place.kind}`),
      ['wireguard/wireguard-go here', 'host-gw/kernel here'],
    );
  }
});

test('--only names a recipe or one of its data planes', () => {
  const named = (only: readonly string[]): readonly string[] =>
    planMatrix([wireguard, hostGw], { facts: facts(), reduced: true, here: false, only }).map(
      ({ recipe, dataPlane }) => `${recipe.name}/${dataPlane.name}`,
    );
  assert.deepEqual(named(['wireguard']), ['wireguard/kernel', 'wireguard/wireguard-go']);
  assert.deepEqual(named(['wireguard/kernel', 'host-gw']), ['wireguard/kernel', 'host-gw/kernel']);
  assert.deepEqual(unknownNames([wireguard, hostGw], ['host-gw', 'kernel', 'wireguard/socat']), [
    'kernel',
    'wireguard/socat',
  ]);
});

test('the command of a job has its underlays, families, promises and parameters', () => {
  const [job] = plan(
    [{ ...ipv4Only, dataPlanes: [{ name: 'kernel', parameters: { Mode: 'ipv4' } }] }],
    {},
    true,
  );
  assert.ok(job !== undefined);
  assert.deepEqual(
    commandOf({ ...job, scope: { ...job.scope, rows: ['mtu', 'clean'] } }, { readySeconds: 60 }).join(' '),
    'lab verify ipv4-only --json --timeout 60 --underlay routed --families IPv4 --only mtu --only clean --param Mode=ipv4',
  );
});

for (const { name, families, dataPlanes } of matrixRecipes()) {
  test(`the matrix knows the families of recipes/${name}.json, and probes what it needs`, () => {
    const file = `recipes/${name}.json`;
    const text = readFileSync(new URL(`../../../${file}`, import.meta.url), 'utf8');
    const read = parseRecipe({ name: file, text }, name);
    assert.ok(read.kind === 'valid');
    const commands = Object.values(read.value.commands).map(commandText).join('\n');
    assert.deepEqual(familiesOf({ network: read.value.network, commands }), families);
    for (const { features = [], without = [] } of dataPlanes) {
      const unknown = [...features, ...without].filter((feature) => featureProbes[feature] === undefined);
      assert.deepEqual(unknown, []);
    }
  });
}
