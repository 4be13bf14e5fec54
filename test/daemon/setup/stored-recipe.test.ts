import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadStoredRecipe } from '../../../src/daemon/setup/stored-recipe.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import type { LoadedRecipe } from '../../../src/recipe-files/load-recipe.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { Bench } from '../bench.ts';

async function load(
  t: TestContext,
  backend: object | string,
  trustStoreCommands = false,
  recipeDirectory?: string,
): Promise<LoadedRecipe> {
  const bench = new Bench(t);
  const text =
    typeof backend === 'string' ? backend : JSON.stringify({ Network: '10.50.0.0/16', Backend: backend });
  const options = bench.options({ recipe: undefined, trustStoreCommands, recipeDirectory });
  return loadStoredRecipe({ name: 'the document', text }, options, await bench.openStore());
}

test('a type that a shipped recipe has is that recipe', async (t) => {
  const { recipe } = await load(t, { Type: 'vxlan', VNI: 7 });
  assert.equal(recipe.name, 'vxlan');
  assert.ok(recipe.commands.SubnetAddCommand ?? recipe.commands.SubnetBatchCommand);
});

test('a type without a recipe here is refused', async (t) => {
  await assert.rejects(
    load(t, { Type: 'loom' }),
    /the document has the type "loom", but this machine does not have a recipe/,
  );
});

test('commands in the store are not run, unless the operator trusts whoever writes there', async (t) => {
  const backend = { Type: 'extension', SubnetAddCommand: 'true', ShutdownCommand: 'true' };
  await assert.rejects(load(t, backend), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'recipe');
    assert.match(
      error.message,
      /contains commands \(SubnetAddCommand, ShutdownCommand\).* as root on this node$/,
    );
    assert.match(error.hint ?? '', /--trust-store-commands$/);
    return true;
  });
  const { recipe, file } = await load(t, backend, true);
  assert.equal(recipe.backendType, 'extension');
  assert.equal(file, 'the document');
});

test('a directory of recipes decides in place of included recipes and of commands in the store', async (t) => {
  const directory = temporaryDirectory(t);
  const commands = { Type: 'vxlan', PostStartupCommand: 'true' };
  writeFileSync(join(directory, 'own.json'), JSON.stringify({ Network: '10.50.0.0/16', Backend: commands }));
  for (const trust of [false, true]) {
    const { recipe, file } = await load(t, { Type: 'vxlan', PostStartupCommand: 'evil' }, trust, directory);
    assert.deepEqual([recipe.name, file], ['own', join(directory, 'own.json')]);
    assert.equal(recipe.commands.PostStartupCommand?.lines[0]?.text, 'true');
    await assert.rejects(
      load(t, { Type: 'host-gw', PostStartupCommand: 'evil' }, trust, directory),
      (error) => {
        assert.ok(error instanceof Failure);
        assert.match(error.message, /^no recipe in .* has the type "host-gw"/);
        assert.match(error.hint ?? '', /^there are: own\.json \("vxlan"\); or remove --recipe-dir/);
        return true;
      },
    );
  }
});

test('commands in the store that no shell can read are refused, also where they are trusted', async (t) => {
  await assert.rejects(
    load(t, { Type: 'extension', SubnetAddCommand: 'if' }, true),
    /the document was refused/,
  );
});

test('a document that cannot be read is refused with its findings', async (t) => {
  await assert.rejects(load(t, '{'), (error: unknown) => {
    assert.ok(error instanceof Failure);
    return error.diagnostics.length > 0;
  });
});
