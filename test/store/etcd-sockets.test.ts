import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { openEtcdStore } from '../../src/store/etcd/store.ts';
import { descriptorsOf } from '../soak/resources.ts';
import { until } from '../support/until.ts';
import { BackgroundFollower } from './etcd/background-follower.ts';
import { Authority } from './etcd/certificates.ts';
import { ownLoopbackAddress } from './etcd/loopback.ts';
import { FaultProxy } from './etcd/proxy.ts';
import { hasty, Scene } from './etcd/scene.ts';
import { EtcdServer } from './etcd/server.ts';

/** How many connections this process has open to an address as a client. */
function connectionsTo(address: string): number {
  return [...descriptorsOf(process.pid)]
    .filter(([kind]) => kind.includes(` to ${address}:2379 `))
    .reduce((sum, [, count]) => sum + count, 0);
}

async function untilOneConnectionTo(address: string): Promise<void> {
  await until(
    `one connection to ${address}`,
    () => connectionsTo(address) === 1,
    () => `There are ${connectionsTo(address)}.`,
  );
}

describe('a connection to etcd', () => {
  test('is closed when its other end is lost without a word', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    const proxy = await scene.openProxy();
    const following = await scene.follow(await scene.openStore([proxy]));
    assert.equal(connectionsTo(proxy.address), 1);
    proxy.strand();
    await scene.change();
    await following.untilSameAs(scene.direct);
    await untilOneConnectionTo(proxy.address);
    await scene.change();
    await following.untilSameAs(scene.direct);
  });

  test('is closed when etcd takes it and never answers', { timeout: 60_000 }, async () => {
    await using scene = await Scene.make();
    const proxy = await scene.openProxy();
    const following = await scene.follow(await scene.openStore([proxy]));
    await proxy.cut();
    await following.until(() => following.outages.length >= 1);
    await proxy.resume();
    proxy.hold();
    await until('a connection that waits', () => connectionsTo(proxy.address) > 0);
    const { length } = following.outages;
    await following.until(() => following.outages.length > length + 1);
    proxy.strand();
    await proxy.resume();
    await scene.change();
    await following.untilSameAs(scene.direct);
    await untilOneConnectionTo(proxy.address);
  });

  for (const requests of [1, 4]) {
    // grpc-js goes on to connect for a channel that failed and was closed, and leaves that connection open.
    test(
      `is the only one after etcd was away and was asked ${requests} times meanwhile`,
      { timeout: 60_000 },
      async () => {
        await using scene = await Scene.make();
        const proxy = await scene.openProxy();
        const store = await scene.openStore([proxy]);
        const following = await scene.follow(store);
        for (let round = 0; round < 4; round += 1) {
          await proxy.cut();
          const { length } = following.outages;
          await following.until(() => following.outages.length > length);
          const asked = Array.from({ length: requests }, () => store.list());
          for (const { status } of await Promise.allSettled(asked)) assert.equal(status, 'rejected');
          await proxy.resume();
          await scene.change();
          await following.untilSameAs(scene.direct);
        }
        await untilOneConnectionTo(proxy.address);
        await scene.change();
        await following.untilSameAs(scene.direct);
        assert.equal(connectionsTo(proxy.address), 1);
      },
    );
  }

  for (const scheme of ['http', 'https'] as const) {
    test(
      `by ${scheme} stays open while it is used, and not once it is dead`,
      { timeout: 60_000 },
      async () => {
        const address = ownLoopbackAddress();
        const authority = await Authority.make();
        await using proxy = await FaultProxy.open(address);
        const identity = await authority.issue('etcd', [`IP:${proxy.address}`, `IP:${address}`]);
        const tls = { ...identity, caFile: authority.caFile, asksClients: false };
        const server = await EtcdServer.start({ address, ...(scheme === 'https' && { tls }) });
        const store = await openEtcdStore({
          endpoints: [proxy.endpoint(scheme)],
          timing: hasty,
          ...(scheme === 'https' && { caFile: authority.caFile }),
        });
        try {
          await using following = new BackgroundFollower(store);
          await following.until(() => following.snapshots > 0);
          // Nothing but probes crosses the connection for several times as long as a silent one lives.
          await delay(8 * (hasty.keepaliveMs + hasty.keepaliveTimeoutMs));
          assert.deepEqual(following.outages, []);
          assert.equal(connectionsTo(proxy.address), 1);
          proxy.strand();
          await following.until(() => following.snapshots > 1);
          await untilOneConnectionTo(proxy.address);
        } finally {
          await store.close();
          await server.destroy();
          authority.destroy();
        }
      },
    );
  }
});
