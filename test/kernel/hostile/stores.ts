import { mkdirSync, renameSync, rmSync, writeFileSync, readdirSync } from 'node:fs';
import { cpSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Host } from '../harness/host.ts';
import { until } from '../../support/until.ts';
import type { RawLease } from './leases.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** A real store that somebody hostile writes to, byte by byte. */
export interface HostileStore {
  /** The words that have `heddle up` use it. */
  readonly options: readonly string[];
  put(leases: readonly RawLease[]): Promise<void>;
  remove(keys: readonly RawLease['key'][]): Promise<void>;
  /** Has every follower list everything anew; undefined where only a restart does. */
  readonly relist: (() => void) | undefined;
  /** Files besides those that were put. */
  strangers(): readonly string[];
}

export type MakeStore = (t: TestContext, host: Host, networkDocument: string) => Promise<HostileStore>;

/** What the files store keeps beside the leases. */
const ownFiles = ['config', 'subnets', '.lock', '.draft', '.hostile-draft'];

export const filesStore: MakeStore = (t) => {
  const root = temporaryDirectory(t);
  const subnets = join(root, 'subnets');
  mkdirSync(subnets);
  const draft = join(root, '.hostile-draft');
  return Promise.resolve({
    options: ['--store-dir', root],
    put: (leases) => {
      for (const { key, value } of leases) {
        writeFileSync(draft, value);
        renameSync(draft, join(subnets, String(key)));
      }
      return Promise.resolve();
    },
    remove: (keys) => {
      // A node removes by itself what claims its own address and is no subnet for it.
      for (const key of keys) rmSync(join(subnets, String(key)), { force: true });
      return Promise.resolve();
    },
    relist: () => {
      const copy = join(root, '.draft');
      cpSync(subnets, copy, { recursive: true });
      renameSync(subnets, join(temporaryDirectory(t), 'subnets'));
      renameSync(copy, subnets);
    },
    strangers: () => readdirSync(root).filter((name) => !ownFiles.includes(name)),
  });
};

const prefix = '/coreos.com/network';
const mostAtOnce = 100;
/** etcd wants a host and a port there, too, and takes them for a file's name. */
const socketName = 'etcd.sock:0';

export const etcdStore: MakeStore = async (t, host, networkDocument) => {
  const root = temporaryDirectory(t);
  const socketPath = join(root, socketName);
  const endpoint = 'http://127.0.0.1:2379';
  const flags = [
    ...['--data-dir', 'data', '--listen-client-urls', `${endpoint},unix://${socketName}`],
    ...['--advertise-client-urls', endpoint, '--listen-peer-urls', 'http://127.0.0.1:2380'],
  ];
  // It ends with the host.
  void host.start(['/bin/sh', '-c', 'cd "$1"; shift; exec etcd "$@"', 'sh', root, ...flags], {
    seconds: 300,
  });
  await until('etcd to serve', () => ask(socketPath, '/v3/maintenance/status', {}).catch(() => undefined));
  const encode = (bytes: string | Buffer): string => Buffer.from(bytes).toString('base64');
  const keyOf = (key: RawLease['key']): string =>
    encode(Buffer.concat([Buffer.from(`${prefix}/subnets/`), Buffer.from(key)]));
  const transact = async (operations: readonly object[]): Promise<void> => {
    for (let at = 0; at < operations.length; at += mostAtOnce)
      await ask(socketPath, '/v3/kv/txn', { success: operations.slice(at, at + mostAtOnce) });
  };
  await transact([{ request_put: { key: encode(`${prefix}/config`), value: encode(networkDocument) } }]);
  return {
    options: ['--etcd-endpoints', endpoint],
    put: (leases) =>
      transact(leases.map(({ key, value }) => ({ request_put: { key: keyOf(key), value: encode(value) } }))),
    remove: (keys) => transact(keys.map((key) => ({ request_delete_range: { key: keyOf(key) } }))),
    relist: undefined,
    strangers: () => [],
  };
};

/** Asks etcd by its JSON gateway, which takes any bytes. */
function ask(socketPath: string, path: string, body: object): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath, method: 'POST', path }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(JSON.parse(text));
        else reject(new Error(`etcd answered ${response.statusCode ?? '?'} to ${path}: ${text}`));
      });
    });
    asked.on('error', reject);
    asked.end(JSON.stringify(body));
  });
}
