import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addStoreOptions, chooseStore } from '../../../src/cli/arguments/store-options.ts';
import {
  programsOfStore,
  storeOptions,
  storeVariables,
  type LabStore,
} from '../../../src/lab/plan/lab-store.ts';

const files: LabStore = { kind: 'files', directory: '/run/lab/store' };
const etcd: LabStore = { kind: 'etcd', endpoint: 'http://172.30.0.200:2379' };
const tls: LabStore = {
  kind: 'etcd',
  endpoint: 'https://172.30.0.200:2379',
  tls: { caFile: '/ca.crt', certFile: '/client.crt', keyFile: '/client.key' },
};

test('nodes are told of the store by options', () => {
  assert.equal(storeOptions(files).join(' '), '--store files --store-dir /run/lab/store');
  assert.equal(storeOptions(etcd).join(' '), '--store etcd --etcd-endpoints http://172.30.0.200:2379');
  assert.equal(
    storeOptions(tls).join(' '),
    '--store etcd --etcd-endpoints https://172.30.0.200:2379 ' +
      '--etcd-cafile /ca.crt --etcd-certfile /client.crt --etcd-keyfile /client.key',
  );
});

test('what people run in a lab is told by variables, etcdctl too', () => {
  assert.deepEqual(storeVariables(files), { HEDDLE_STORE: 'files', HEDDLE_STORE_DIR: '/run/lab/store' });
  assert.deepEqual(storeVariables(etcd), {
    HEDDLE_STORE: 'etcd',
    FLANNELD_ETCD_ENDPOINTS: 'http://172.30.0.200:2379',
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: 'http://172.30.0.200:2379',
  });
  assert.equal(storeVariables(tls)['FLANNELD_ETCD_CERTFILE'], '/client.crt');
  assert.equal(storeVariables(tls)['ETCDCTL_CACERT'], '/ca.crt');
});

test('these options choose the store that they are of, as every command reads them', async () => {
  for (const store of [files, etcd, tls]) {
    const command = addStoreOptions(new Command()).parse(storeOptions(store), { from: 'user' });
    const { kind, ...choice } = { ...(await chooseStore(command)) } as Record<string, unknown>;
    assert.equal(kind, store.kind);
    if (store.kind === 'files') assert.deepEqual(choice, { directory: store.directory });
    else assert.deepEqual([choice['endpoints'], choice['certFile']], [[store.endpoint], store.tls?.certFile]);
  }
});

test('a lab needs the programs of its store', () => {
  assert.deepEqual(programsOfStore('files', false), []);
  assert.deepEqual(programsOfStore('etcd', false), ['etcd']);
  assert.deepEqual(programsOfStore('etcd', true), ['etcd', 'openssl']);
});
