import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import type { EtcdStoreOptions } from '../../src/store/etcd/options.ts';
import { openEtcdStore } from '../../src/store/etcd/store.ts';
import { CursorLostError, StoreError, type Cursor, type LeaseStore } from '../../src/store/store.ts';
import { BackgroundFollower } from './etcd/background-follower.ts';
import { ownLoopbackAddress } from './etcd/loopback.ts';
import type { FaultProxy } from './etcd/proxy.ts';
import { hasty, Scene, value } from './etcd/scene.ts';
import { EtcdServer } from './etcd/server.ts';
import { WatchProbe } from './watch-probe.ts';

interface Parts {
  readonly scene: Scene;
  readonly proxy: FaultProxy;
  readonly store: LeaseStore;
  readonly following: BackgroundFollower;
}

/** Each fault begins with a node that follows through a proxy, and ends when that node knows everything again. */
function survives(
  title: string,
  fault: (parts: Parts) => Promise<void>,
  options: Partial<EtcdStoreOptions> = {},
): void {
  test(title, { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    await scene.change();
    const proxy = await scene.openProxy();
    const store = await scene.openStore([proxy], options);
    const following = await scene.follow(store);
    await scene.change();
    await following.untilSameAs(scene.direct);
    await fault({ scene, proxy, store, following });
    await following.untilSameAs(scene.direct);
    // It is alive, and not only well informed.
    await scene.change();
    await following.untilSameAs(scene.direct);
    assertPaced(following);
  });
}

/** An outage is told of in ever longer intervals, so that its length does not fill a disk. */
function assertPaced({ outages, backs }: BackgroundFollower): void {
  for (const { error, retryInMs, failures } of outages) {
    assert.ok(error.retryable);
    assert.ok(retryInMs >= Math.min(50 * 2 ** failures, 15_000), `failure ${failures}: ${retryInMs} ms`);
  }
  if (outages.length > 0) assert.ok(backs >= 1);
}

describe('following leases in etcd survives', () => {
  survives('connections that are cut and refused for a while', async ({ scene, proxy, following }) => {
    await proxy.cut();
    await scene.change();
    await following.until(() => following.outages.length >= 4);
    await proxy.resume();
  });

  survives('compaction while it is cut off', async ({ scene, proxy, following }) => {
    await proxy.cut();
    await scene.change();
    await compact(scene.server);
    await following.until(() => following.outages.length >= 1);
    await proxy.resume();
  });

  survives('a network that swallows everything for a while', async ({ scene, proxy, following }) => {
    proxy.hold();
    await scene.change();
    await following.until(() => following.outages.length >= 3);
    await proxy.resume();
  });

  survives('a half-open connection', async ({ scene, proxy }) => {
    proxy.strand();
    await scene.change();
  });

  survives('a half-closed connection', async ({ scene, proxy }) => {
    proxy.halfClose();
    await scene.change();
  });

  survives(
    'a slow network, which is no outage',
    async ({ scene, proxy, following }) => {
      proxy.delay(200);
      await scene.change();
      await following.untilSameAs(scene.direct);
      assert.deepEqual(following.outages, []);
    },
    // As patient as a node.
    { timing: undefined },
  );

  survives('a member that is killed and comes back', async ({ scene, following }) => {
    await scene.server.stop('SIGKILL');
    await following.until(() => following.outages.length >= 2);
    await scene.server.start();
  });

  survives('a member that is restarted in order', async ({ scene }) => {
    await scene.server.stop('SIGTERM');
    await scene.server.start();
  });

  survives('a member that hangs', async ({ scene, following }) => {
    scene.server.signal('SIGSTOP');
    await following.until(() => following.outages.length >= 2);
    scene.server.signal('SIGCONT');
  });

  survives('an etcd that comes back empty', async ({ scene, following }) => {
    await scene.server.stop('SIGKILL');
    await scene.server.wipe();
    await scene.server.start();
    await following.until(() => following.state.size === 0);
  });
});

describe('watching leases in etcd', () => {
  test('tells that the cursor is lost to compaction', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    const { cursor } = await scene.direct.list();
    await scene.change();
    await compact(scene.server);
    const ended = await new WatchProbe(scene.direct, cursor).ended;
    assert.ok(ended instanceof CursorLostError);
    assert.match(ended.message, /^etcd has compacted its history up to revision \d+$/);
  });

  test('tells that the cursor is of another history', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    await using later = new WatchProbe(scene.direct, '123456789012345678' as Cursor);
    assert.ok((await later.ended) instanceof CursorLostError);
  });

  test('counts revisions beyond what a JavaScript number holds', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    const ended = await new WatchProbe(scene.direct, '9007199254740993' as Cursor).ended;
    assert.match(String(ended), /before the listing's 9007199254740993$/);
  });

  test('does not wait for ever for a network that swallows everything', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    const proxy = await scene.openProxy();
    const store = await scene.openStore([proxy]);
    const { cursor } = await store.list();
    proxy.hold();
    const ended = await new WatchProbe(store, cursor).ended;
    assert.ok(ended instanceof StoreError && ended.retryable);
  });
});

