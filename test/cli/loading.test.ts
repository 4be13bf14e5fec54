import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const heddle = fileURLToPath(new URL('../../bin/heddle.js', import.meta.url));

/** The files that a command loads, as V8 counts them. The command may fail. */
async function loadedBy(t: TestContext, ...args: readonly string[]): Promise<readonly string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'heddle-loading-'));
  t.after(() => rm(directory, { recursive: true }));
  const env = { ...process.env, NODE_V8_COVERAGE: directory };
  await promisify(execFile)(process.execPath, [heddle, ...args], { env }).catch(() => undefined);
  const files = await readdir(directory);
  const texts = await Promise.all(files.map((file) => readFile(join(directory, file), 'utf8')));
  return texts.flatMap((text) =>
    (JSON.parse(text) as { result: { url: string }[] }).result.map(({ url }) => url),
  );
}

const ofEtcd = (url: string): boolean => /node_modules\/(?:etcd3|@grpc)\//.test(url);

test('the library of etcd is loaded when leases are in etcd', async (t) => {
  assert.ok((await loadedBy(t, 'leases', '--etcd-endpoints', 'http://127.0.0.1:1')).some(ofEtcd));
});

test('it is not loaded for anything else', async (t) => {
  const store = await mkdtemp(join(tmpdir(), 'heddle-loading-'));
  t.after(() => rm(store, { recursive: true }));
  for (const args of [['--help'], ['up', '--help'], ['recipe', 'list'], ['leases', '--store-dir', store]]) {
    const loaded = await loadedBy(t, ...args);
    assert.ok(loaded.some((url) => url.endsWith('/dist/main.js')));
    assert.deepEqual(loaded.filter(ofEtcd), [], args.join(' '));
  }
});

test('help loads the command line and nothing that it stands for', async (t) => {
  const loaded = (await loadedBy(t, '--help')).filter((url) => url.startsWith('file:'));
  assert.ok(loaded.length < 14, loaded.join('\n'));
});
