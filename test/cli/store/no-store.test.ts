import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const commands = [
  'leases',
  'leases reserve 10.50.4.0/24 172.30.0.4',
  'leases release 10.50.4.0/24',
  'network get',
] as const;

describe('a store directory that is none', () => {
  const directory = temporaryDirectory({ after });
  before(async () => {
    await mkdir(join(directory, 'empty'));
    await writeFile(join(directory, 'file'), '');
  });

  const noStore = (path: string): string =>
    `heddle: the directory ${path} does not contain a store\n` +
    `  mount it, or give another with --store-dir; the first node or heddle network set --store-dir ${path} FILE creates a store`;
  for (const words of commands) {
    test(`is refused by heddle ${words}, and made by none`, { timeout: 120_000 }, async () => {
      for (const name of ['missing', 'empty']) {
        const path = join(directory, name);
        const ended = await runHeddle([...words.split(' '), '--store-dir', path]);
        assert.deepEqual(ended, { exitCode: exitCodes.store, stdout: '', stderr: noStore(path) });
      }
      const path = join(directory, 'file');
      const { exitCode, stderr } = await runHeddle([...words.split(' '), '--store-dir', path]);
      assert.equal(exitCode, exitCodes.store);
      assert.match(
        stderr,
        /^heddle: cannot (?:read|use) the store directory \S+: a part of the path is not a directory/,
      );
      assert.deepEqual((await readdir(directory)).sort(), ['empty', 'file']);
      assert.deepEqual(await readdir(join(directory, 'empty')), []);
    });
  }
});