describe('an etcd that cannot be reached', () => {
  test('is reported with what, where and why', { timeout: 60_000 }, async () => {
    const endpoints = [`http://${ownLoopbackAddress()}:2379`, 'http://etcd.invalid:2379'];
    const store = await openEtcdStore({ endpoints, timing: hasty });
    try {
      const error = await failure(store.list());
      assert.equal(error.retryable, true);
      assert.match(
        error.message,
        /^cannot list the leases under \/coreos\.com\/network\/subnets\/: etcd at /,
      );
      assert.ok(error.message.includes(`etcd at ${endpoints[0] ?? ''} refuses connections`));
      assert.ok(
        error.message.includes('etcd at http://etcd.invalid:2379 has a name that cannot be resolved'),
      );
    } finally {
      await store.close();
    }
  });

  test('does not keep a closed store from saying so', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    const proxy = await scene.openProxy();
    const store = await scene.openStore([proxy]);
    await store.list();
    proxy.hold();
    const pending = failure(store.list());
    await store.close();
    assert.match((await pending).message, /the store was closed$/);
    assert.match((await failure(store.readNetwork())).message, /the store was closed$/);
  });
});

describe('several endpoints', () => {
  test('stand in for each other, for requests and watches', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    const [one, two] = [await scene.openProxy(), await scene.openProxy()];
    const store = await scene.openStore([one, two]);
    const following = await scene.follow(store);
    for (const [broken, whole] of [
      [one, two],
      [two, one],
    ] as const) {
      await whole.resume();
      await broken.cut();
      await scene.change();
      await following.untilSameAs(scene.direct);
      await store.list();
    }
    await one.cut();
    const error = await failure(store.list());
    assert.equal(error.retryable, true);
    assert.ok(error.message.includes(one.endpoint()) && error.message.includes(two.endpoint()));
  });

  test(
    'do not make a write that was carried out, but not answered, look lost',
    { timeout: 60_000 },
    async () => {
      await using scene = await Scene.make();
      const key = '10.50.77.0-24';
      const created = await withAnswerLost(scene, key, (store) => store.create(key, value, 600));
      assert.ok(created !== 'taken');
      const replaced = await withAnswerLost(scene, key, (store) => store.replace(created, value, 600));
      assert.ok(replaced !== 'gone');
      const [standing] = (await scene.direct.list()).records;
      assert.equal(standing?.revision, replaced.revision);
      assert.equal(await scene.direct.remove(replaced), 'removed');
    },
  );
});

describe('a cluster that lost its leader', () => {
  test('is an outage, told as what it is, until it has one again', { timeout: 60_000 }, async () => {
    const cluster = [ownLoopbackAddress(), ownLoopbackAddress()];
    const members = cluster.map((address) => new EtcdServer({ address, cluster }));
    const [one, two] = members;
    assert.ok(one && two);
    const opened: LeaseStore[] = [];
    try {
      await Promise.all(members.map((member) => member.start()));
      const store = await openEtcdStore({ endpoints: [one.endpoint], timing: hasty });
      opened.push(store);
      await using following = new BackgroundFollower(store);
      await following.until(() => following.snapshots > 0);
      await two.stop();
      await following.until(() =>
        following.outages.some(({ error }) => error.message.includes('does not have a leader')),
      );
      await two.start();
      const other = await openEtcdStore({ endpoints: [two.endpoint] });
      opened.push(other);
      await other.create('10.50.1.0-24', value, 600);
      await following.untilSameAs(other);
      assertPaced(following);
    } finally {
      await Promise.all(opened.map((store) => store.close()));
      await Promise.all(members.map((member) => member.destroy()));
    }
  });
});

async function failure(promise: Promise<unknown>): Promise<StoreError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof StoreError);
  return error;
}

async function compact(server: EtcdServer): Promise<void> {
  const client = await server.client();
  const { header } = await client.get('any').exec();
  await client.kv.compact({ revision: header.revision });
}

/** Writes through two endpoints, of which the one that is in use passes the request on and loses the answer. */
async function withAnswerLost<T>(
  scene: Scene,
  key: string,
  write: (store: LeaseStore) => Promise<T>,
): Promise<T> {
  const proxies = [await scene.openProxy(), await scene.openProxy()];
  const store = await scene.openStore(proxies);
  await store.list();
  for (const proxy of proxies) proxy.muteOnceSent(key);
  return write(store);
}
