import assert from 'node:assert/strict';
import { chmod, chown, lchown, mkdir, readdir, stat, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { prepareStateDirectory } from '../../../src/host/state/state-directory.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { reasonToSkip } from '../harness/needs.ts';
import { refused } from '../../host/state/refused.ts';

const asRoot = { skip: reasonToSkip() };

test('a state directory of another user is refused', asRoot, async (t) => {
  const path = join(temporaryDirectory(t), 'state');
  await mkdir(path, { mode: 0o700 });
  await chown(path, 12_345, 12_345);
  await refused(path, /belongs to user 12345, not to user 0/);
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

test(
  'a state directory below a directory that others could change is refused, and not made',
  asRoot,
  async (t) => {
    const parent = join(temporaryDirectory(t), 'parent');
    await mkdir(parent);
    const path = join(parent, 'deep', 'state');
    await chmod(parent, 0o777);
    await refused(path, /other users can write to \S*\/parent \(mode 0777\)/);
    await chmod(parent, 0o755);
    await chown(parent, 54_321, 54_321);
    await refused(path, /\/parent belongs to user 54321/);
    assert.deepEqual(await readdir(parent), []);
    await chown(parent, 0, 0);
    await chmod(parent, 0o1777);
    await prepareStateDirectory(path);
  },
);

test(
  'the directory of the service of another user is left to that user, and so is one below it',
  asRoot,
  async (t) => {
    const path = join(temporaryDirectory(t), 'heddle');
    await mkdir(join(path, 'state'), { recursive: true, mode: 0o700 });
    const cure =
      /if it is the directory of a daemon of that user, run heddle as that user: runuser -u nobody -- heddle …; otherwise give another with --state-dir/;
    for (const theirs of [join(path, 'state'), path]) {
      await chown(theirs, 65534, 65534);
      const hint = await refused(join(path, 'state'), /belongs to user 65534/);
      assert.match(hint ?? '', cure);
    }
    await chown(path, 65533, 65533);
    const hint = await refused(join(path, 'state'), /belongs to user 65533/);
    assert.match(hint ?? '', /run heddle as the user with the number 65533;/);
  },
);
