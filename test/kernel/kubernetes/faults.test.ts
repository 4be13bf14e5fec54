import assert from 'node:assert/strict';

import { defaultAnnotationPrefix } from '../../../src/store/kubernetes/annotations.ts';
import type { KubernetesStoreOptions } from '../../../src/store/kubernetes/options.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/store.ts';
import { StoreError, type LeaseStore } from '../../../src/store/store.ts';
import { until } from '../../support/until.ts';
import { kubeTest, plainUser, shareApiServer } from './kube-api-server.ts';

const server = shareApiServer();

/** Soon enough that a test does not wait long. */
const quick = { requestMs: 1500, silenceMs: 300 };

function open(options: Partial<KubernetesStoreOptions> = {}): LeaseStore {
  return openKubernetesStore({
    kubeconfigFile: server().kubeconfig(),
    annotationPrefix: defaultAnnotationPrefix,
    netConfigPath: '/nonexistent/net-conf.json',
    setNodeNetworkUnavailable: true,
    node: { kind: 'node', name: 'own' },
    timing: quick,
    ...options,
  });
}

const value = '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"extension","BackendData":"a"}';
const ownKey = '10.50.1.0-24';

/** Gives the plain user these rights, in place of those before: `nodes get`. */
async function allow(...rights: readonly string[]): Promise<void> {
  const path = '/apis/rbac.authorization.k8s.io/v1';
  const api = { apiVersion: 'rbac.authorization.k8s.io/v1' };
  const rules = rights.map((right) => {
    const [resource, verb] = right.split(' ');
    return { apiGroups: [''], resources: [resource], verbs: [verb] };
  });
  await server().ask('DELETE', `${path}/clusterroles/heddle`);
  await server().create(`${path}/clusterroles`, {
    ...api,
    kind: 'ClusterRole',
    metadata: { name: 'heddle' },
    rules,
  });
  await server().create(`${path}/clusterrolebindings`, {
    ...api,
    kind: 'ClusterRoleBinding',
    metadata: { name: 'heddle' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'heddle' },
    subjects: [{ kind: 'User', name: plainUser.name, apiGroup: 'rbac.authorization.k8s.io' }],
  });
}

/** Does all that a node does, and returns what failed first. */
async function liveOnce(store: LeaseStore): Promise<string | undefined> {
  try {
    await store.node?.readSubnets();
    const { cursor, records } = await store.list();
    const own = records.find(({ key }) => key === ownKey);
    if (own === undefined) await store.create(ownKey, value, 60);
    else await store.replace(own, value.replace('"a"', '"b"'), 60);
    await store.node?.reportReady();
    const { signal } = new AbortController();
    for await (const _ of store.watch(cursor, signal)) return undefined;
    return 'the watch ended';
  } catch (error) {
    assert.ok(error instanceof StoreError && error.retryable, String(error));
    return error.message;
  }
}

kubeTest('a node needs the rights of flannel, and not one of them less', async () => {
  const rights = ['nodes get', 'nodes list', 'nodes watch', 'nodes/status patch'];
  const kubeconfigFile = server().kubeconfig({ token: plainUser.token });
  for (const missing of ['', ...rights]) {
    await server().createNode('own', ['10.50.1.0/24']);
    await allow(...rights.filter((right) => right !== missing));
    // The API server learns of new rights a moment later.
    await until(`what is told without ${missing}`, async () => {
      const store = open({ kubeconfigFile });
      const failure = await liveOnce(store);
      await store.close();
      const [resource = '', verb = ''] = missing.split(' ');
      if (missing === '') return failure === undefined;
      return failure?.includes(`cannot ${verb} resource "${resource}" in API group`);
    });
    await server().deleteAllNodes();
  }
});
