import assert from 'node:assert/strict';
import { mock } from 'node:test';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { examineStore } from '../../../src/cli/doctor/examine-store.ts';
import { defaultAnnotationPrefix } from '../../../src/store/kubernetes/annotations.ts';
import type { KubernetesStoreOptions } from '../../../src/store/kubernetes/options.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/store.ts';
import { CursorLostError, StoreError, type LeaseStore } from '../../../src/store/store.ts';
import { BackgroundFollower } from '../../store/etcd/background-follower.ts';
import { FaultProxy } from '../../store/etcd/proxy.ts';
import { WatchProbe } from '../../store/watch-probe.ts';
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
    await server().allow(...rights.filter((right) => right !== missing));
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

kubeTest('heddle doctor finds each right that is missing, and the clock, and writes nothing', async () => {
  const rights = ['nodes get', 'nodes list', 'nodes watch', 'nodes/status patch'];
  const choice = {
    kind: 'kubernetes',
    kubeconfigFile: server().kubeconfig({ token: plainUser.token }),
    annotationPrefix: defaultAnnotationPrefix,
    netConfigPath: '/nonexistent/net-conf.json',
    setNodeNetworkUnavailable: true,
    node: { kind: 'node', name: 'own' },
  };
  await server().createNode('own', ['10.50.1.0/24']);
  const before = await server().node('own');
  for (const missing of ['', ...rights]) {
    await server().allow(...rights.filter((right) => right !== missing));
    const [resource = '', verb = ''] = missing.split(' ');
    await until(`the finding without ${missing}`, async () => {
      const { store, clock } = await examineStore(choice);
      if (missing === '') return store.level === 'ok' && clock.level === 'ok';
      return (
        store.level === 'error' &&
        store.message.includes(`cannot ${verb} resource "${resource}" in API group`) &&
        store.advice?.startsWith('give the ServiceAccount or the user these rights: ') === true
      );
    });
  }
  await server().allow(...rights);
  await until('the rights', async () => (await examineStore(choice)).store.level === 'ok');
  mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 });
  const { clock } = await examineStore(choice);
  mock.timers.reset();
  assert.match(
    clock.message,
    /^the clock of this host is (?:1 h|60 min|59 min)\S* .*behind that of the store/,
  );
  assert.deepEqual(await server().node('own'), before);
  await server().deleteAllNodes();
});

/** Makes a Node that takes part in the network. */
function createPeer(number: number): Promise<void> {
  return server().createNode(`peer-${number}`, [`10.60.${number}.0/24`], {
    [`${defaultAnnotationPrefix}/kube-subnet-manager`]: 'true',
    [`${defaultAnnotationPrefix}/backend-type`]: 'extension',
    [`${defaultAnnotationPrefix}/public-ip`]: '172.30.0.2',
  });
}

/** Follows the Nodes through a fault, and sees that all that changed meanwhile is known afterwards. */
async function outlast(
  store: LeaseStore,
  breakIt: () => Promise<void> | void,
  heal: () => Promise<void> | void,
): Promise<BackgroundFollower> {
  const direct = open();
  try {
    for (const number of [1, 2, 3]) await createPeer(number);
    await using follower = new BackgroundFollower(store);
    await follower.untilSameAs(direct);
    await breakIt();
    await follower.until(() => follower.outages.length > 0);
    await heal();
    await server().deleteNode('peer-1');
    await createPeer(4);
    await follower.untilSameAs(direct);
    assert.deepEqual([...follower.state.keys()].sort(), ['10.60.2.0-24', '10.60.3.0-24', '10.60.4.0-24']);
    assert.ok(follower.outages.every(({ error }) => error.retryable));
    return follower;
  } finally {
    await Promise.all([store.close(), direct.close()]);
    await server().deleteAllNodes();
  }
}

kubeTest('a follower of Nodes outlasts an API server that is killed', async () => {
  await outlast(
    open(),
    () => server().stop('SIGKILL'),
    () => server().start(),
  );
});

kubeTest('a follower of Nodes outlasts an API server that is paused', async () => {
  await outlast(
    open(),
    () => server().signal('SIGSTOP'),
    () => server().signal('SIGCONT'),
  );
});

kubeTest('a follower of Nodes outlasts a connection that is cut', async () => {
  await using proxy = await FaultProxy.open(server().address);
  await outlast(
    open({ kubeconfigFile: server().kubeconfig({ address: proxy.address }) }),
    () => proxy.cut(),
    () => proxy.resume(),
  );
});

