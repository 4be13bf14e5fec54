import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PrintedConfiguration } from '../../../src/cli/up/print-config.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('--recipe and --recipe-dir contradict each other', async () => {
  const { exitCode, stderr } = await runHeddle(['up', '--recipe', 'vxlan', '--recipe-dir', '/nowhere']);
  assert.equal(exitCode, 2);
  assert.match(stderr, /^heddle: --recipe and --recipe-dir contradict each other\n/);
});

test('--print-config shows --recipe-dir as a path', async () => {
  const { stdout } = await runHeddle(['up', '--print-config', '--json', '--recipe-dir', 'looms']);
  const { options } = JSON.parse(stdout) as PrintedConfiguration;
  const found = options.find(({ name }) => name === '--recipe-dir');
  assert.deepEqual(found, {
    name: '--recipe-dir',
    value: join(process.cwd(), 'looms'),
    from: 'option',
    source: null,
  });
});

test('the variable HEDDLE_RECIPE_DIR stands for --recipe-dir; an empty one does not', async () => {
  const printed = async (value: string, ...args: readonly string[]): Promise<unknown> => {
    const { stdout, stderr } = await runHeddle(['up', '--print-config', '--json', ...args], {
      environment: { HEDDLE_RECIPE_DIR: value },
    });
    const { options } = JSON.parse(stdout || '{"options":[]}') as PrintedConfiguration;
    const {
      from,
      source,
      value: shown,
    } = options.find(({ name }) => name === '--recipe-dir') ?? { from: stderr };
    return { from, source, value: shown };
  };
  assert.deepEqual(await printed('/looms'), {
    from: 'variable',
    source: 'HEDDLE_RECIPE_DIR',
    value: '/looms',
  });
  assert.deepEqual(await printed(''), { from: 'default', source: null, value: null });
  assert.deepEqual(await printed('/looms', '--recipe-dir', '/own'), {
    from: 'option',
    source: null,
    value: '/own',
  });
});

test('--watch with --trust-store-commands needs --recipe or --recipe-dir', async (t) => {
  const path = join(temporaryDirectory(t), 'none');
  const args = ['up', '--watch', '--trust-store-commands'];
  const refused = await runHeddle(args);
  assert.equal(refused.exitCode, 2);
  assert.match(refused.stderr, /give a recipe with --recipe or --recipe-dir/);
  const { exitCode, stderr } = await runHeddle([...args, '--recipe-dir', path, '--dry-run']);
  assert.equal(exitCode, 3);
  assert.match(stderr, /the recipes in .*none cannot be read: no such file or directory/);
});

test('heddle doctor reports a directory of recipes that cannot be used', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'store'), { mode: 0o700 });
  writeFileSync(join(directory, 'store', 'config'), '{"Network":"10.50.0.0/16","Backend":{"Type":"vxlan"}}');
  const store = ['--store-dir', join(directory, 'store'), '--state-dir', join(directory, 'state')];
  const { stdout } = await runHeddle(['doctor', '--recipe-dir', join(directory, 'none'), ...store]);
  assert.match(stdout, /the recipes in .*none cannot be read: no such file or directory/);
});
