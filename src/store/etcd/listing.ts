import type { Etcd3, IKeyValue } from 'etcd3';

import { isCompacted } from './errors.ts';
import type { Cluster } from './cluster/cluster.ts';
import { rangeFrom } from './layout.ts';
import { withoutSurplus } from './record.ts';
import { StoreError } from '../store.ts';

/** The number of tries of a listing, which starts again when a compaction overtakes it. More tries mean that something else is wrong. */
const mostTries = 3;
/** The number of leases whose expiry is requested at once. */
const askedAtOnce = 16;

interface KeyListing {
  readonly kvs: readonly IKeyValue[];
  /** The revision of the whole listing; a 64-bit number. */
  readonly revision: string;
}

/**
 * Reads every key that begins with a text, as of one revision, page by page.
 *
 * @param action completes "cannot", for messages
 */
export async function listKeys(
  cluster: Cluster,
  { action, start, pageSize }: { readonly action: string; readonly start: string; readonly pageSize: number },
): Promise<KeyListing> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await listPages(cluster, action, start, pageSize);
    } catch (error) {
      const isOvertaken = error instanceof StoreError && isCompacted(error.cause);
      if (!isOvertaken || tries >= mostTries) throw error;
    }
  }
}

async function listPages(
  cluster: Cluster,
  action: string,
  start: string,
  pageSize: number,
): Promise<KeyListing> {
  const range = rangeFrom(start);
  const kvs: IKeyValue[] = [];
  let revision: string | undefined;
  for (let key = range.key; ;) {
    const page = { ...range, key, limit: pageSize, ...(revision !== undefined && { revision }) };
    const response = await cluster.request(action, (client) => client.kv.range(page));
    kvs.push(...response.kvs.map(withoutSurplus));
    revision ??= response.header.revision;
    const last = response.kvs.at(-1);
    if (!response.more || last === undefined) return { kvs, revision };
    // The next key begins with the least key after the last one.
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
}

/**
 * Reads when etcd leases expire, with one request for each lease, a few at once.
 *
 * @returns the expiry by the lease's ID, in milliseconds since the epoch; without leases that have expired
 */
export async function readExpiries(
  cluster: Cluster,
  action: string,
  leases: Iterable<string>,
): Promise<ReadonlyMap<string, number>> {
  const expiries = new Map<string, number>();
  const waiting = [...new Set(leases)];
  const ask = async (): Promise<void> => {
    for (let id = waiting.pop(); id !== undefined; id = waiting.pop()) {
      const seconds = await cluster.request(action, secondsLeft(id));
      if (seconds > 0) expiries.set(id, Date.now() + seconds * 1000);
    }
  };
  await Promise.all(Array.from({ length: askedAtOnce }, ask));
  return expiries;
}

/** The request for the seconds that a lease has left; -1 if the lease no longer exists. */
function secondsLeft(id: string): (client: Etcd3) => Promise<number> {
  return async (client) => Number((await client.leaseClient.leaseTimeToLive({ ID: id })).TTL);
}
