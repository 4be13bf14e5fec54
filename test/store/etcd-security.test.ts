import assert from 'node:assert/strict';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, before, describe, mock, test } from 'node:test';
import { inspect } from 'node:util';

import { examineStore } from '../../src/cli/doctor/examine-store.ts';
import type { EtcdStoreOptions } from '../../src/store/etcd/options.ts';
import { openEtcdStore } from '../../src/store/etcd/store.ts';
import { StoreError, type LeaseStore } from '../../src/store/store.ts';
import { BackgroundFollower } from './etcd/background-follower.ts';
import { Fortress, password } from './etcd/fortress.ts';
import { value } from './etcd/scene.ts';
import { EtcdServer } from './etcd/server.ts';
import { WatchProbe } from './watch-probe.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const key = '10.50.7.0-24';

let fortress: Fortress;

before(
  async () => {
    fortress = await Fortress.make();
  },
  { timeout: 60_000 },
);
after(() => fortress.destroy());

async function withStore(
  changes: Partial<EtcdStoreOptions>,
  body: (store: LeaseStore) => Promise<void>,
): Promise<void> {
  const store = await openEtcdStore(fortress.optionsWith(changes));
  try {
    await body(store);
  } finally {
    await store.close();
  }
}

/** How a listing fails with such options. No such failure may pass by itself, or give anything away. */
async function refusal(changes: Partial<EtcdStoreOptions>): Promise<StoreError> {
  let error: unknown;
  try {
    await withStore(changes, async (store) => {
      await store.list();
    });
  } catch (thrown) {
    error = thrown;
  }
  assert.ok(error instanceof StoreError, inspect(error));
  assert.equal(error.retryable, false, error.message);
  assert.ok(error.hint !== undefined);
  assert.ok(!inspect(error, { depth: Infinity, showHidden: true }).includes(password));
  return error;
}

const network = '{"Network":"10.50.0.0/16"}';

async function useEverything(store: LeaseStore): Promise<void> {
  assert.equal(await store.createNetwork(network), network);
  await useAsNode(store);
}

/** What a node does, and `heddle leases`. */
async function useAsNode(store: LeaseStore): Promise<void> {
  await using watch = new WatchProbe(store, (await store.list()).cursor);
  assert.equal((await store.readNetwork())?.text, network);
  const created = await store.create(key, value, 600);
  assert.ok(created !== 'taken');
  const replaced = await store.replace(created, value, 600);
  assert.ok(replaced !== 'gone');
  const [listed] = (await store.list({ expiries: true })).records;
  assert.ok(listed?.expiresAt !== undefined && Number.isFinite(listed.expiresAt));
  assert.equal(await store.create(key, value, 600), 'taken');
  assert.equal(await store.remove(replaced), 'removed');
  await watch.until(() => watch.keys.includes(`-${key}`));
}

const limit = { timeout: 60_000 };

