import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { copyFile, rm, symlink, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { FreshCredentials } from '../../src/store/etcd/cluster/fresh-credentials.ts';
import { openEtcdStore } from '../../src/store/etcd/store.ts';
import { StoreError, type LeaseStore } from '../../src/store/store.ts';
import { BackgroundFollower } from './etcd/background-follower.ts';
import { Authority, type CertificateFiles } from './etcd/certificates.ts';
import { Fortress, password } from './etcd/fortress.ts';
import { ownLoopbackAddress } from './etcd/loopback.ts';
import { value } from './etcd/scene.ts';
import { EtcdServer } from './etcd/server.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { until } from '../support/until.ts';

const limit = { timeout: 60_000 };

/** Files whose names stay while their content is replaced. */
class Files {
  readonly caFile: string;
  readonly server: CertificateFiles;
  readonly node: CertificateFiles;

  constructor(t: TestContext) {
    const directory = temporaryDirectory(t);
    const pair = (name: string): CertificateFiles => ({
      certFile: join(directory, `${name}.crt`),
      keyFile: join(directory, `${name}.key`),
    });
    this.caFile = join(directory, 'ca.crt');
    this.server = pair('server');
    this.node = pair('node');
  }

  /** Replaces every file by what a new authority signs. */
  async replaceAll(t: TestContext, address: string): Promise<void> {
    const authority = await Authority.make();
    t.after(() => authority.destroy());
    await copyFile(authority.caFile, this.caFile);
    await this.replace(this.server, await authority.issue('etcd', [`IP:${address}`]));
    await this.replace(this.node, await authority.issue('node'));
  }

  async replace(to: CertificateFiles, from: CertificateFiles): Promise<void> {
    await copyFile(from.certFile, to.certFile);
    await copyFile(from.keyFile, to.keyFile);
  }
}

async function open(t: TestContext, options: Parameters<typeof openEtcdStore>[0]): Promise<LeaseStore> {
  const store = await openEtcdStore(options);
  t.after(() => store.close());
  return store;
}

describe('credentials for etcd that change while a node runs', () => {
  test(
    'a new authority and new certificates are used when the connection is made again',
    limit,
    async (t) => {
      const address = ownLoopbackAddress();
      const files = new Files(t);
      await files.replaceAll(t, address);
      const { caFile } = files;
      const server = new EtcdServer({ address, tls: { ...files.server, caFile, asksClients: true } });
      t.after(() => server.destroy());
      await server.start();
      const store = await open(t, { endpoints: [server.endpoint], caFile, ...files.node });
      await using following = new BackgroundFollower(store);
      await following.until(() => following.snapshots > 0);

      await server.stop();
      await files.replaceAll(t, address);
      await server.start();
      await until('the store to answer', () =>
        store.create('10.50.7.0-24', value, 600).catch(() => undefined),
      );
      await following.until(() => following.state.has('10.50.7.0-24'));
    },
  );

  test('a new client certificate is used without a break of the old connection', limit, async (t) => {
    const fortress = await Fortress.make();
    t.after(() => fortress.destroy());
    const files = new Files(t);
    await files.replace(files.node, fortress.node);
    const store = await open(t, fortress.optionsWith({ ...files.node, user: undefined }));
    await using following = new BackgroundFollower(store);
    await following.until(() => following.snapshots > 0);
    await files.replace(files.node, await fortress.authority.issue('guest'));
    const refusal = await until('the new name to be refused', () =>
      store.list().then(
        () => undefined,
        (error: unknown) => String(error),
      ),
    );
    assert.match(refusal, /denies permission$/);
    assert.equal(following.outages.length, 0, 'the watch lives on with the certificate that it has');
  });

  test('a new password in the file is used after the old one is refused', limit, async (t) => {
    const fortress = await Fortress.make();
    t.after(() => fortress.destroy());
    const passwordFile = join(temporaryDirectory(t), 'password');
    await writeFile(passwordFile, password);
    const store = await open(t, fortress.optionsWith({ user: { name: 'heddle', passwordFile } }));
    await store.list();
    const { auth } = await fortress.server.client({ username: 'root', password }, fortress.node);
    await auth.userChangePassword({ name: 'heddle', password: 'another one' });
    await writeFile(passwordFile, 'another one');
    // Tokens do not outlive the server.
    await fortress.server.stop();
    await fortress.server.start();
    await until('the store to answer', () => store.list().catch(() => undefined));
  });
});

describe('files of credentials', () => {
  test('are not read while they stay as they are', async (t) => {
    const files = new Files(t);
    await files.replaceAll(t, '127.0.0.1');
    const credentials = await FreshCredentials.read({ endpoints: [], caFile: files.caFile, ...files.node });
    const first = await credentials.current();
    assert.equal(await credentials.look(), first);
  });

  test('that do not fit each other, or are gone, leave the last good ones', async (t) => {
    const files = new Files(t);
    await files.replaceAll(t, '127.0.0.1');
    const { caFile, node } = files;
    const credentials = await FreshCredentials.read({ endpoints: [], caFile, ...node });
    const first = await credentials.current();
    const authority = await Authority.make();
    t.after(() => authority.destroy());
    const next = await authority.issue('node');
    await copyFile(next.certFile, node.certFile);
    assert.equal(await credentials.look(), first, 'the key is still the old one');
    await rm(node.keyFile);
    assert.equal(await credentials.look(), first, 'the key is gone');
    await copyFile(next.keyFile, node.keyFile);
    const second = await credentials.look();
    assert.notEqual(second, first);
    assert.notDeepEqual(second.tls.identity, first.tls.identity);
  });

  test('that are not regular files are refused at once, and named', async (t) => {
    const directory = temporaryDirectory(t);
    const at = (name: string): string => join(directory, name);
    execFileSync('mkfifo', [at('fifo')]);
    await symlink('/dev/zero', at('zero'));
    await writeFile(at('large'), 'x'.repeat((4 << 20) + 1));
    const refused = (options: object, message: RegExp): Promise<void> =>
      assert.rejects(FreshCredentials.read({ endpoints: [], ...options }), (error) => {
        assert.ok(error instanceof StoreError && !error.retryable && error.hint !== undefined);
        assert.match(error.message, message);
        return true;
      });
    for (const file of ['fifo', 'zero', '.'].map(at)) {
      const user = { name: 'heddle', passwordFile: file };
      await refused({ user }, /for the password of the etcd user heddle: it is not a regular file$/);
      await refused({ caFile: file }, /for TLS with etcd: it is not a regular file$/);
      await refused({ certFile: file, keyFile: file }, /for TLS with etcd: it is not a regular file$/);
    }
    await refused({ caFile: at('large') }, /large for TLS with etcd: it is larger than 4194304 bytes$/);
    const user = { name: 'heddle', passwordFile: at('large') };
    await refused({ user }, /etcd user heddle: it is larger than 65536 bytes$/);
  });

  test('in whose place a FIFO stands for a while leave the last good ones', async (t) => {
    const files = new Files(t);
    await files.replaceAll(t, '127.0.0.1');
    const { caFile, node } = files;
    const credentials = await FreshCredentials.read({ endpoints: [], caFile, ...node });
    const first = await credentials.current();
    await rm(node.keyFile);
    execFileSync('mkfifo', [node.keyFile]);
    assert.equal(await credentials.look(), first);
    await rm(node.keyFile);
    await files.replaceAll(t, '127.0.0.1');
    assert.notEqual(await credentials.look(), first);
  });

  test('are followed by links, as Kubernetes mounts a Secret, also when the links are set to another', async (t) => {
    const files = new Files(t);
    await files.replaceAll(t, '127.0.0.1');
    const directory = temporaryDirectory(t);
    const links = {
      caFile: join(directory, 'ca.crt'),
      certFile: join(directory, 'node.crt'),
      keyFile: join(directory, 'node.key'),
    };
    await symlink(dirname(files.caFile), join(directory, '..data'));
    for (const link of Object.values(links)) await symlink(join('..data', basename(link)), link);
    const credentials = await FreshCredentials.read({ endpoints: [], ...links });
    const first = await credentials.current();
    const next = new Files(t);
    await next.replaceAll(t, '127.0.0.1');
    await rm(join(directory, '..data'));
    await symlink(dirname(next.caFile), join(directory, '..data'));
    const second = await credentials.look();
    assert.notDeepEqual(second.tls.identity, first.tls.identity);
  });
});
