import assert from 'node:assert/strict';
import { test } from 'node:test';
import { storeKindOf } from '../../src/store/kinds.ts';
import { networkWriterOf } from '../../src/store/network-writer.ts';

test('the command that writes the network names every option of an etcd but its password', () => {
  const choice = {
    kind: 'etcd',
    endpoints: ['https://10.0.0.1:2379', 'https://10.0.0.2:2379'],
    prefix: '/own prefix',
    caFile: '/etc/ca.pem',
    certFile: '/etc/own.pem',
    keyFile: '/etc/own.key',
    user: { name: 'weaver', password: 'sesame' },
  };
  assert.equal(
    networkWriterOf(choice),
    'heddle network set --etcd-endpoints https://10.0.0.1:2379,https://10.0.0.2:2379 ' +
      "--etcd-prefix '/own prefix' --etcd-cafile /etc/ca.pem --etcd-certfile /etc/own.pem " +
      '--etcd-keyfile /etc/own.key --etcd-username weaver FILE',
  );
});

test('the file of a password is named, and the default prefix is not', () => {
  const user = { name: 'weaver', passwordFile: '/etc/password' };
  const choice = { kind: 'etcd', endpoints: ['http://[::1]:2379'], prefix: '/coreos.com/network', user };
  assert.deepEqual(storeKindOf(choice).argumentsOf(choice), [
    ...['--etcd-endpoints', 'http://[::1]:2379'],
    ...['--etcd-username', 'weaver', '--etcd-password-file', '/etc/password'],
  ]);
});

test('in Kubernetes the ConfigMap is edited, since heddle network set is refused', () => {
  const netConfigPath = '/etc/kube-flannel/net-conf.json';
  const choice = { kind: 'kubernetes', netConfigPath, kubeconfigFile: '/root/.kube/config' };
  assert.match(networkWriterOf(choice), /^kubectl edit configmap, .* \/etc\/kube-flannel\/net-conf\.json$/);
  assert.deepEqual(storeKindOf(choice).argumentsOf(choice), [
    ...['--store', 'kubernetes', '--net-config-path', netConfigPath],
    ...['--kubeconfig-file', '/root/.kube/config'],
  ]);
});
