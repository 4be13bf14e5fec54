import assert from 'node:assert/strict';
import { chmod, chown, lchown, mkdir, readdir, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { prepareStateDirectory } from '../../../src/host/state/state-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { setUmask } from '../../support/umask.ts';

const asRoot = { skip: process.geteuid?.() === 0 ? false : 'needs root to give files away' };

function refused(path: string, why: RegExp): Promise<void> {
  return assert.rejects(prepareStateDirectory(path), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'state-directory');
    assert.match(error.message, why);
    return true;
  });
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777;
}

test('it is made with its parents, private whatever the umask', async (t) => {
  const directory = temporaryDirectory(t);
  setUmask(t, 0);
  const path = join(directory, 'a', 'b');
  assert.equal(await prepareStateDirectory(path), await realpath(path));
  assert.equal(await modeOf(path), 0o700);
  assert.equal(await modeOf(join(directory, 'a')), 0o700);
  assert.equal(await prepareStateDirectory(path), await realpath(path));
});

test("an empty one that others may read, and one of heddle's, is closed to them", async (t) => {
  const path = join(temporaryDirectory(t), 'state');
  await mkdir(path, { mode: 0o755 });
  await prepareStateDirectory(path);
  assert.equal(await modeOf(path), 0o700);
  await writeFile(join(path, 'journal'), '');
  await chmod(path, 0o750);
  await prepareStateDirectory(path);
  assert.equal(await modeOf(path), 0o700);
});

test('a directory that holds other things stays as it is', async (t) => {
  const path = join(temporaryDirectory(t), 'lib');
  await mkdir(path, { mode: 0o755 });
  await writeFile(join(path, 'something'), '');
  await refused(path, /holds files that are not heddle's/);
  assert.equal(await modeOf(path), 0o755);
});

test('one that others may write to is refused', async (t) => {
  const path = join(temporaryDirectory(t), 'state');
  await mkdir(path);
  for (const mode of [0o777, 0o770, 0o1777]) {
    await chmod(path, mode);
    await refused(path, /others may write to it/);
  }
});

test('one of another user is refused', asRoot, async (t) => {
  const path = join(temporaryDirectory(t), 'state');
  await mkdir(path, { mode: 0o700 });
  await chown(path, 12_345, 12_345);
  await refused(path, /belongs to user 12345, not to user 0/);
});

test('what is no directory is refused', async (t) => {
  const directory = temporaryDirectory(t);
  await writeFile(join(directory, 'file'), '');
  await refused(join(directory, 'file'), /not a directory/);
  await refused(join(directory, 'file', 'below'), /not a directory/);
  await symlink(join(directory, 'nowhere'), join(directory, 'dangling'));
  await refused(join(directory, 'dangling'), /cannot be used/);
});

test('an own link is followed', async (t) => {
  const directory = temporaryDirectory(t);
  await mkdir(join(directory, 'real'), { mode: 0o700 });
  await symlink(join(directory, 'real'), join(directory, 'link'));
  assert.equal(
    await prepareStateDirectory(join(directory, 'link', 'state')),
    join(await realpath(directory), 'real', 'state'),
  );
});

test('a link that somebody else made is not, wherever it stands in the path', asRoot, async (t) => {
  const directory = temporaryDirectory(t);
  await mkdir(join(directory, 'real'), { mode: 0o700 });
  await symlink(join(directory, 'real'), join(directory, 'link'));
  await lchown(join(directory, 'link'), 12_345, 12_345);
  await refused(join(directory, 'link'), /symbolic link made by user 12345/);
  await refused(join(directory, 'link', 'state'), /symbolic link made by user 12345/);
  await assert.rejects(stat(join(directory, 'real', 'state')));
});

test('one below a directory that others could change is refused, and not even made', asRoot, async (t) => {
  const parent = join(temporaryDirectory(t), 'parent');
  await mkdir(parent);
  const path = join(parent, 'deep', 'state');
  await chmod(parent, 0o777);
  await refused(path, /others may write to \S*\/parent \(mode 0777\)/);
  await chmod(parent, 0o755);
  await chown(parent, 54_321, 54_321);
  await refused(path, /\/parent belongs to user 54321/);
  assert.deepEqual(await readdir(parent), []);
  await chown(parent, 0, 0);
  await chmod(parent, 0o1777);
  await prepareStateDirectory(path);
});
