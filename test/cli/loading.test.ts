import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const heddle = fileURLToPath(new URL('../../bin/heddle.js', import.meta.url));

/** What V8 says that it ran. */
interface Coverage {
  readonly result: readonly {
    readonly url: string;
    readonly functions: readonly {
      readonly functionName: string;
      readonly ranges: readonly { count: number }[];
    }[];
  }[];
}

/** The modules that a command loads: files of packages, and parts of the bundle by their paths. The command may fail. */
async function loadedBy(t: TestContext, ...args: readonly string[]): Promise<readonly string[]> {
  const directory = temporaryDirectory(t);
  const env = { ...process.env, NODE_V8_COVERAGE: directory };
  await promisify(execFile)(process.execPath, [heddle, ...args], { env }).catch(() => undefined);
  const files = await readdir(directory);
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return texts
    .flatMap((text) => (JSON.parse(text) as Coverage).result)
    .filter(({ url }) => url.startsWith('file:'))
    .flatMap(({ url, functions }) => [
      url,
      ...functions.filter(hasRun).map(({ functionName }) => functionName),
    ])
    .filter((name) => /\/.*\.[cm]?[jt]s$/.test(name));
}

/** In the bundle, a module is a function with the module's path for a name, which runs when the module is first imported. */
function hasRun({ ranges }: Coverage['result'][number]['functions'][number]): boolean {
  return ranges.some(({ count }) => count > 0);
}

const ofEtcd = (name: string): boolean => /node_modules\/(?:etcd3|@grpc)\//.test(name);

test('the library of etcd is loaded when leases are in etcd', async (t) => {
  assert.ok((await loadedBy(t, 'leases', '--etcd-endpoints', 'http://127.0.0.1:1')).some(ofEtcd));
});

test('the library of etcd is not loaded for anything else', async (t) => {
  const store = temporaryDirectory(t);
  for (const args of [['--help'], ['up', '--help'], ['recipe', 'list'], ['leases', '--store-dir', store]]) {
    const loaded = await loadedBy(t, ...args);
    assert.ok(loaded.includes('src/cli/program.ts'));
    assert.deepEqual(loaded.filter(ofEtcd), [], args.join(' '));
  }
});

const ofPage = (name: string): boolean =>
  /^src\/page\/|\/dist\/page|node_modules\/(?:preact|@dagrejs)\//.test(name);

test('the modules of pages are loaded by the options that need them', async (t) => {
  const missing = join(temporaryDirectory(t), 'missing', 'report.html');
  const loaded = await loadedBy(t, 'lab', 'run', 'vxlan', '--report', missing);
  assert.ok(loaded.some(ofPage), loaded.join('\n'));
});

test('the modules of pages are not loaded by anything else', async (t) => {
  const missing = join(temporaryDirectory(t), 'missing.json');
  for (const args of [
    ...[['--help'], ['up', '--help'], ['lab', 'up', '--help'], ['lab', 'run', '--help'], ['recipe', 'list']],
    ...[
      ['lab', 'run', missing],
      ['lab', 'up', missing],
      ['lab', 'verify', missing],
      ['up', '--recipe', missing],
    ],
  ])
    assert.deepEqual((await loadedBy(t, ...args)).filter(ofPage), [], args.join(' '));
});

test('help loads the command line and nothing that it stands for', async (t) => {
  const loaded = await loadedBy(t, '--help');
  const libraries = loaded.flatMap((name) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(name)?.[1] ?? []);
  assert.deepEqual([...new Set(libraries)].sort(), ['commander', 'ipaddr.js']);
  const parts = loaded.filter((name) => name.startsWith('src/') && !name.startsWith('src/cli/'));
  assert.ok(parts.length < 38, parts.join('\n'));
  assert.ok(loaded.filter((name) => name.startsWith('src/cli/')).length < 40);
});
