import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { formatChecksums } from '../../scripts/package/release.js';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

interface Packed {
  readonly name: string;
  readonly version: string;
  readonly files: readonly { readonly path: string; readonly mode: number }[];
}

/** What `npm pack` would pack. */
function pack(cache: string): Packed {
  const args = ['pack', '--dry-run', '--json', '--cache', cache];
  const [packed] = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' })) as Packed[];
  assert.ok(packed);
  return packed;
}

function filesBelow(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((path) => `${folder}/${path}`)
    .filter((path) => !lstatSync(join(root, path)).isDirectory());
}

test('the npm package has what a run of heddle needs, and nothing else', (t) => {
  const { name, version, files } = pack(temporaryDirectory(t));
  assert.equal(name, 'heddle');
  const paths = files.map(({ path }) => path).sort();
  const built = filesBelow('dist').filter((path) => !path.startsWith('dist/compiled/'));
  assert.ok(
    built.includes('dist/main.cjs') && built.some((path) => path.startsWith(`dist/heddle-${version}-`)),
  );
  const wanted = [
    ...['CHANGELOG.md', 'LICENSE', 'README.md', 'SECURITY.md', 'package.json'],
    ...['bin/heddle', 'bin/heddle.js', 'bin/package.json'],
    ...built,
    ...filesBelow('deploy'),
    ...filesBelow('recipes'),
    ...filesBelow('scenarios'),
    ...filesBelow('docs').filter((path) => path !== 'docs/architecture.md'),
  ];
  assert.deepEqual(paths, wanted.sort());
  const { mode } = files.find(({ path }) => path === 'bin/heddle') ?? {};
  assert.equal((mode ?? 0) & 0o111, 0o111, 'bin/heddle can be run');
});

test('no file of the npm package is a link, which npm would leave out', () => {
  const folders = ['bin', 'deploy', 'docs', 'recipes', 'scenarios'];
  const links = folders.flatMap(filesBelow).filter((path) => !lstatSync(join(root, path)).isFile());
  assert.deepEqual(links, []);
});

test('a link of a packed page leads to a packed file', (t) => {
  const paths = pack(temporaryDirectory(t)).files.map(({ path }) => path);
  const pages = paths.filter((path) => path.endsWith('.md'));
  for (const page of pages) {
    const text = readFileSync(join(root, page), 'utf8').replaceAll(/^```[^]*?^```/gm, '');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#:\s]+)(?:#[^)]*)?\)/g)) {
      const path = normalize(join(dirname(page), target)).replace(/\/$/, '');
      const isThere = paths.some((each) => each === path || each.startsWith(`${path}/`));
      assert.ok(isThere, `${page} links to ${target}`);
    }
  }
});

test('package.json is the only place that says the version', () => {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    version: string;
    packages: Record<string, { version: string }>;
  };
  // npm keeps a copy in its lock file, and `npm version` changes both.
  assert.deepEqual([lock.version, lock.packages['']?.version], [version, version]);
  const saying = ['bin', 'deploy', 'recipes', 'scenarios', 'scripts', 'src']
    .flatMap(filesBelow)
    .filter((path) => !path.startsWith('scripts/test/kubernetes/go.'))
    // The versions of the CNI specification.
    .filter((path) => path !== 'src/cni/read-template.ts')
    .filter((path) =>
      new RegExp(`(?<![\\d.])${version.replaceAll('.', '\\.')}(?![\\d.])`).test(
        readFileSync(join(root, path), 'utf8'),
      ),
    );
  assert.deepEqual(saying, []);
});

test('checksums are in the form that sha256sum checks', () => {
  const files = [
    { name: 'b.tgz', sha256: 'f'.repeat(64) },
    { name: 'a.deb', sha256: '0'.repeat(64) },
  ];
  assert.equal(formatChecksums(files), `${'0'.repeat(64)}  a.deb\n${'f'.repeat(64)}  b.tgz\n`);
  assert.equal(formatChecksums([]), '');
});
