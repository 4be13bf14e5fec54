import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { judgeCniList } from '../../../src/cli/doctor/judge-cni-list.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

test('the directory of the CNI list is judged by what a start would find there', (t) => {
  const directory = temporaryDirectory(t);
  const stateDirectory = '/nowhere/state';
  const judge = () => {
    const cniList = { directory, templateFile: '/nowhere/cni-conf.json', render: false };
    const { level, message } = judgeCniList({ cniList, stateDirectory });
    return `${level}: ${message.replaceAll(directory, 'DIR')}`;
  };
  assert.equal(judge(), 'ok: the CNI list DIR/10-heddle.conflist can be written, and is the first one');
  writeFileSync(join(directory, '99-later.conf'), '');
  assert.match(judge(), /^ok: /);
  writeFileSync(join(directory, '05-cilium.conflist'), '');
  assert.equal(
    judge(),
    'warning: the container runtime takes DIR/05-cilium.conflist and not 10-heddle.conflist, because it takes the first one by name',
  );
  writeFileSync(
    join(directory, '10-heddle.conflist'),
    JSON.stringify({ heddle: { stateDirectory: '/other' } }),
  );
  assert.match(
    judge(),
    /^warning: DIR\/10-heddle.conflist stays as it is, because the heddle daemon with .* \/other wrote it/,
  );
  writeFileSync(join(directory, '10-heddle.conflist'), JSON.stringify({ heddle: { stateDirectory } }));
  rmSync(join(directory, '05-cilium.conflist'));
  assert.match(judge(), /^ok: /);
  rmSync(directory, { recursive: true });
  assert.equal(judge(), 'warning: the CNI list cannot be written into DIR: no such file or directory');
  writeFileSync(directory, '');
  assert.equal(judge(), 'warning: the CNI list cannot be written into DIR: it is not a directory');
  assert.equal(judgeCniList({ cniList: undefined, stateDirectory }).level, 'ok');
});
