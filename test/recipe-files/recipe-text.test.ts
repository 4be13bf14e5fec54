import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readRecipeText } from '../../src/recipe-files/recipe-text.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** A FIFO, and a program that writes the output of a command into it some time later. */
function fifoWith(t: TestContext, command: string): string {
  const path = join(temporaryDirectory(t), 'recipe.json');
  execFileSync('mkfifo', [path]);
  const writer = spawn('sh', ['-c', `sleep 0.2; { ${command}; } > "$0"`, path], { stdio: 'ignore' });
  t.after(() => writer.kill('SIGKILL'));
  return path;
}

test('a recipe in a FIFO is read to its end, however late its writer comes', async (t) => {
  assert.equal(await readRecipeText(fifoWith(t, 'echo "{"; sleep 0.2; echo "}"')), '{\n}\n');
  assert.equal(await readRecipeText(fifoWith(t, ':')), '');
});

test('a FIFO with more than a recipe has is refused', async (t) => {
  const path = fifoWith(t, 'head -c 1100000 /dev/zero');
  await assert.rejects(readRecipeText(path), /larger than 1 MiB/);
});

test('a wait for the writer of a FIFO does not hold a thread, so that a process can exit', async (t) => {
  const path = join(temporaryDirectory(t), 'recipe.json');
  execFileSync('mkfifo', [path]);
  const reading = readRecipeText(path);
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(!process.getActiveResourcesInfo().some((name) => name.startsWith('FSReq')));
  execFileSync('sh', ['-c', 'echo x > "$0"', path]);
  assert.equal(await reading, 'x\n');
});
