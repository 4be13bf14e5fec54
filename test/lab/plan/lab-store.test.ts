import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeOptions, storeVariables, type LabStore } from '../../../src/lab/plan/lab-store.ts';

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
