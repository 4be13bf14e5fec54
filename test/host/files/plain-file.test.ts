import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, constants, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  openFileHandle,
  openPlainFile,
  readNamedFile,
  readPlainFile,
} from '../../../src/host/files/plain-file.ts';
import { PlainFileError } from '../../../src/host/files/plain-file-error.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const refuses = async (path: string, reason: string): Promise<void> => {
  for (const flags of [constants.O_RDONLY, constants.O_RDWR | constants.O_CREAT]) {
    const isRefusal = (error: unknown): boolean => error instanceof PlainFileError && error.reason === reason;
    assert.throws(() => openPlainFile(path, flags), isRefusal, path);
    await assert.rejects(openFileHandle(path, flags | constants.O_NOFOLLOW), isRefusal, path);
  }
};

test('whatever is not a plain file is refused, and nothing is waited for', async (t) => {
  const directory = temporaryDirectory(t);
  const at = (name: string): string => join(directory, name);
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('directory'));
  writeFileSync(at('secret'), 'secret');
  symlinkSync('secret', at('link'));
  symlinkSync(at('nowhere'), at('dangling'));
  symlinkSync('/dev/zero', at('zero'));
  const server = createServer().listen(at('socket'));
  t.after(() => server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  await refuses(at('fifo'), 'is not a regular file');
  await refuses(at('socket'), 'is not a regular file');
  await refuses(at('directory'), 'is not a regular file');
  await refuses('/dev/null', 'is not a regular file');
  await refuses(at('link'), 'is a symbolic link');
  await refuses(at('zero'), 'is a symbolic link');
  await refuses(at('dangling'), 'is a symbolic link');
  assert.equal(existsSync(at('nowhere')), false, 'nothing is made at the end of a link');
});

test('a plain file is read whole, up to a limit', (t) => {
  const path = join(temporaryDirectory(t), 'file');
  writeFileSync(path, 'äöü\n');
  assert.equal(readPlainFile(path, 100), 'äöü\n');
  assert.equal(readPlainFile(path, 7), 'äöü\n');
  assert.throws(() => readPlainFile(path, 6), /is larger than 6 bytes$/);
  // It has no size, and a content.
  assert.match(readPlainFile('/proc/self/status', 100_000), /^Name:/);
  assert.throws(() => readPlainFile(join(path, 'x'), 6), { code: 'ENOTDIR' });
});

test('a file that an operator names may be a link, and nothing else that is not a regular file', (t) => {
  const directory = temporaryDirectory(t);
  const at = (name: string): string => join(directory, name);
  writeFileSync(at('psk'), 'swordfish\n');
  // The links of a ConfigMap that is mounted.
  mkdirSync(at('..2026'));
  writeFileSync(at('..2026/conf'), 'woven');
  symlinkSync('..2026', at('..data'));
  symlinkSync('..data/conf', at('conf'));
  assert.equal(readNamedFile(at('psk'), 10).bytes.toString(), 'swordfish\n');
  assert.equal(readNamedFile(at('conf'), 10).bytes.toString(), 'woven');
  assert.throws(() => readNamedFile(at('psk'), 9), /psk is larger than 9 bytes$/);

  execFileSync('mkfifo', [at('fifo')]);
  for (const [name, target] of [
    ['to-fifo', 'fifo'],
    ['to-zero', '/dev/zero'],
    ['to-directory', '..data'],
  ] as const) {
    symlinkSync(target, at(name));
    for (const path of [at(name), name === 'to-zero' ? target : at(target)])
      assert.throws(() => readNamedFile(path, 10), /is not a regular file$/, path);
  }
  symlinkSync('loop', at('loop'));
  symlinkSync('nowhere', at('dangling'));
  assert.throws(() => readNamedFile(at('loop'), 10), { code: 'ELOOP' });
  assert.throws(() => readNamedFile(at('dangling'), 10), { code: 'ENOENT' });
});

test('a file that is missing is made only where that is asked for', (t) => {
  const path = join(temporaryDirectory(t), 'file');
  assert.throws(() => openPlainFile(path, constants.O_RDONLY), { code: 'ENOENT' });
  const { file, stats } = openPlainFile(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  closeSync(file);
  assert.equal(stats.mode & 0o777, 0o600);
});