describe('etcd with TLS and users', () => {
  test('serves whoever has all it asks for, with permission on the prefix alone', limit, () =>
    withStore({}, useEverything),
  );

  test('serves a node that may do no more than a node has to', limit, async () => {
    await withStore({}, async (store) => store.writeNetwork(network));
    await withStore({ user: { name: 'least', password } }, async (store) => {
      await useAsNode(store);
      await assert.rejects(store.writeNetwork(network), /denies permission$/);
    });
  });

  test('shows a doctor who may write leases, and its clock, and nothing is written', limit, async () => {
    await withStore({}, async (store) => store.writeNetwork(network));
    const examine = (changes: Partial<EtcdStoreOptions>): ReturnType<typeof examineStore> =>
      examineStore({ kind: 'etcd', prefix: '/coreos.com/network', ...fortress.optionsWith(changes) });
    for (const name of ['heddle', 'least']) {
      const { store, clock } = await examine({ user: { name, password } });
      assert.deepEqual([store.level, clock.level], ['ok', 'ok'], store.message);
    }
    const { view, store } = await examine({ user: { name: 'reader', password } });
    assert.ok(view !== undefined);
    assert.equal(store.level, 'error');
    assert.match(store.message, /cannot write leases under \/coreos\.com\/network\/subnets\/: .*permission/);
    assert.notEqual(store.advice, null);
    const guest = await examine({ user: { name: 'guest', password } });
    assert.equal(guest.store.level, 'error');
    for (const [hours, side] of [
      [1, 'ahead of'],
      [-1, 'behind'],
    ] as const) {
      mock.timers.enable({ apis: ['Date'], now: Date.now() + hours * 3_600_000 });
      const { clock } = await examine({});
      mock.timers.reset();
      assert.equal(clock.level, 'warning');
      assert.match(clock.message, new RegExp(`${side} that of the store`));
    }
    await withStore({}, async (store) => assert.deepEqual((await store.list()).records, []));
  });

  test('serves by the name in the client certificate, too', limit, () =>
    withStore({ user: undefined }, useEverything),
  );

  test('is followed on when a restart made every token void', limit, async () => {
    await withStore({}, async (store) => {
      await using following = new BackgroundFollower(store);
      await following.until(() => following.snapshots > 0);
      const { cursor } = await store.list();
      await fortress.server.stop();
      await fortress.server.start();
      const watch = new WatchProbe(store, cursor);
      const created = await store.create(key, value, 600);
      assert.ok(created !== 'taken');
      await following.until(() => following.state.has(key));
      assert.equal(await store.remove(created), 'removed');
      await following.until(() => !following.state.has(key));
      assert.equal(following.outages.filter(({ error }) => !error.retryable).length, 0);
      watch.abort();
      const ended = await watch.ended;
      assert.ok(ended === undefined || (ended instanceof StoreError && ended.retryable), inspect(ended));
    });
  });
});

describe('etcd with TLS and users refuses, and heddle says why', () => {
  const cases: readonly [
    title: string,
    changes: () => Partial<EtcdStoreOptions>,
    message: RegExp,
    hint: RegExp,
  ][] = [
    [
      'a wrong password',
      () => ({ user: { name: 'heddle', password: `not ${password}` } }),
      /refuses the user name or the password$/,
      /^check both/,
    ],
    [
      'a user without permission',
      () => ({ user: { name: 'guest', password } }),
      /denies permission$/,
      /readwrite permission/,
    ],
    [
      'an authority that did not sign its certificate',
      () => ({ caFile: fortress.stranger.caFile }),
      /has a certificate from an unknown authority$/,
      /PEM file of the authority/,
    ],
    [
      'no authority at all',
      () => ({ caFile: undefined }),
      /has a certificate from an unknown authority$/,
      /PEM file of the authority/,
    ],
    [
      'a client without a certificate',
      () => ({ certFile: undefined, keyFile: undefined }),
      /asks for a client certificate, or does not accept the one given$/,
      /certificate and its key/,
    ],
    [
      'a prefix that the user may not touch',
      () => ({ prefix: '/elsewhere' }),
      /denies permission$/,
      /under the prefix/,
    ],
  ];
  for (const [title, changes, message, hint] of cases) {
    test(title, limit, async () => {
      const error = await refusal(changes());
      assert.match(error.message, message);
      assert.ok(error.message.includes(fortress.server.endpoint));
      assert.match(error.hint ?? '', hint);
    });
  }

  test('a client certificate of a stranger', limit, async () => {
    const identity = await fortress.stranger.issue('node');
    const error = await refusal(identity);
    assert.match(error.message, /does not accept the one given$/);
  });

  test('a certificate for another name', limit, async () => {
    const tls = {
      ...(await fortress.authority.issue('elsewhere', ['DNS:elsewhere.example'])),
      caFile: fortress.authority.caFile,
      asksClients: false,
    };
    const server = await EtcdServer.start({ tls });
    try {
      const error = await refusal({ endpoints: [server.endpoint], user: undefined });
      assert.match(error.message, /has a certificate for another name$/);
    } finally {
      await server.destroy();
    }
  });
});

