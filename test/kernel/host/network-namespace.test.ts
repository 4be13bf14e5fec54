import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  findNetworkNamespace,
  isElsewhere,
  ownNetworkNamespace,
} from '../../../src/host/network-namespace.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { evaluateInNamespace, skipNamespaces } from './namespace.ts';

function own() {
  const namespace = ownNetworkNamespace();
  assert.ok(namespace);
  return namespace;
}

test("a network in this process's network namespace, or from before the machine's last start, is not elsewhere", () => {
  const { bootId, name } = own();
  assert.equal(isElsewhere({ bootId, name }), false);
  assert.equal(isElsewhere({ bootId, name: 'net:[1]' }), true);
  assert.equal(isElsewhere({ bootId: 'another', name: 'net:[1]' }), false);
});

test(
  'a namespace is found by a process in it, for as long as there is one',
  { skip: skipNamespaces },
  async (t) => {
    const user = process.geteuid?.() === 0 ? [] : ['--map-root-user'];
    const holder = spawn('unshare', [
      ...user,
      '--net',
      'sh',
      '-c',
      'readlink /proc/self/ns/net; exec sleep 60',
    ]);
    const exited = once(holder, 'exit');
    t.after(() => holder.kill('SIGKILL'));
    const [printed] = (await once(holder.stdout, 'data')) as [Buffer];
    const namespace = { ...own(), name: printed.toString().trim() };
    assert.equal(isElsewhere(namespace), true);
    const path = await findNetworkNamespace(namespace);
    assert.ok(path);
    assert.equal(readlinkSync(path), namespace.name);
    holder.kill('SIGKILL');
    await exited;
    assert.equal(await findNetworkNamespace(namespace), undefined);
  },
);

test('a namespace that is mounted is found by its mount', { skip: skipNamespaces }, async (t) => {
  const path = join(temporaryDirectory(t), 'mounted');
  const setUp = [`touch ${path}`, `mount --bind /proc/self/ns/net ${path}`];
  const found = 'm.findNetworkNamespace(m.ownNetworkNamespace())';
  assert.equal(await evaluateInNamespace(setUp, 'host/network-namespace.ts', found), path);
});
