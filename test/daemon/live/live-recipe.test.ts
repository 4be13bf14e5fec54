import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { watchLiveRecipe, type SavedChange } from '../../../src/daemon/live/live-recipe.ts';
import { recipeRevision } from '../../../src/recipe-files/recipe-text.ts';
import { until } from '../../support/until.ts';
import { Bench } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';

/** A bench whose recipe is watched; `changes` are those that were to be made. */
async function watch(t: TestContext, backend: object = fileOverlay, fail?: Error) {
  const bench = new Bench(t);
  const file = bench.recipe(backend);
  const preparation = await bench.prepare();
  const changes: SavedChange[] = [];
  const watching = await watchLiveRecipe({
    owner: {
      preparation,
      change(change) {
        changes.push(change);
        return fail === undefined ? Promise.resolve() : Promise.reject(fail);
      },
    },
    options: bench.options(),
    emit: bench.emit,
  });
  t.after(() => watching.close());
  return { bench, file, changes };
}

test('a good recipe that is saved is changed to, with its warnings', async (t) => {
  const { bench, changes } = await watch(t);
  bench.recipe({ ...fileOverlay, SubnetAddCommand: ['true'] });
  const [change] = await until('a change', () => changes.length > 0 && changes);
  assert.equal(change?.step.kind, 'peers');
  assert.deepEqual(bench.told('recipe-refused'), []);
});

test('a bad recipe is refused with its findings, and changes nothing', async (t) => {
  const { bench, file, changes } = await watch(t);
  const text = JSON.stringify({
    Network: '10.50.0.0/16',
    Backend: { Type: 'extension', AddCommand: 'true' },
  });
  writeFileSync(file, text);
  const refused = await bench.untilTold('recipe-refused');
  assert.deepEqual(
    { file: refused.file, revision: refused.revision, because: refused.because },
    { file, revision: recipeRevision(text), because: '1 error' },
  );
  assert.match(refused.findings, /AddCommand/);
  assert.deepEqual(changes, []);
});

test('a recipe whose programs are missing is refused', async (t) => {
  const { bench } = await watch(t);
  bench.recipe({ ...fileOverlay, Requires: ['no-such-loom'] });
  assert.match((await bench.untilTold('recipe-refused')).because, /no-such-loom/);
});

test('a recipe of another type is refused', async (t) => {
  const { bench } = await watch(t);
  bench.recipe({ ...fileOverlay, Type: 'loom' });
  assert.match((await bench.untilTold('recipe-refused')).because, /is of type "loom"/);
});

test('findings are kept back where the recipe has secrets: a part that cannot be read may be one', async (t) => {
  const secret = { ...fileOverlay, Parameters: { Psk: { Type: 'string', Default: '', Secret: true } } };
  const { bench, file } = await watch(t, secret);
  writeFileSync(file, '{"Backend":{"Psk":"sesame');
  const { because, findings } = await bench.untilTold('recipe-refused');
  assert.equal(findings, '');
  assert.match(because, /because they may contain secrets$/);
});

test('a value of the saved recipe that the store overrules is a warning', async (t) => {
  const { bench, changes } = await watch(t);
  bench.recipe(fileOverlay, { network: '10.60.0.0/16' });
  await until('a change', () => changes.length > 0);
  assert.match(bench.warnings[0] ?? '', /change it with heddle network set --store-dir \S+ FILE$/);
});

test('a change that fails is told as refused, and the watch goes on', async (t) => {
  const { bench, changes } = await watch(t, fileOverlay, new Error('the disk is full'));
  bench.recipe({ ...fileOverlay, SubnetAddCommand: 'true' });
  assert.equal((await bench.untilTold('recipe-refused')).because, 'the disk is full');
  bench.recipe({ ...fileOverlay, SubnetAddCommand: 'false' });
  await until('another change', () => changes.length === 2);
});

test('a recipe that cannot be read any more is told, and the one that runs stays', async (t) => {
  const { bench, file, changes } = await watch(t);
  rmSync(file);
  const { message } = await bench.untilTold('warning');
  assert.equal(
    message,
    `${file} cannot be read any more: no such file or directory; the running recipe stays`,
  );
  assert.deepEqual(changes, []);
});
