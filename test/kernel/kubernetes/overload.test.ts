import assert from 'node:assert/strict';

import { defaultAnnotationPrefix } from '../../../src/store/kubernetes/annotations.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/store.ts';
import { StoreError } from '../../../src/store/store.ts';
import { BackgroundFollower } from '../../store/etcd/background-follower.ts';
import { until } from '../../support/until.ts';
import { kubeTest, plainUser, shareApiServer } from './kube-api-server.ts';

/** A server that carries out one request at a time, and refuses the others with 429. Administrators and watches are exempt. */
const server = shareApiServer({
  'enable-priority-and-fairness': 'false',
  'max-requests-inflight': '1',
  'max-mutating-requests-inflight': '1',
});

kubeTest('an API server that is overloaded is tried again until it is not', async () => {
  await server().allow('nodes list', 'nodes watch', 'configmaps list');
  await server().createNode('peer', ['10.60.1.0/24'], {
    [`${defaultAnnotationPrefix}/kube-subnet-manager`]: 'true',
    [`${defaultAnnotationPrefix}/backend-type`]: 'extension',
    [`${defaultAnnotationPrefix}/public-ip`]: '172.30.0.2',
  });
  const store = openKubernetesStore({
    kubeconfigFile: server().kubeconfig({ token: plainUser.token }),
    annotationPrefix: defaultAnnotationPrefix,
    netConfigPath: '/nonexistent/net-conf.json',
    setNodeNetworkUnavailable: true,
    timing: { requestMs: 1500 },
  });
  await until('the rights of the user', () =>
    store.list().then(
      () => true,
      () => false,
    ),
  );

  // While etcd stands still, one list occupies the server.
  server().etcd.signal('SIGSTOP');
  const occupy = () => server().ask('GET', '/api/v1/configmaps', undefined, undefined, plainUser.token);
  let slow = occupy();
  try {
    const refusal = await until('the server to be busy', async () => {
      const error: unknown = await store.list().catch((reason: unknown) => reason);
      if (error instanceof StoreError && error.message.includes('oo many requests')) return error;
      // The list itself was the one request.
      await slow;
      slow = occupy();
      return undefined;
    });
    assert.ok(refusal.retryable);
    assert.match(
      refusal.message,
      /^cannot list the Nodes: .* says: Too many requests, please try again later\.$/,
    );
    await using follower = new BackgroundFollower(store);
    await follower.until(() => follower.outages.length > 1);
    server().etcd.signal('SIGCONT');
    await follower.until(() => follower.state.has('10.60.1.0-24'));
    assert.ok(follower.outages.every(({ error }) => error.message.includes('oo many requests')));
  } finally {
    server().etcd.signal('SIGCONT');
    await slow;
    await store.close();
  }
});
