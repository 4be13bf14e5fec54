import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkoutAssets, isCompressed, launcherScript, mainBundle } from '../../scripts/package/assets.js';

const launcher = fileURLToPath(new URL('../../bin/heddle', import.meta.url));

const dist = [
  'heddle-1.2.3-AAAA.cjs',
  'heddle-1.2.3-AAAA.cjs.map',
  'etcd-client-1.2.3-BBBB.cjs',
  'kubernetes-client-1.2.3-CCCC.cjs',
  'licences.txt',
  'main.cjs',
  'start.cjs',
  'compiled/main-heddle-1.2.3-AAAA',
];

test('the executable has the bundles, the recipes and the pages, and no picture or page for those who build heddle', () => {
  const assets = checkoutAssets({
    dist,
    recipes: ['vxlan.json'],
    scenarios: ['daemon-restart.json'],
    docs: ['recipes.md', 'architecture.md', 'page-lab.png'],
  });
  assert.deepEqual(assets, [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md'],
    'dist/etcd-client-1.2.3-BBBB.cjs',
    'dist/heddle-1.2.3-AAAA.cjs',
    'dist/kubernetes-client-1.2.3-CCCC.cjs',
    'dist/licences.txt',
    'docs/recipes.md',
    'package.json',
    'recipes/vxlan.json',
    'scenarios/daemon-restart.json',
  ]);
  assert.equal(mainBundle(assets), 'dist/heddle-1.2.3-AAAA.cjs');
});

test('what every start reads is not compressed, nor are the recipes; what few runs read is', () => {
  const main = 'dist/heddle-1.2.3-AAAA.cjs';
  const paths = [
    ...[main, 'code/main', 'code/up', 'files.json', 'launcher.sh', 'package.json'],
    ...['recipes/vxlan.json', 'scenarios/daemon-restart.json'],
    ...[`${main}.map`, 'code/lab', 'dist/etcd-client-1.2.3-BBBB.cjs', 'dist/licences.txt', 'docs/recipes.md'],
  ];
  assert.deepEqual(
    paths.filter((path) => isCompressed(path, main)),
    paths.slice(8),
  );
});

test('an executable needs exactly one bundle of heddle', () => {
  assert.throws(() => mainBundle([]), /dist\/ has 0 bundles/);
  assert.throws(() => mainBundle(['dist/heddle-1-A.cjs', 'dist/heddle-2-B.cjs']), /dist\/ has 2 bundles/);
});

test('the launcher for PID 1 runs the program that its arguments name', () => {
  const script = launcherScript(readFileSync(launcher, 'utf8'));
  const said = execFileSync('sh', ['-c', script, 'heddle', 'echo', 'a b', 'c'], { encoding: 'utf8' });
  assert.equal(said, 'a b c\n');
  assert.throws(() => launcherScript('#!/bin/sh\nexec node main.js\n'), /finds its program in another way/);
});

test('a processor that heddle is not packaged for is refused before anything is built', () => {
  const script = fileURLToPath(new URL('../../scripts/package.js', import.meta.url));
  for (const words of [['sparc'], ['x64', 'sparc'], ['--help']]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...words], {
      encoding: 'utf8',
      timeout: 30_000,
    });
    const [problem, usage] = stderr.split('\n');
    assert.equal(problem, `package: heddle is packaged for x64 and arm64, not for ${words.at(-1)}`);
    assert.match(usage ?? '', /^ {2}npm run package makes all files/);
    assert.deepEqual([status, stdout], [2, '']);
  }
});
