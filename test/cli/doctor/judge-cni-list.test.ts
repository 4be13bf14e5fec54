import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeCniList } from '../../../src/cli/doctor/judge-cni-list.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('the directory of the CNI list is judged by what a start would find there', (t) => {
  const directory = temporaryDirectory(t);
  const stateDirectory = '/nowhere/state';
  const judge = () => {
    const cniList = { directory, templateFile: '/nowhere/cni-conf.json', render: false };
    const { level, message, advice } = judgeCniList({ cniList, stateDirectory });
    const text = `${level}: ${message}${advice === null ? '' : `, fix: ${advice}`}`;
    return text.replaceAll(directory, 'DIR');
  };
  assert.equal(judge(), 'ok: the CNI list DIR/10-heddle.conflist can be written, and is the first one');
  writeFileSync(join(directory, '99-later.conf'), '');
  assert.match(judge(), /^ok: /);
  writeFileSync(join(directory, '05-cilium.conflist'), '');
  assert.equal(
    judge(),
    'warning: the container runtime takes DIR/05-cilium.conflist and not 10-heddle.conflist, because it takes the first one by name, fix: remove DIR/05-cilium.conflist, or restart heddle without --cni-conf-dir if the pods are to use that list',
  );
  writeFileSync(
    join(directory, '10-heddle.conflist'),
    JSON.stringify({ heddle: { stateDirectory: '/other' } }),
  );
  assert.match(
    judge(),
    /^warning: DIR\/10-heddle.conflist stays as it is, because the heddle daemon with .* \/other wrote it, fix: move it away, or give another directory/,
  );
  writeFileSync(join(directory, '10-heddle.conflist'), JSON.stringify({ heddle: { stateDirectory } }));
  rmSync(join(directory, '05-cilium.conflist'));
  assert.match(judge(), /^ok: /);
  rmSync(directory, { recursive: true });
  assert.equal(
    judge(),
    'warning: the CNI list DIR/10-heddle.conflist cannot be written: the directory DIR does not exist, fix: create it as the container runtime does, or give another directory with --cni-conf-dir',
  );
  writeFileSync(directory, '');
  assert.equal(
    judge(),
    'warning: the CNI list DIR/10-heddle.conflist cannot be written: DIR is not a directory, fix: move it away, or give another directory with --cni-conf-dir',
  );
  assert.equal(judgeCniList({ cniList: undefined, stateDirectory }).level, 'ok');
});

test('a list that is right is fine in a read-only directory, another one is not', (t) => {
  const directory = temporaryDirectory(t);
  const net = join(directory, 'net.d');
  mkdirSync(net);
  const templateFile = join(directory, 'cni-conf.json');
  const template = '{"name": "cbr0", "plugins": [{"type": "flannel"}]}\n';
  writeFileSync(templateFile, template);
  const list = join(net, '10-heddle.conflist');
  const judge = () => {
    const cniList = { directory: net, templateFile, render: false };
    return judgeCniList({ cniList, stateDirectory: '/nowhere/state' }).level;
  };
  writeFileSync(list, template);
  chmodSync(list, 0o644);
  chmodSync(net, 0o555);
  try {
    assert.equal(judge(), 'ok');
    writeFileSync(templateFile, `${template}\n`);
    assert.equal(judge(), 'warning');
  } finally {
    chmodSync(net, 0o755);
  }
});