kubeTest('a follower of Nodes outlasts a connection that carries nothing any more', async () => {
  await using proxy = await FaultProxy.open(server().address);
  await outlast(
    open({ kubeconfigFile: server().kubeconfig({ address: proxy.address }) }),
    () => proxy.hold(),
    async () => {
      await proxy.cut();
      await proxy.resume();
    },
  );
});

kubeTest('a follower of Nodes outlasts connections whose other end is gone without a word', async () => {
  await using proxy = await FaultProxy.open(server().address);
  const store = open({ kubeconfigFile: server().kubeconfig({ address: proxy.address }) });
  const direct = open();
  await createPeer(1);
  {
    await using follower = new BackgroundFollower(store);
    await follower.untilSameAs(direct);
    // A change shows that the watch is there.
    await createPeer(2);
    await follower.untilSameAs(direct);
    proxy.strand();
    await createPeer(3);
    await follower.untilSameAs(direct);
    // The new watch continues where the old one ended: nothing is listed again, and there was no outage.
    assert.deepEqual([follower.snapshots, follower.outages.length], [1, 0]);
  }
  await Promise.all([store.close(), direct.close()]);
  await server().deleteAllNodes();
});

kubeTest('a token that is renewed on disk is used at once', async () => {
  const tokenFile = join(server().directory.path, 'token');
  writeFileSync(tokenFile, 'out of date');
  const store = open({
    kubeconfigFile: server().kubeconfig({
      user: { 'auth-provider': { name: 'tokenFile', config: { tokenFile } } },
    }),
  });
  await assert.rejects(store.list(), /cannot list the Nodes: .* says: Unauthorized/);
  writeFileSync(tokenFile, plainUser.token);
  await server().allow('nodes list');
  await until(
    'the rights of the user',
    async () => (await store.list().catch(() => undefined)) !== undefined,
  );
  await store.close();
});

kubeTest('hundreds of heartbeats of a Node are not told', async () => {
  const store = open();
  await createPeer(1);
  {
    await using follower = new BackgroundFollower(store);
    await follower.until(() => follower.state.size === 1);
    for (let round = 0; round < 15; round += 1)
      await Promise.all(Array.from({ length: 20 }, () => server().heartbeat('peer-1')));
    await createPeer(2);
    await follower.until(() => follower.state.size === 2);
    assert.deepEqual([...follower.told], [['10.60.2.0-24', 1]]);
    assert.equal(follower.snapshots, 1);
  }
  await store.close();
  await server().deleteAllNodes();
});

kubeTest('a list in pages is a whole one', async () => {
  for (let number = 1; number <= 11; number += 1) await createPeer(number);
  const store = open({ pageSize: 3 });
  const { records } = await store.list();
  assert.equal(records.length, 11);
  const pages: number[] = [];
  const keys: string[] = [];
  for await (const part of store.listPages()) {
    if (part.kind === 'page') {
      pages.push(part.records.length);
      keys.push(...part.records.map(({ key }) => key));
      // What comes between two pages is not in the list, but in the watch that continues from it.
      if (pages.length === 1) await createPeer(12);
    } else if (part.kind === 'end') {
      await using probe = new WatchProbe(store, part.cursor);
      await probe.until(() => probe.changes.length > 0);
      assert.deepEqual(probe.keys, ['+10.60.12.0-24']);
    }
  }
  assert.deepEqual(pages, [3, 3, 3, 2]);
  assert.deepEqual(
    keys,
    records.map(({ key }) => key),
  );
  await store.close();
  await server().deleteAllNodes();
});

kubeTest('a version of the Nodes that the API server has forgotten is a lost cursor', async () => {
  const store = open();
  await createPeer(1);
  const { cursor } = await store.list();
  await createPeer(2);
  await createPeer(3);
  await server().stop('SIGKILL');
  const etcd = await server().etcd.client();
  const { header } = await etcd.getAll().prefix('/registry/minions').exec();
  await etcd.kv.compact({ revision: header.revision, physical: true });
  await server().start();
  await using probe = new WatchProbe(store, cursor);
  const error = await probe.ended;
  assert.ok(error instanceof CursorLostError, String(error));
  assert.equal((await store.list()).records.length, 3);
  await store.close();
  await server().deleteAllNodes();
});
