import { spawn } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { Etcd3 } from 'etcd3';
import { leaseFields, madeUpKey, networkDocument } from './peers.ts';
import type { BenchFamily, MadeUpPeer, RecipeName } from './peers.ts';

export type StoreName = 'files' | 'etcd';

/** A store inside a sandbox, with the options by which `heddle up` finds it. */
export interface BenchStore {
  readonly options: readonly string[];
  put(peer: MadeUpPeer): Promise<void>;
  close(): void;
}

const ttlSeconds = 86_400;

/** The network of a store. */
interface BenchNetwork {
  readonly recipe: RecipeName;
  readonly family: BenchFamily;
}

/** Makes a store that holds the leases of the peers. */
export async function createStore(
  name: StoreName,
  network: BenchNetwork,
  peers: readonly MadeUpPeer[],
): Promise<BenchStore> {
  const document = JSON.stringify(networkDocument(network.recipe, network.family));
  return name === 'files' ? createFiles(network, document, peers) : createEtcd(network, document, peers);
}

async function createFiles(
  { recipe, family }: BenchNetwork,
  document: string,
  peers: readonly MadeUpPeer[],
): Promise<BenchStore> {
  const directory = '/run/store';
  mkdirSync(join(directory, 'subnets'), { recursive: true });
  writeFileSync(join(directory, 'config'), document);
  const put = (peer: MadeUpPeer): Promise<void> => {
    const expiration = new Date(Date.now() + ttlSeconds * 1000).toISOString();
    writeFileSync(
      '/run/draft',
      JSON.stringify({ ...leaseFields(recipe, peer, family), Expiration: expiration }),
    );
    renameSync('/run/draft', join(directory, 'subnets', madeUpKey(peer, family)));
    return Promise.resolve();
  };
  for (const peer of peers) await put(peer);
  return { options: ['--store-dir', directory], put, close: () => undefined };
}

/** Fewer than the 128 operations that etcd takes in one transaction. */
const putsInTransaction = 100;

async function createEtcd(
  { recipe, family }: BenchNetwork,
  document: string,
  peers: readonly MadeUpPeer[],
): Promise<BenchStore> {
  const [url, peerUrl, prefix] = ['http://127.0.0.1:2379', 'http://127.0.0.1:2380', '/coreos.com/network'];
  const server = spawn(
    'etcd',
    [
      ...['--data-dir', '/run/etcd', '--listen-client-urls', url, '--advertise-client-urls', url],
      ...['--listen-peer-urls', peerUrl, '--initial-advertise-peer-urls', peerUrl],
      ...['--initial-cluster', `default=${peerUrl}`, '--unsafe-no-fsync', '--log-level', 'error'],
    ],
    { stdio: 'ignore' },
  );
  const client = new Etcd3({ hosts: url });
  await untilAnswered(client);
  const lease = client.lease(ttlSeconds, { autoKeepAlive: false });
  const id = await lease.grant();
  const putOf = (peer: MadeUpPeer) =>
    client
      .put(`${prefix}/subnets/${madeUpKey(peer, family)}`)
      .value(JSON.stringify(leaseFields(recipe, peer, family)))
      .lease(id);
  await client.put(`${prefix}/config`).value(document);
  for (let at = 0; at < peers.length; at += putsInTransaction) {
    const puts = peers.slice(at, at + putsInTransaction).map((peer) => putOf(peer).op());
    const operations = await Promise.all(puts);
    await client
      .if(`${prefix}/none`, 'Create', '==', 0)
      .then(...operations)
      .commit();
  }
  return {
    options: ['--etcd-endpoints', url],
    put: async (peer) => {
      await putOf(peer);
    },
    close: () => {
      client.close();
      server.kill('SIGKILL');
    },
  };
}

async function untilAnswered(client: Etcd3): Promise<void> {
  for (let tries = 0; tries < 100; tries += 1) {
    try {
      await client.get('anything');
      return;
    } catch {
      await setTimeout(100);
    }
  }
  throw new Error('etcd did not answer within ten seconds');
}
