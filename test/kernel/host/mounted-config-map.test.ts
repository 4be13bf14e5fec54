import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { findDistrust } from '../../../src/host/files/trusted-file.ts';
import { ConfigMapVolume } from '../../support/config-map-volume.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { reasonToSkip } from '../harness/needs.ts';

const asRoot = { skip: reasonToSkip() };

const judge = `
import { findDistrust } from ${JSON.stringify(new URL('../../../src/host/files/trusted-file.ts', import.meta.url).href)};
console.log(JSON.stringify(process.argv.slice(1).map((path) => findDistrust(path)?.why ?? 'trusted')));
`;

/** Runs a script of mounts in a mount namespace of its own, and returns the verdict on each path there. */
function judgeMounted(mounts: string, paths: readonly string[]): readonly string[] {
  const node = [process.execPath, '--import', 'tsx', '--input-type=module', '-e', judge, ...paths];
  const script = `set -e\n(${mounts})\nexec "$@"`;
  const command = ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', ...node];
  const { status, stdout, stderr } = spawnSync('unshare', command, { encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, 0, stderr);
  return JSON.parse(stdout) as string[];
}

function place(t: TestContext): { readonly path: string; readonly volume: ConfigMapVolume } {
  const path = realpathSync(temporaryDirectory(t));
  const volume = new ConfigMapVolume(join(path, 'volume'));
  volume.write({ 'a.json': 'first' });
  return { path, volume };
}

test('a ConfigMap is trusted where its mount is read-only, and nowhere else', asRoot, (t) => {
  const { path, volume } = place(t);
  const at = (name: string): string => join(path, name);
  for (const name of ['read-only', 'writable', 'covered', 'file-system']) mkdirSync(at(name));
  const mounts = `
    cd ${path}
    mount --bind volume read-only; mount -o remount,bind,ro read-only
    mount --bind volume writable
    mount --bind volume covered; mount -o remount,bind,ro covered; mount --bind volume covered
    mount -t tmpfs -o mode=0777 none file-system; cp -a volume/. file-system; chmod 777 file-system; mount -o remount,ro file-system
  `;
  const names = ['read-only', 'writable', 'covered', 'file-system', 'volume'];
  const files = names.map((name) => join(at(name), 'a.json'));
  const open = (name: string): string => `other users can write to ${at(name)} (mode 0777)`;
  const expected = ['trusted', open('writable'), open('covered'), 'trusted', open('volume')];
  assert.deepEqual(judgeMounted(mounts, files), expected);

  // After a swap, and for the directory itself.
  volume.write({ 'a.json': 'second' });
  assert.deepEqual(judgeMounted(mounts, [...files, ...names.map(at)]), [...expected, ...expected]);
});

test('only the directories of a read-only mount are trusted in any mode', asRoot, (t) => {
  const { path, volume } = place(t);
  const mounts = `cd ${path}; mount --bind volume volume; mount -o remount,bind,ro volume`;
  const file = join(volume.path, 'a.json');
  const real = realpathSync(file);
  chmodSync(real, 0o666);
  assert.deepEqual(judgeMounted(mounts, [file]), [`other users can write to ${real} (mode 0666)`]);
  chmodSync(real, 0o644);
  chownSync(real, 54_321, 0);
  assert.deepEqual(judgeMounted(mounts, [file]), [`${real} belongs to user 54321`]);
  chownSync(real, 0, 0);
  chmodSync(join(real, '..'), 0o777);
  assert.deepEqual(judgeMounted(mounts, [file]), ['trusted']);
});

test('a `..data` that points elsewhere is followed, and judged by what is there', asRoot, (t) => {
  const { path, volume } = place(t);
  const mounts = `cd ${path}; mount --bind volume volume; mount -o remount,bind,ro volume`;
  for (const [name, mode, owner] of [
    ['safe', 0o755, 0],
    ['foreign', 0o755, 54_321],
    ['open', 0o777, 0],
  ] as const) {
    mkdirSync(join(path, name));
    writeFileSync(join(path, name, 'a.json'), name);
    chmodSync(join(path, name), mode);
    chownSync(join(path, name), owner, 0);
  }
  const verdictOf = (target: string): string | undefined => {
    volume.point(target);
    return judgeMounted(mounts, [join(volume.path, 'a.json')])[0];
  };
  assert.equal(verdictOf('../safe'), 'trusted');
  assert.equal(verdictOf(join(path, 'foreign')), `${join(path, 'foreign')} belongs to user 54321`);
  assert.equal(verdictOf('../open'), `other users can write to ${join(path, 'open')} (mode 0777)`);
});

test('each link on the way must be in a directory that only root can write to', asRoot, (t) => {
  const { path } = place(t);
  for (const name of ['safe', 'open', 'start']) mkdirSync(join(path, name));
  writeFileSync(join(path, 'safe', 'a.json'), '{}');
  symlinkSync('../safe/a.json', join(path, 'open', 'a.json'));
  symlinkSync(join(path, 'open', 'a.json'), join(path, 'start', 'a.json'));
  const start = join(path, 'start', 'a.json');
  assert.equal(findDistrust(start), undefined);
  chmodSync(join(path, 'open'), 0o777);
  assert.equal(findDistrust(start)?.why, `other users can write to ${join(path, 'open')} (mode 0777)`);
  symlinkSync('loop.json', join(path, 'safe', 'loop.json'));
  assert.throws(() => findDistrust(join(path, 'safe', 'loop.json')), { code: 'ELOOP' });
});
