import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';

import { Failure } from '../../src/diagnostic/failure.ts';
import { loadRecipeOfType } from '../../src/recipe-files/load-recipe.ts';
import { findRecipeOfType, requireRecipeDirectory } from '../../src/recipe-files/recipe-directory.ts';
import { ConfigMapVolume } from '../support/config-map-volume.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const recipe = (type: string, network = '10.50.0.0/16') => ({
  Network: network,
  Backend: { Type: type, PostStartupCommand: 'true' },
});

/** The files of flannel's own ConfigMap, which are not recipes. */
const flannelFiles = {
  'cni-conf.json': { name: 'cbr0', cniVersion: '0.3.1', plugins: [{ type: 'flannel' }] },
  'net-conf.json': { Network: '10.50.0.0/16', Backend: { Type: 'vxlan' } },
};

function volume(t: TestContext, files: Readonly<Record<string, object | string>>): ConfigMapVolume {
  const made = new ConfigMapVolume(join(temporaryDirectory(t), 'recipes'));
  if (process.geteuid?.() === 0) spawnSync('chmod', ['755', made.path]);
  made.write(files);
  return made;
}

async function refuse(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => assert.fail('it was accepted'),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.kind, 'recipe');
  return `${error.message}\n${error.hint ?? ''}`;
}

test('a backend type selects one of the recipes of a ConfigMap', async (t) => {
  const { path } = volume(t, { ...flannelFiles, 'a.json': recipe('vxlan'), 'b.json': recipe('extension') });
  for (const [type, name] of [
    ['vxlan', 'a.json'],
    ['VXLAN', 'a.json'],
    ['extension', 'b.json'],
  ] as const) {
    const { file, unread } = await findRecipeOfType(path, type);
    assert.deepEqual([file, unread], [join(path, name), []]);
  }
  const loaded = await loadRecipeOfType(path, 'extension');
  assert.deepEqual([loaded.recipe.name, loaded.recipe.source.name], ['b', join(path, 'b.json')]);
});

test('two recipes of one type are refused with the names of both, in any case that flannel reads', async (t) => {
  const { path } = volume(t, {
    'a.json': recipe('host-gw'),
    'b.json': recipe('Host-GW'),
    'c.json': recipe('ipip'),
  });
  assert.equal(
    await refuse(findRecipeOfType(path, 'host-gw')),
    `2 recipes in ${path} have the type "host-gw": a.json, b.json\nkeep one of them`,
  );
  assert.equal((await findRecipeOfType(path, 'ipip')).file, join(path, 'c.json'));
});

test('a type that no recipe has is refused with the recipes that are there', async (t) => {
  const { path } = volume(t, { ...flannelFiles, 'a.json': recipe('host-gw'), 'b.json': recipe('loom') });
  assert.equal(
    await refuse(findRecipeOfType(path, 'vxlan')),
    `no recipe in ${path} has the type "vxlan" of the network configuration\n` +
      'there are: a.json ("host-gw"), b.json ("loom"); or remove --recipe-dir to run the recipe vxlan of this machine',
  );
  assert.equal(
    await refuse(findRecipeOfType(path, 'shuttle')),
    `no recipe in ${path} has the type "shuttle" of the network configuration\nthere are: a.json ("host-gw"), b.json ("loom")`,
  );
});

test('a file that cannot be read is passed over with a word, unless no recipe is left', async (t) => {
  const { path } = volume(t, { 'a.json': recipe('vxlan'), 'bad.json': '{ "Network":\n }' });
  const dangling = join(path, 'dangling.json');
  symlinkSync('..data/nothing', dangling);
  const bad = `${join(path, 'bad.json')} is not used, because it cannot be read: line 2: `;
  const gone = `${dangling} is not used, because it cannot be read: no such file or directory`;
  const { unread } = await findRecipeOfType(path, 'vxlan');
  assert.equal(unread.length, 2);
  assert.ok(unread[0]?.startsWith(bad), unread[0]);
  assert.equal(unread[1], gone);
  assert.ok((await refuse(findRecipeOfType(path, 'loom'))).endsWith(gone));
  rmSync(join(path, 'a.json'));
  assert.ok((await refuse(requireRecipeDirectory(path))).includes(bad));
});

test('only files that end in .json and have commands are recipes', async (t) => {
  const { path } = volume(t, {
    ...flannelFiles,
    'a.txt': recipe('vxlan'),
    'a.schema.json': recipe('vxlan'),
    'list.json': '[]',
    'words.json': { Network: '10.50.0.0/16', Backend: 'vxlan' },
  });
  writeFileSync(join(path, '.a.json'), JSON.stringify(recipe('vxlan')));
  mkdirSync(join(path, 'folder.json'));
  spawnSync('mkfifo', [join(path, 'fifo.json')]);
  const refusal = await refuse(requireRecipeDirectory(path));
  assert.match(refusal, /^.* does not have a recipe\nmount the ConfigMap with the recipes there/);
  assert.match(
    refusal,
    /list\.json is not used, because it cannot be read: line 1: the document must be an object/,
  );
  assert.match(await refuse(findRecipeOfType(path, 'vxlan')), / does not have a recipe\n/);
});

test('a directory that is missing or empty is refused, and one that comes later is used', async (t) => {
  const path = join(temporaryDirectory(t), 'late');
  assert.equal(
    await refuse(requireRecipeDirectory(path)),
    `the recipes in ${path} cannot be read: no such file or directory\n` +
      'mount the ConfigMap with the recipes there, or correct --recipe-dir',
  );
  mkdirSync(path);
  assert.match(await refuse(requireRecipeDirectory(path)), / does not have a recipe\n/);
  writeFileSync(join(path, 'a.json'), JSON.stringify(recipe('vxlan')));
  await requireRecipeDirectory(path);
  const file = join(path, 'a.json');
  assert.match(await refuse(requireRecipeDirectory(file)), /a\.json cannot be read: not a directory\n/);
});

test('a document of a type with a fault is refused with its findings', async (t) => {
  const faulty = { Network: '10.50.0.0/16', Backend: { Type: 'vxlan', PostStartupCommand: 'if' } };
  const { path } = volume(t, { 'a.json': faulty });
  assert.match(await refuse(loadRecipeOfType(path, 'vxlan')), /a\.json was refused: \d error/);
});
