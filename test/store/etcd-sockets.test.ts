import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';

import { MemberSockets } from '../../src/store/etcd/cluster/silent-sockets.ts';
import { defaultTiming } from '../../src/store/etcd/options.ts';
import { openEtcdStore } from '../../src/store/etcd/store.ts';
import { descriptorsOf } from '../soak/resources.ts';
import { startSilentServer } from '../support/silent-server.ts';
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

  test('is the only one after etcd was killed, long before another could be called silent', async () => {
    const server = await EtcdServer.start();
    const timing = { requestMs: 2000, keepaliveMs: 600_000, keepaliveTimeoutMs: 600_000 };
    const store = await openEtcdStore({ endpoints: [server.endpoint], timing });
    try {
      await using following = new BackgroundFollower(store);
      await following.until(() => following.snapshots > 0);
      // Each time, grpc-js may connect for a channel that failed and was closed.
      for (let round = 0; round < 4; round += 1) {
        const { snapshots } = following;
        await server.stop();
        const asked = Array.from({ length: 4 }, () => store.list());
        for (const { status } of await Promise.allSettled(asked)) assert.equal(status, 'rejected');
        await server.start();
        await until('an answer', () => store.list().then(Boolean, () => false));
        await following.until(() => following.snapshots > snapshots);
        await untilOneConnectionTo(server.address);
      }
      await store.list();
      assert.equal(connectionsTo(server.address), 1);
    } finally {
      await store.close();
      await server.destroy();
    }
  });

  test('closes the tries that it has given up once a later one is connected', async (t) => {
    const blackHole = await startSilentServer('black hole');
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => blackHole.close());
    t.after(() => server.close());
    await once(server, 'listening');
    const { hostname, port } = new URL(blackHole.endpoint);
    const sockets = new MemberSockets(defaultTiming);
    const call = sockets.begin();
    const tryIt = (host: string, at: number) => call.run(() => connect(at, host));
    const { address, port: open } = server.address() as AddressInfo;
    const [first, second] = [tryIt(hostname, Number(port)), tryIt(hostname, Number(port))];
    const [third, fourth] = [tryIt(address, open), tryIt(hostname, Number(port))];
    t.after(() => [third, fourth].forEach((socket) => socket.destroy()));
    await Promise.all([once(first, 'close'), once(second, 'close'), once(third, 'connect')]);
    assert.deepEqual([third.destroyed, fourth.destroyed, fourth.connecting], [false, false, true]);
  });

  test('is closed if it was opened for a call that had ended, once another one is connected', async (t) => {
    const server = createServer().listen(0, '127.0.0.1');
    t.after(() => server.close());
    await once(server, 'listening');
    const { address, port } = server.address() as AddressInfo;
    const sockets = new MemberSockets(defaultTiming);
    const open = async (hasEnded: boolean): Promise<Socket> => {
      const call = sockets.begin();
      if (hasEnded) call.end();
      const socket = call.run(() => connect(port, address));
      t.after(() => socket.destroy());
      await once(socket, 'connect');
      return socket;
    };
    const late = await open(true);
    assert.equal(late.destroyed, false, 'the only one may be in use');
    const used = await open(false);
    assert.equal(late.destroyed, true);
    const later = await open(true);
    assert.deepEqual([used.destroyed, later.destroyed], [false, true]);
  });
});
