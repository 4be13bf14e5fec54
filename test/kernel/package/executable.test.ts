import assert from 'node:assert/strict';
import { copyFileSync, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { execa } from 'execa';
import { largestExecutable } from '../../../scripts/package/release.js';
import { tested } from '../../../scripts/package/tested.js';
import { readVersion } from '../../../src/host/version.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { kubernetesProblem } from '../../../scripts/test/kubernetes.js';
import { reasonToSkip } from '../harness/needs.ts';

/** A folder that holds only the executable, and a PATH without Node. */
function install(t: TestContext): {
  readonly heddle: string;
  readonly env: Readonly<Record<string, string>>;
} {
  const bin = join(temporaryDirectory(t), 'bin');
  mkdirSync(bin);
  const heddle = join(bin, 'heddle');
  copyFileSync(tested.executable, heddle);
  const folders = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return { heddle, env: { PATH: `${bin}:${folders.join(':')}`, HOME: process.env['HOME'] ?? '/root' } };
}

/** Hides Node from everything that is started. */
const withoutNode = [
  ...['unshare', '--mount', 'sh', '-c'],
  'for node in $(which -a node); do mount --bind /dev/null "$node"; done; ! node -e 0 2>/dev/null || exit 99; exec "$@"',
  'sh',
];

describe('the single executable', { skip: reasonToSkip(), concurrency: 2 }, () => {
  test('is as small as promised', () => {
    assert.ok(statSync(tested.executable).size <= largestExecutable.bytes);
  });

  test('prints its version, its recipes, its pages and its help', async (t) => {
    const { heddle, env } = install(t);
    const run = async (...args: readonly string[]) => {
      const [program, ...words] = [...withoutNode, heddle, ...args];
      return execa(program ?? '', words, { env, extendEnv: false });
    };
    assert.equal((await run('--version')).stdout, readVersion());
    const listed = JSON.parse((await run('recipe', 'list', '--json')).stdout) as {
      name: string;
      file: string;
    }[];
    assert.deepEqual(
      listed.filter(({ file }) => file.startsWith(heddle)).map(({ name, file }) => [name, file]),
      listed.map(({ name }) => [name, `${heddle}/recipes/${name}.json`]),
    );
    assert.match((await run('recipe', 'check', 'vxlan')).stdout, /vxlan/);
    assert.match((await run('docs', 'operations')).stdout, /^# Operations\n/);
    assert.match((await run('docs', 'node-licence')).stdout, /Node\.js/);
    const { stdout, stderr } = await run('--help');
    assert.match(stdout, /^Usage: heddle /);
    assert.equal(stderr, '');
  });

  for (const store of ['files', 'etcd', 'kubernetes']) {
    const skip = store === 'kubernetes' && kubernetesProblem('kube-apiserver');
    test(`runs a lab on itself, with the leases in ${store}`, { skip, timeout: 180_000 }, async (t) => {
      const { heddle, env } = install(t);
      const args = ['lab', 'run', 'vxlan', '--store', store, '--nodes', '2', '--timeout', '100', '--json'];
      const [program, ...words] = [...withoutNode, heddle, ...args];
      const { stdout, stderr, exitCode } = await execa(program ?? '', words, {
        env,
        extendEnv: false,
        reject: false,
      });
      assert.equal(exitCode, 0, `${stderr}\n${stdout}`);
      assert.equal((JSON.parse(stdout) as { passed: boolean }).passed, true);
    });
  }
});
