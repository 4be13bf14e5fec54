import assert from 'node:assert/strict';
import {
  chmod,
  mkdir,
  readdir,
  readFile,
  rename,
  stat,
  symlink,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { codeCacheFile, readCodeCache, writeCodeCache } from '../../../src/host/files/code-cache.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const me = process.geteuid?.() ?? 0;
const bundle = { uid: me, mtimeMs: 1_700_000_000_000.5 };
const code = Buffer.from('compiled code');

/** A file with compiled code, in a package of this user's. */
function makeCache(t: TestContext): string {
  const file = codeCacheFile(join(temporaryDirectory(t), 'bundle-1.cjs'), 'up');
  writeCodeCache(file, bundle, code);
  assert.deepEqual(readCodeCache(file, bundle), code);
  return file;
}

describe('compiled code', () => {
  test('has a file for each purpose, bundle, V8 and processor', () => {
    const file = codeCacheFile('/package/dist/heddle-1.cjs', 'up');
    assert.equal(file, `/package/dist/compiled/up-heddle-1-v8-${process.versions.v8}-${process.arch}`);
  });

  test('is readable by all and writable by its owner, whatever the umask', async (t) => {
    const before = process.umask(0o077);
    t.after(() => process.umask(before));
    const file = makeCache(t);
    assert.equal((await stat(file)).mode & 0o777, 0o644);
    assert.equal((await stat(dirname(file))).mode & 0o777, 0o755);
  });

  test('is replaced as a whole, and nothing else is left', async (t) => {
    const file = makeCache(t);
    writeCodeCache(file, bundle, Buffer.from('other code'));
    assert.deepEqual(readCodeCache(file, bundle), Buffer.from('other code'));
    assert.equal((await readdir(dirname(file))).length, 1);
  });
});

describe('compiled code is ignored', () => {
  test('where there is none', (t) => {
    assert.equal(readCodeCache(codeCacheFile(join(temporaryDirectory(t), 'b.cjs'), 'up'), bundle), undefined);
  });

  test('when it was cut off, at any length', async (t) => {
    const file = makeCache(t);
    for (let length = code.length + 11; length >= 0; length -= 1) {
      await truncate(file, length);
      assert.equal(readCodeCache(file, bundle), undefined, `${length} bytes`);
    }
  });

  test('when a byte of it is another', async (t) => {
    const file = makeCache(t);
    const content = await readFile(file);
    for (let at = 0; at < content.length; at += 1) {
      const damaged = Buffer.from(content);
      damaged[at] = (damaged[at] ?? 0) ^ 1;
      await writeFile(file, damaged);
      assert.equal(readCodeCache(file, bundle), undefined, `byte ${at}`);
    }
  });

  test('when the bundle has changed since', (t) => {
    const file = makeCache(t);
    assert.equal(readCodeCache(file, { ...bundle, mtimeMs: bundle.mtimeMs + 1 }), undefined);
  });

  test('when others may write it, or the directory', async (t) => {
    const file = makeCache(t);
    for (const mode of [0o664, 0o646]) {
      await chmod(file, mode);
      assert.equal(readCodeCache(file, bundle), undefined);
    }
    await chmod(file, 0o644);
    for (const mode of [0o775, 0o757, 0o1777]) {
      await chmod(dirname(file), mode);
      assert.equal(readCodeCache(file, bundle), undefined);
    }
    await chmod(dirname(file), 0o755);
    assert.deepEqual(readCodeCache(file, bundle), code);
  });

  test('when it belongs to another user than the bundle', (t) => {
    assert.equal(readCodeCache(makeCache(t), { ...bundle, uid: me + 1 }), undefined);
  });

  test('when it is reached by a link', async (t) => {
    const file = makeCache(t);
    await rename(file, `${file}.real`);
    await symlink(`${file}.real`, file);
    assert.equal(readCodeCache(file, bundle), undefined);
    await rename(`${file}.real`, file);
    await rename(dirname(file), `${dirname(file)}.real`);
    await symlink(`${dirname(file)}.real`, dirname(file));
    assert.equal(readCodeCache(file, bundle), undefined);
  });

  test('when it is a directory', async (t) => {
    const file = codeCacheFile(join(temporaryDirectory(t), 'b.cjs'), 'up');
    await mkdir(file, { recursive: true });
    assert.equal(readCodeCache(file, bundle), undefined);
  });
});

describe('compiled code is not kept, and nothing is said', () => {
  test('for another owner’s bundle', async (t) => {
    const directory = temporaryDirectory(t);
    writeCodeCache(codeCacheFile(join(directory, 'b.cjs'), 'up'), { ...bundle, uid: me + 1 }, code);
    assert.deepEqual(await readdir(directory), []);
  });

  test('in a directory that other users can write to', async (t) => {
    const file = codeCacheFile(join(temporaryDirectory(t), 'b.cjs'), 'up');
    await mkdir(dirname(file));
    await chmod(dirname(file), 0o777);
    writeCodeCache(file, bundle, code);
    assert.deepEqual(await readdir(dirname(file)), []);
  });

  test('where nothing can be written', async (t) => {
    const file = codeCacheFile(join(temporaryDirectory(t), 'b.cjs'), 'up');
    // Not even root can make a file here.
    await writeFile(dirname(file), '');
    writeCodeCache(file, bundle, code);
    writeCodeCache('/proc/compiled/up', bundle, code);
    assert.equal(readCodeCache(file, bundle), undefined);
  });

  test('over what cannot be replaced', async (t) => {
    const file = makeCache(t);
    await rename(file, `${file}.away`);
    await mkdir(file);
    writeCodeCache(file, bundle, code);
    assert.equal((await readdir(dirname(file))).length, 2);
  });
});
