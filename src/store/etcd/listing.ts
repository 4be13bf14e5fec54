import type { Etcd3, IKeyValue, IRangeResponse } from 'etcd3';

import { isCompacted } from './errors.ts';
import type { Cluster } from './cluster/cluster.ts';
import { rangeFrom } from './layout.ts';
import { StoreError } from '../store.ts';

/** The number of tries of a listing, which starts again when a compaction overtakes it. More tries mean that something else is wrong. */
const mostTries = 3;
/** The number of leases whose expiry is requested at once. */
const askedAtOnce = 16;

interface ListOrder<T> {
  /** Completes "cannot", for messages. */
  readonly action: string;
  readonly start: string;
  readonly pageSize: number;
  /** Makes of a key and its value what the list is to have. */
  readonly read: (kv: IKeyValue) => T;
}

/** A part of a list of keys. */
type KeyPart<T> =
  /** The list begins, or begins again because a compaction overtook it: entries before this part do not count. */
  | { readonly kind: 'begin' }
  | { readonly kind: 'page'; readonly entries: readonly T[] }
  /** The revision of the whole list; a 64-bit number. */
  | { readonly kind: 'end'; readonly revision: string };

/**
 * Reads every key that begins with a text, as of one revision, page by page. A page is handed over while etcd prepares the next one, and
 * then dropped.
 */
export async function* listKeys<T>(
  cluster: Cluster,
  order: ListOrder<T>,
): AsyncGenerator<KeyPart<T>, void, void> {
  for (let tries = 1; ; tries += 1) {
    try {
      yield { kind: 'begin' };
      yield* listPages(cluster, order);
      return;
    } catch (error) {
      const isOvertaken = error instanceof StoreError && isCompacted(error.cause);
      if (!isOvertaken || tries >= mostTries) throw error;
    }
  }
}

async function* listPages<T>(
  cluster: Cluster,
  { action, start, pageSize, read }: ListOrder<T>,
): AsyncGenerator<KeyPart<T>, void, void> {
  const range = rangeFrom(start);
  const request = (key: Buffer, revision?: string): Promise<IRangeResponse> => {
    const page = { ...range, key, limit: pageSize, ...(revision !== undefined && { revision }) };
    return cluster.request(action, (client) => client.kv.range(page));
  };
  let page = await request(range.key);
  const { revision } = page.header;
  for (;;) {
    const last = page.kvs.at(-1);
    // The next key begins with the least key after the last one.
    const next =
      page.more && last !== undefined
        ? request(Buffer.concat([last.key, Buffer.of(0)]), revision)
        : undefined;
    // It may fail while the caller works, or after the caller has left off.
    next?.catch(() => undefined);
    yield { kind: 'page', entries: page.kvs.map(read) };
    if (next === undefined) break;
    page = await next;
  }
  yield { kind: 'end', revision };
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