describe('etcd without users', () => {
  test('serves those who name one, and asks again once it has them', limit, async () => {
    const server = await EtcdServer.start();
    const user = { name: 'root', password };
    const store = await openEtcdStore({ endpoints: [server.endpoint], user });
    try {
      await useEverything(store);
      const { auth } = await server.client();
      await auth.userAdd(user);
      await auth.roleAdd({ name: 'root' });
      await auth.userGrantRole({ user: 'root', role: 'root' });
      await auth.authEnable();
      assert.equal((await store.list()).records.length, 0);
      const nobody = await openEtcdStore({ endpoints: [server.endpoint] });
      const error = await nobody.list().catch((thrown: unknown) => thrown);
      await nobody.close();
      assert.ok(error instanceof StoreError && !error.retryable);
      assert.match(error.message, /asks for a user name and a password$/);
    } finally {
      await store.close();
      await server.destroy();
    }
  });

  test('is told apart from one that speaks TLS', limit, async () => {
    const server = await EtcdServer.start();
    try {
      const endpoints = [server.endpoint.replace('http:', 'https:')];
      await assert.rejects(
        withStore({ endpoints }, async (store) => {
          await store.list();
        }),
        (error) => error instanceof StoreError && error.hint?.includes('http://') === true,
      );
      const plain = { endpoints: [fortress.server.endpoint.replace('https:', 'http:')] };
      await assert.rejects(
        withStore({ ...plain, caFile: undefined, certFile: undefined, keyFile: undefined }, async (store) => {
          await store.list();
        }),
        (error) => error instanceof StoreError && error.hint?.includes('https://') === true,
      );
    } finally {
      await server.destroy();
    }
  });
});

describe('files that cannot be used', () => {
  const directory = temporaryDirectory({ after });

  async function refused(changes: Partial<EtcdStoreOptions>): Promise<string> {
    const error = await openEtcdStore(fortress.optionsWith(changes)).catch((thrown: unknown) => thrown);
    assert.ok(error instanceof StoreError && !error.retryable && error.hint !== undefined, inspect(error));
    return error.message;
  }

  test('for a password in a file are refused without a word of it', limit, async () => {
    const passwordFile = join(directory, 'password');
    await writeFile(passwordFile, `${password}\n`);
    await withStore({ user: { name: 'heddle', passwordFile } }, useEverything);
    const start = `cannot use ${passwordFile} for the password of the etcd user heddle: `;
    for (const [text, reason] of [
      ['\n', 'it is empty'],
      [`${password}\n\n`, 'it has several lines'],
    ] as const) {
      await writeFile(passwordFile, text);
      assert.equal(await refused({ user: { name: 'heddle', passwordFile } }), start + reason);
    }
    await rm(passwordFile);
    assert.equal(
      await refused({ user: { name: 'heddle', passwordFile } }),
      `${start}no such file or directory`,
    );
  });

  test('are refused with the file and the reason', limit, async () => {
    const missing = join(directory, 'missing.crt');
    assert.equal(
      await refused({ caFile: missing }),
      `cannot use ${missing} for TLS with etcd: no such file or directory`,
    );
    const empty = join(directory, 'empty.crt');
    await writeFile(empty, '\n');
    assert.match(await refused({ caFile: empty }), /it does not contain a certificate in PEM form$/);
    const torn = join(directory, 'torn.crt');
    await writeFile(torn, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    assert.ok((await refused({ caFile: torn })).startsWith(`cannot use ${torn} for TLS with etcd: `));
    assert.ok((await refused({ certFile: torn })).startsWith(`cannot use ${torn} for TLS with etcd: `));
    const { keyFile } = await fortress.stranger.issue('another');
    assert.match(await refused({ keyFile }), /key values mismatch/);
  });
});
