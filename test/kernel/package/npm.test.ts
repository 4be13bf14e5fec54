import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { execa } from 'execa';
import { packForNpm } from '../../../scripts/package/npm.js';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { reasonToSkip } from '../harness/needs.ts';

test(
  'npx runs a lab from the packed file, in an empty folder',
  { skip: reasonToSkip(), timeout: 240_000 },
  async (t) => {
    const directory = temporaryDirectory(t);
    const file = packForNpm(directory);
    const [empty, cache] = [join(directory, 'empty'), join(directory, 'cache')];
    mkdirSync(empty);
    mkdirSync(cache);
    // What npm has downloaded before stays; what npx installs goes with the test.
    const { stdout: usual } = await execa('npm', ['config', 'get', 'cache'], { cwd: homedir() });
    mkdirSync(join(usual, '_cacache'), { recursive: true });
    symlinkSync(join(usual, '_cacache'), join(cache, '_cacache'));
    const args = ['--yes', '--prefer-offline', '--package', file, 'heddle', 'lab', 'run', 'vxlan', '--json'];
    const env = { npm_config_cache: cache, npm_config_loglevel: 'error' };
    const { exitCode, stdout, stderr } = await execa('npx', args, {
      cwd: empty,
      env,
      reject: false,
      timeout: 180_000,
    });
    assert.equal(exitCode, 0, `${stderr}\n${stdout}`);
    const report = JSON.parse(stdout) as { passed: boolean; pairs: readonly unknown[] };
    assert.equal(report.passed, true);
    assert.equal(report.pairs.length, 6);
    assert.deepEqual(readdirSync(empty), []);
  },
);
