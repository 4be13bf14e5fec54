import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFile, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { Failure } from '../../src/diagnostic/failure.ts';
import {
  holdsSubnetFile,
  readSubnetFile,
  removeSubnetFile,
  requireSubnetFile,
  writeSubnetFile,
} from '../../src/host/subnet-file.ts';
import { parseCidr } from '../../src/network/cidr.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { setUmask } from '../support/umask.ts';

const network = parseCidr('10.50.0.0/16');
const subnet = parseCidr('10.50.4.0/24');
assert.ok(network !== undefined && subnet !== undefined);
const content = { ipv4: { network, subnet }, ipv6: undefined, mtu: 1450, ipMasq: false };

test('the file is readable by all whatever the umask, and so are the directories made for it', async (t) => {
  const directory = temporaryDirectory(t);
  setUmask(t, 0o077);
  const path = join(directory, 'run', 'flannel', 'subnet.env');
  await writeSubnetFile(path, content);
  assert.equal((await stat(path)).mode & 0o777, 0o644);
  assert.equal((await stat(join(directory, 'run'))).mode & 0o777, 0o755);
  assert.equal((await stat(join(directory, 'run', 'flannel'))).mode & 0o777, 0o755);
  assert.equal((await stat(directory)).mode & 0o777, 0o700);
  assert.deepEqual(await readSubnetFile(path), content);
});

test('the subnet file is replaced as a whole, and no other file is left', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'subnet.env');
  await writeSubnetFile(path, content);
  const before = (await stat(path)).ino;
  await writeSubnetFile(path, { ...content, mtu: 1400 });
  assert.notEqual((await stat(path)).ino, before);
  assert.match(await readFile(path, 'utf8'), /FLANNEL_MTU=1400/);
  assert.deepEqual(await readdir(directory), ['subnet.env']);
});

test('drafts of a killed process are removed with the next write, but not those of another file', async (t) => {
  const directory = temporaryDirectory(t);
  const others = [`.other.env.${randomUUID()}`, '.subnet.env.swp', `subnet.env.${randomUUID()}`];
  for (const name of [...others, `.subnet.env.${randomUUID()}`]) await writeFile(join(directory, name), '');
  await writeSubnetFile(join(directory, 'subnet.env'), content);
  assert.deepEqual((await readdir(directory)).sort(), [...others, 'subnet.env'].sort());
});

test('readers never see half of it', async (t) => {
  const path = join(temporaryDirectory(t), 'subnet.env');
  await writeSubnetFile(path, content);
  const writeOften = async () => {
    for (let mtu = 1400; mtu < 1450; mtu += 1) await writeSubnetFile(path, { ...content, mtu });
  };
  const readOften = async () => {
    for (let count = 0; count < 200; count += 1) assert.ok(await readSubnetFile(path));
  };
  await Promise.all([writeOften(), readOften()]);
});

test('a missing or unreadable subnet file gives no hint', async (t) => {
  const directory = temporaryDirectory(t);
  assert.equal(await readSubnetFile(join(directory, 'none')), undefined);
  assert.equal(await readSubnetFile(directory), undefined);
  await writeFile(join(directory, 'torn'), 'FLANNEL_NETW');
  assert.equal(await readSubnetFile(join(directory, 'torn')), undefined);
});

test('what is not a regular file gives no hint, is not waited for, and gives way to the subnet file', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'subnet.env');
  for (const make of [
    () => execFileSync('mkfifo', [path]),
    () => symlink('/dev/zero', path),
    () => symlink('nowhere', path),
  ]) {
    await make();
    assert.equal(await readSubnetFile(path), undefined);
    assert.equal(await holdsSubnetFile(path, content), false);
    await writeSubnetFile(path, content);
    assert.deepEqual(await readSubnetFile(path), content);
    assert.equal(await holdsSubnetFile(path, content), true);
    await removeSubnetFile(path);
  }
});

test('the subnet file can be removed twice', async (t) => {
  const path = join(temporaryDirectory(t), 'subnet.env');
  await writeSubnetFile(path, content);
  await removeSubnetFile(path);
  await removeSubnetFile(path);
  assert.equal(await readSubnetFile(path), undefined);
});

test('a place that cannot be written is a failure that says why, and leaves nothing', async (t) => {
  const directory = temporaryDirectory(t);
  await writeFile(join(directory, 'file'), '');
  await assert.rejects(writeSubnetFile(join(directory, 'file', 'subnet.env'), content), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'state-directory');
    assert.match(error.message, /subnet\.env cannot be written: (not a directory|file already exists)/);
    return true;
  });
  await assert.rejects(writeSubnetFile(directory, content), Failure);
  assert.deepEqual(await readdir(directory), ['file']);
});

test('tells beforehand where the file could not be written, and writes nothing', async (t) => {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'file');
  await writeFile(file, '');
  const refuses = (path: string, why: RegExp): void => assert.throws(() => requireSubnetFile(path), why);
  refuses(directory, /it is a directory$/);
  refuses(join(file, 'below', 'subnet.env'), /file is not a directory$/);
  requireSubnetFile(file);
  requireSubnetFile(join(directory, 'new', 'deep', 'subnet.env'));
  assert.deepEqual(await readdir(directory), ['file']);
});
