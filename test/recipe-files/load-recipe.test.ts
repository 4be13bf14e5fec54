import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import { examineRecipe } from '../../src/recipe-files/examine-recipe.ts';
import { checkRecipe } from '../../src/recipe-files/load-recipe.ts';

async function refuse(backend: object): Promise<{ failure: Failure; text: string }> {
  const text = JSON.stringify({ Network: '10.50.0.0/16', Backend: { Type: 'a', ...backend } });
  const error: unknown = await checkRecipe({ name: 'a.json', text }, 'a').then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure);
  return { failure: error, text };
}

const wrongCommand = { PreStartupCommand: 'echo "$SUBNET"', ShutdownCommand: 'ip link add a type bridge' };

test('a recipe that is refused for its document is refused with all that recipe check finds', async () => {
  const { failure, text } = await refuse({ ...wrongCommand, Timeout: 0 });
  assert.equal(failure.kind, 'recipe');
  assert.equal(failure.message, 'a.json was refused: 2 errors');
  assert.deepEqual(
    failure.diagnostics.map(({ code }) => code),
    ['unset-variable', 'not-repeatable', 'out-of-bounds'],
  );
  assert.deepEqual(failure.diagnostics, await examineRecipe({ name: 'a.json', text }, 'a'));
});

test('a recipe that is refused for a command’s syntax is refused with all that recipe check finds', async () => {
  const { failure } = await refuse({ ...wrongCommand, PostStartupCommand: 'echo )' });
  assert.deepEqual(
    failure.diagnostics.map(({ code }) => code),
    ['unset-variable', 'not-repeatable', 'shell-syntax'],
  );
});

test('a recipe is not refused for what only recipe check finds', async () => {
  const text = JSON.stringify({ Network: '10.50.0.0/16', Backend: { Type: 'a', ...wrongCommand } });
  assert.deepEqual((await checkRecipe({ name: 'a.json', text }, 'a')).warnings, []);
});
