import assert from 'node:assert/strict';
import { chmod, mkdir, realpath, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepareStateDirectory } from '../../../src/host/state/state-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { setUmask } from '../../support/umask.ts';
import { refused } from './refused.ts';

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o7777;
}

test('a state directory is made with its parents, and is private with any umask', async (t) => {
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
  await refused(path, /contains files that are not heddle's/);
  assert.equal(await modeOf(path), 0o755);
});

test('a state directory that other users can write to is refused', async (t) => {
  const path = join(temporaryDirectory(t), 'state');
  await mkdir(path);
  for (const mode of [0o777, 0o770, 0o1777]) {
    await chmod(path, mode);
    await refused(path, /other users can write to it/);
  }
});

test('a state directory that is a file is refused', async (t) => {
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
