import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import { findNamedRecipe, namedRecipes, shippedRecipes } from '../../src/recipe-files/catalogue.ts';
import { examineRecipe } from '../../src/recipe-files/examine-recipe.ts';
import { loadRecipe, recipePlaceOf, recipeFile } from '../../src/recipe-files/load-recipe.ts';
import { readRecipeText, recipeRevision } from '../../src/recipe-files/recipe-text.ts';
import { reviewRecipe } from '../../src/recipe-files/review-recipe.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const document = (backend: object): string =>
  JSON.stringify({ Network: '10.50.0.0/16', Backend: { Type: 'extension', ...backend } });

/** The owner that a file must not have for root to run it. */
const asRoot = process.geteuid?.() === 0;

async function failureOf(work: Promise<unknown>): Promise<Failure> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  return error;
}

test('a recipe is loaded with its scripts, and named for its file', async (t) => {
  const path = join(temporaryDirectory(t), 'loom.json');
  writeFileSync(path, document({ PostStartupCommand: 'true', ShutdownCommand: ['true', 'false'] }));
  const { file, recipe, scripts, warnings } = await loadRecipe(path);
  assert.equal(file, path);
  assert.equal(recipe.name, 'loom');
  assert.equal(scripts.source('PostStartupCommand')?.text, 'true');
  assert.equal(scripts.source('SubnetAddCommand'), undefined);
  assert.equal((await scripts.get('ShutdownCommand')).stopOnError, true);
  assert.deepEqual(warnings, []);
});

test('a shipped recipe is found by its name, a path by its ending', async () => {
  for (const name of Object.keys(shippedRecipes)) {
    assert.ok(namedRecipes().includes(name));
    assert.equal((await loadRecipe(name)).file, findNamedRecipe(name));
  }
  assert.equal(recipeFile('here/vxlan.json'), resolve('here/vxlan.json'));
  assert.equal(recipeFile(''), '');
});

test("k3s's name of wireguard finds the shipped recipe", () => {
  assert.equal(recipeFile('wireguard-native'), findNamedRecipe('wireguard'));
  assert.equal(findNamedRecipe('vxlan-native'), undefined);
});

test('a name does not lead out of the folders of recipes', () => {
  for (const name of ['../package', 'a/b', '', 'vxlan\n']) assert.equal(findNamedRecipe(name), undefined);
  assert.ok(!namedRecipes().includes('recipe.schema'), 'what editors read is not a recipe');
});

test('a recipe that is not there names those that are', async (t) => {
  const missing = await failureOf(loadRecipe(join(temporaryDirectory(t), 'none.json')));
  assert.equal(missing.kind, 'recipe');
  assert.match(missing.message, /none\.json cannot be read: no such file or directory$/);
  assert.match(
    missing.hint ?? '',
    /vxlan, host-gw, wireguard, ipsec, ipip, udp, geneve, gre, aws-vpc, gce, ali-vpc, tencent-vpc, alloc$/,
  );
  assert.match((await failureOf(loadRecipe(''))).message, /^the recipe "" cannot be read/);
});

test('a recipe is refused with every finding', async (t) => {
  const path = join(temporaryDirectory(t), 'loom.json');
  writeFileSync(path, document({ PostStartupCommand: 'if', ShutdownCommand: 'echo )' }));
  const failure = await failureOf(loadRecipe(path));
  assert.match(failure.message, /loom\.json was refused: 2 errors$/);
  assert.equal(failure.diagnostics.length, 2);
  writeFileSync(path, document({ Typo: 1 }));
  assert.match((await failureOf(loadRecipe(path))).message, /was refused: 1 error$/);
});

test(
  'root runs no recipe that others could write',
  { skip: !asRoot && 'only root has to fear that' },
  async (t) => {
    const path = join(temporaryDirectory(t), 'loom.json');
    writeFileSync(path, document({}));
    const { recipe, ...loaded } = await loadRecipe(path);
    chmodSync(path, 0o666);
    const failure = await failureOf(loadRecipe(path));
    assert.match(failure.message, /as root: other users can write to .*loom\.json \(mode 0666\)$/);
    const review = await reviewRecipe(recipePlaceOf({ recipe, ...loaded }), document({ Timeout: 3 }));
    assert.ok(review.kind === 'refused');
    assert.match(review.because, /as root: /);
  },
);

test('a file far larger than a recipe is not read to its end', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'big.json');
  writeFileSync(path, ' '.repeat(1024 * 1024));
  assert.equal((await readRecipeText(path)).length, 1024 * 1024);
  writeFileSync(path, ' '.repeat(1024 * 1024 + 1));
  await assert.rejects(readRecipeText(path), /larger than 1 MiB/);
  await assert.rejects(readRecipeText('/dev/zero'), /larger than 1 MiB/);
  mkdirSync(join(directory, 'folder.json'));
  assert.match((await failureOf(loadRecipe(join(directory, 'folder.json')))).message, /cannot be read/);
});

test('a text is told from another by its revision', () => {
  assert.match(recipeRevision('a'), /^[0-9a-f]{12}$/);
  assert.equal(recipeRevision('a'), recipeRevision('a'));
  assert.notEqual(recipeRevision('a'), recipeRevision('b'));
});

test('an examination finds errors of the shell and missing programs, in the order of the text', async () => {
  const text = document({ PreStartupCommand: 'no-such-loom', PostStartupCommand: 'echo )' });
  const found = await examineRecipe({ name: 'a.json', text }, 'a');
  assert.deepEqual(
    found.map(({ span }) => span.offset),
    found.map(({ span }) => span.offset).toSorted((a, b) => a - b),
  );
  assert.ok(found.some(({ message }) => message.includes('no-such-loom')));
  assert.ok(found.some(({ severity, message }) => severity === 'error' && message.includes(')')));
});

test('a review lets a good text pass with its warnings, and refuses what cannot run here', async (t) => {
  const path = join(temporaryDirectory(t), 'loom.json');
  writeFileSync(path, document({}));
  const loaded = await loadRecipe(path);
  const good = await reviewRecipe(recipePlaceOf(loaded), document({ Timeout: 3 }));
  assert.ok(good.kind === 'good');
  assert.equal(good.loaded.file, path);
  assert.equal(good.loaded.recipe.timeout, 3);
  assert.equal(good.loaded.recipe.name, 'loom');

  const bad = await reviewRecipe(recipePlaceOf(loaded), document({ Typo: 1 }));
  assert.ok(bad.kind === 'refused');
  assert.deepEqual([bad.because, bad.diagnostics.length], ['1 error', 1]);

  const elsewhere = await reviewRecipe(
    recipePlaceOf(loaded),
    document({ ShutdownCommand: 'cat /dev/null' }),
    '/nowhere',
  );
  assert.ok(elsewhere.kind === 'refused');
  assert.match(elsewhere.because, /^the program cat is not on PATH \(apt-get install coreutils\)$/);
});
