import assert from 'node:assert/strict';
import { chmod, chown, copyFile, mkdir, realpath, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { findDistrust } from '../../../src/host/files/trusted-file.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { reasonToSkip } from '../harness/needs.ts';

const asRoot = { skip: reasonToSkip() };

async function makeFile(t: TestContext): Promise<string> {
  const directory = join(await realpath(temporaryDirectory(t)), 'recipes');
  await mkdir(directory);
  await writeFile(join(directory, 'loom.json'), '{}');
  return join(directory, 'loom.json');
}

test("a file that only root can write, also below /tmp, is root's to run", asRoot, async (t) => {
  assert.equal(findDistrust(await makeFile(t)), undefined);
});

test('a file that other users can write to is not, nor one in such a directory', asRoot, async (t) => {
  const file = await makeFile(t);
  for (const path of [file, dirname(file)]) {
    for (const mode of [0o777, 0o772, 0o720]) {
      await chmod(path, mode);
      assert.deepEqual(findDistrust(file), {
        why: `other users can write to ${path} (mode 0${mode.toString(8)})`,
        hint: `chmod go-w ${path}`,
      });
    }
    await chmod(path, 0o755);
  }
});

test('a directory that other users can write to is harmless if it is sticky', asRoot, async (t) => {
  const file = await makeFile(t);
  await chmod(dirname(file), 0o1777);
  assert.equal(findDistrust(file), undefined);
});

test("another user's file is not, nor one in that user's directory", asRoot, async (t) => {
  const file = await makeFile(t);
  for (const path of [file, dirname(file)]) {
    await chown(path, 54_321, 0);
    const { why } = findDistrust(file) ?? {};
    assert.equal(why, `${path} belongs to user 54321`);
    await chown(path, 0, 0);
  }
});

test('the user who called sudo is trusted, because that user may run anything', asRoot, async (t) => {
  const file = await makeFile(t);
  await chown(file, 54_321, 0);
  process.env['SUDO_UID'] = '54321';
  t.after(() => delete process.env['SUDO_UID']);
  assert.equal(findDistrust(file), undefined);
});

test('both ends of a link must be trusted', asRoot, async (t) => {
  const file = await makeFile(t);
  const other = await makeFile(t);
  const link = join(dirname(other), 'link.json');
  await symlink(file, link);
  assert.equal(findDistrust(link), undefined);
  await chmod(file, 0o666);
  assert.match(findDistrust(link)?.why ?? '', /recipes\/loom\.json \(mode 0666\)$/);
  await chmod(file, 0o644);
  await chmod(dirname(link), 0o777);
  assert.equal(findDistrust(link)?.why, `other users can write to ${dirname(link)} (mode 0777)`);
});

test('a user who could change heddle’s own program may change a recipe', asRoot, async (t) => {
  const file = await makeFile(t);
  const names = [
    ...['trusted-file.ts', 'package-files.ts', 'executable-assets.ts', 'program-option.ts'],
    'read-only-mount.ts',
  ];
  for (const name of names) {
    const source = fileURLToPath(new URL(`../../../src/host/files/${name}`, import.meta.url));
    await copyFile(source, join(dirname(file), name));
  }
  await writeFile(join(dirname(file), 'package.json'), '{ "type": "module" }');
  const copy = (await import(pathToFileURL(join(dirname(file), 'trusted-file.ts')).href)) as {
    readonly findDistrust: typeof findDistrust;
  };
  const program = join(dirname(file), 'package-files.ts');
  const other = await makeFile(t);
  const judged = (): boolean => copy.findDistrust(other) === undefined;

  await chmod(other, 0o664);
  assert.equal(judged(), false);
  await chmod(program, 0o664);
  assert.equal(judged(), true, 'by its group');
  await chown(other, 0, 54_321);
  assert.equal(judged(), false, 'by another');
  await chmod(other, 0o666);
  assert.equal(judged(), false);
  await chmod(dirname(program), 0o777);
  assert.equal(judged(), true, 'by everybody');
  await chmod(dirname(program), 0o755);
  await chmod(other, 0o600);
  await chown(other, 54_321, 0);
  assert.equal(judged(), false);
  await chown(program, 54_321, 0);
  assert.equal(judged(), true, 'by its owner');
});
