import type { ICompare, IKeyValue } from 'etcd3';

import {
  CursorLostError,
  largestLeaseValue,
  oversizedLeaseHint,
  StoreError,
  type Cursor,
  type LeaseRecord,
  type LeaseStore,
  type Listing,
  type ListOptions,
  type ListPart,
  type StoreChange,
  type StoreFault,
  type StoredNetworkPlace,
} from '../store.ts';
import { checkEtcdOptions } from './check-options.ts';
import { Cluster } from './cluster/cluster.ts';
import { FreshCredentials } from './cluster/fresh-credentials.ts';
import { grantLease, revokeLease, revokeUnlessUsed, type Grant } from './grant.ts';
import { watchKeys } from './key-watch.ts';
import { layOutKeys, rangeFrom, type KeyLayout } from './layout.ts';
import { listKeys, readExpiries } from './listing.ts';
import { networkSetCommand } from '../network-command.ts';
import { etcdArguments } from './store-arguments.ts';
import { locateNetworkKey } from './missing-network.ts';
import { readClockLead } from './member-clock.ts';
import { hasV2Value } from './v2-api.ts';
import { defaultPrefix, defaultTiming, type EtcdStoreOptions } from './options.ts';
import { isReservation, readEvent, readKeyValue } from './record.ts';

const defaultPageSize = 1000;

/**
 * Opens flannel's store in etcd 3.4 or newer: its keys, values and etcd leases have flannel's form. No request is made yet, so an etcd that
 * is down does not cause an error. Throws a {@link StoreError} if a file cannot be used, and the errors of {@link checkEtcdOptions}.
 */
export async function openEtcdStore(options: EtcdStoreOptions): Promise<LeaseStore> {
  const endpoints = checkEtcdOptions(options);
  const credentials = await FreshCredentials.read(options);
  const timing = { ...defaultTiming, ...options.timing };
  const layout = layOutKeys(options.prefix ?? defaultPrefix);
  // The order is random, so that nodes with the same members spread over them.
  const order = shuffle(endpoints, Math.random);
  return new EtcdStore({
    description: `etcd at ${endpoints.join(', ')} under ${layout.prefix}`,
    cluster: new Cluster(order, { credentials, timing }),
    networkSetter: networkSetCommand(etcdArguments(options)),
    hasV2Value: async (key) => hasV2Value(endpoints, (await credentials.current()).tls, key),
    readClockLead: async () => readClockLead(endpoints, (await credentials.current()).tls),
    layout,
    requestMs: timing.requestMs,
    pageSize: options.pageSize ?? defaultPageSize,
  });
}

function shuffle<T>(items: readonly T[], random: () => number): T[] {
  return items
    .map((item) => ({ item, rank: random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

interface EtcdStoreParts {
  readonly description: string;
  readonly cluster: Cluster;
  /** The command that writes the network configuration. */
  readonly networkSetter: string;
  /** Whether the v2 API holds a value under a key. */
  readonly hasV2Value: (key: string) => Promise<boolean>;
  /** The time by which this machine's clock is ahead of that of the first member that answers. */
  readonly readClockLead: () => Promise<number | undefined>;
  readonly layout: KeyLayout;
  readonly requestMs: number;
  readonly pageSize: number;
}

class EtcdStore implements LeaseStore {
  readonly description: string;
  readonly #cluster: Cluster;
  readonly #layout: KeyLayout;
  readonly #networkSetter: string;
  readonly #hasV2Value: EtcdStoreParts['hasV2Value'];
  readonly #readClockLead: EtcdStoreParts['readClockLead'];
  readonly #requestMs: number;
  readonly #pageSize: number;
  readonly #closing = new AbortController();
  /** The etcd leases of the keys that this store wrote, by key. */
  readonly #granted = new Map<string, string>();

  constructor(parts: EtcdStoreParts) {
    const { description, cluster, hasV2Value, readClockLead, layout, requestMs, pageSize } = parts;
    this.description = description;
    this.#cluster = cluster;
    this.#layout = layout;
    this.#networkSetter = parts.networkSetter;
    this.#hasV2Value = hasV2Value;
    this.#readClockLead = readClockLead;
    this.#requestMs = requestMs;
    this.#pageSize = pageSize;
  }

  /** The condition never holds; etcd checks the right to write before it judges the condition. */
  async examineWriting(): Promise<void> {
    const key = Buffer.from(`${this.#layout.subnets}heddle-doctor`);
    await this.#cluster.request(`write leases under ${this.#layout.subnets}`, (client) =>
      client.kv.txn({
        compare: [{ key, target: 'Version', result: 'Less', version: 0 }],
        success: [{ request_put: { key, value: Buffer.alloc(0) } }],
      }),
    );
  }

  measureClockLead(): Promise<number | undefined> {
    return this.#readClockLead();
  }

  async readNetwork(): Promise<{ readonly name: string; readonly text: string } | undefined> {
    const { config } = this.#layout;
    const { kvs } = await this.#cluster.request(`read ${config}`, (client) =>
      client.kv.range({ key: Buffer.from(config) }),
    );
    const [kv] = kvs;
    return kv && { name: `etcd:${config}`, text: kv.value.toString() };
  }

  locateNetwork(): Promise<StoredNetworkPlace> {
    return locateNetworkKey(this.#cluster, this.#layout, this.#networkSetter, this.#hasV2Value);
  }

  async createNetwork(text: string): Promise<string> {
    const { config } = this.#layout;
    const written = await this.#putIf(isAbsent(config), config, text, undefined);
    return written.kind === 'written' ? text : (written.standing?.value.toString() ?? text);
  }

  async withdrawNetwork(text: string): Promise<'withdrawn' | 'kept'> {
    const { config } = this.#layout;
    if (await this.#hasLeases()) return 'kept';
    const key = Buffer.from(config);
    const { succeeded } = await this.#cluster.request(`remove ${config}`, (client) =>
      client.kv.txn({
        compare: [{ key, target: 'Value', result: 'Equal', value: Buffer.from(text) }],
        success: [{ request_delete_range: { key } }],
      }),
    );
    if (!succeeded) return 'kept';
    // etcd has no condition for the absence of all leases. If one came meanwhile, this writes the configuration again.
    if (!(await this.#hasLeases())) return 'withdrawn';
    await this.createNetwork(text);
    return 'kept';
  }

  async writeNetwork(text: string): Promise<void> {
    const { config } = this.#layout;
    await this.#cluster.request(`write ${config}`, (client) =>
      client.kv.put({ key: Buffer.from(config), value: Buffer.from(text) }),
    );
  }

  async list({ expiries = false }: ListOptions = {}): Promise<Listing> {
    const entries: ListedKey[] = [];
    for await (const part of this.#listKeys()) {
      if (part.kind === 'begin') entries.length = 0;
      else if (part.kind === 'page') entries.push(...part.entries);
      else
        return {
          ...sortEntries(expiries ? await this.#withExpiries(entries) : entries),
          cursor: part.revision as Cursor,
        };
    }
    throw new Error('a list of keys had no end');
  }

  async *listPages(): AsyncGenerator<ListPart, void, void> {
    for await (const part of this.#listKeys()) {
      if (part.kind === 'begin') yield part;
      else if (part.kind === 'page') yield { kind: 'page', ...sortEntries(part.entries) };
      else yield { kind: 'end', cursor: part.revision as Cursor };
    }
  }

  async readLease(key: string): Promise<LeaseRecord | undefined> {
    const path = this.#pathOf(key);
    const { kvs } = await this.#cluster.request(`read the lease ${key}`, (client) =>
      client.kv.range({ key: Buffer.from(path) }),
    );
    const seen = kvs[0] && readKeyValue(kvs[0], this.#layout.subnets);
    return seen?.kind === 'put' ? seen.record : undefined;
  }

  async *watch(cursor: Cursor, signal: AbortSignal): AsyncGenerator<readonly StoreChange[], void, void> {
    if (!/^\d+$/.test(cursor)) throw new CursorLostError(`${JSON.stringify(cursor)} is not an etcd revision`);
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    if (ended.aborted) return;
    const { subnets } = this.#layout;
    const batches = watchKeys({
      cluster: this.#cluster,
      range: rangeFrom(subnets),
      afterRevision: BigInt(cursor),
      requestMs: this.#requestMs,
      signal: ended,
    });
    for await (const events of batches) yield events.map((event) => readEvent(event, subnets));
  }

  async create(key: string, value: string, ttlSeconds: number | undefined): Promise<LeaseRecord | 'taken'> {
    const path = this.#pathOf(key);
    requireSmall(key, value);
    const action = `create the lease ${key}`;
    const grant = ttlSeconds === undefined ? undefined : await grantLease(this.#cluster, action, ttlSeconds);
    const written = await this.#putIf(isAbsent(path), path, value, grant);
    if (written.kind === 'not-written') return 'taken';
    await this.#retire(key, undefined, grant);
    return { key, value, expiresAt: grant?.expiresAt, revision: written.revision };
  }

  async replace(
    previous: LeaseRecord,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<LeaseRecord | 'gone'> {
    const { key } = previous;
    const path = this.#pathOf(key);
    requireSmall(key, value);
    const isReserved = previous.expiresAt === undefined || ttlSeconds === undefined;
    const grant = isReserved
      ? undefined
      : await grantLease(this.#cluster, `write the lease ${key}`, ttlSeconds);
    const written = await this.#putIf(isStill(path, previous), path, value, grant);
    if (written.kind === 'not-written') return 'gone';
    await this.#retire(key, written.previous, grant);
    return { key, value, expiresAt: grant?.expiresAt, revision: written.revision };
  }

  async remove(previous: LeaseRecord): Promise<'removed' | 'gone'> {
    const path = this.#pathOf(previous.key);
    const { succeeded, responses } = await this.#cluster.request(
      `remove the lease ${previous.key}`,
      (client) =>
        client.kv.txn({
          compare: [isStill(path, previous)],
          success: [{ request_delete_range: { key: Buffer.from(path), prev_kv: true } }],
        }),
    );
    if (succeeded) await this.#retire(previous.key, responses[0]?.response_delete_range.prev_kvs[0]);
    return succeeded ? 'removed' : 'gone';
  }

  async discard(key: string): Promise<'removed' | 'gone'> {
    const path = Buffer.from(this.#pathOf(key));
    const { deleted, prev_kvs } = await this.#cluster.request(`remove ${this.#pathOf(key)}`, (client) =>
      client.kv.deleteRange({ key: path, prev_kv: true }),
    );
    await this.#retire(key, prev_kvs[0]);
    return Number(deleted) > 0 ? 'removed' : 'gone';
  }

  close(): Promise<void> {
    this.#closing.abort();
    this.#cluster.close();
    return Promise.resolve();
  }

  async #hasLeases(): Promise<boolean> {
    const { records, faults } = await this.list();
    return records.length + faults.length > 0;
  }

  /**
   * Revokes the etcd leases that a key had until now: the one that it was seen with, and the one that this store gave it, because somebody
   * may have deleted the key meanwhile.
   */
  async #retire(key: string, before: IKeyValue | undefined, now?: Grant): Promise<void> {
    const seen = before === undefined || isReservation(before) ? undefined : before.lease;
    const leases = new Set([seen, this.#granted.get(key)]);
    if (now === undefined) this.#granted.delete(key);
    else this.#granted.set(key, now.id);
    for (const id of leases)
      if (id !== undefined && id !== now?.id) await revokeUnlessUsed(this.#cluster, id);
  }

  #listKeys(): ReturnType<typeof listKeys<ListedKey>> {
    const { subnets } = this.#layout;
    return listKeys(this.#cluster, {
      action: this.#listAction,
      start: subnets,
      pageSize: this.#pageSize,
      read: (kv) => ({
        seen: readKeyValue(kv, subnets),
        etcdLease: isReservation(kv) ? undefined : kv.lease,
      }),
    });
  }

  get #listAction(): string {
    return `list the leases under ${this.#layout.subnets}`;
  }

  /** Asks when each lease expires. A lease without an expiry has expired since the list. */
  async #withExpiries(entries: readonly ListedKey[]): Promise<ListedKey[]> {
    const etcdLeases = entries.flatMap(({ etcdLease }) => etcdLease ?? []);
    const known = await readExpiries(this.#cluster, this.#listAction, etcdLeases);
    return entries.flatMap((entry) => {
      const { seen, etcdLease } = entry;
      if (seen.kind === 'fault' || etcdLease === undefined) return entry;
      const expiresAt = known.get(etcdLease);
      return expiresAt === undefined
        ? []
        : { seen: { ...seen, record: { ...seen.record, expiresAt } }, etcdLease };
    });
  }

  #pathOf(key: string): string {
    return `${this.#layout.subnets}${key}`;
  }

  /** Writes a key if a condition on it holds. Otherwise, the grant is revoked. */
  async #putIf(
    condition: ICompare,
    path: string,
    value: string,
    grant: Grant | undefined,
  ): Promise<WriteResult> {
    const key = Buffer.from(path);
    const put = { key, value: Buffer.from(value), ...(grant !== undefined && { lease: grant.id }) };
    const { succeeded, header, responses } = await this.#cluster.request(`write ${path}`, (client) =>
      client.kv.txn({
        compare: [condition],
        success: [{ request_put: { ...put, prev_kv: true } }],
        failure: [{ request_range: { key } }],
      }),
    );
    if (succeeded) {
      const previous = responses[0]?.response_put.prev_kv;
      return { kind: 'written', revision: header.revision, previous };
    }
    const standing = responses[0]?.response_range.kvs[0];
    if (grant !== undefined) {
      // An earlier try of this request wrote the key, and its answer was lost.
      if (standing?.lease === grant.id)
        return { kind: 'written', revision: standing.mod_revision, previous: undefined };
      await revokeLease(this.#cluster, grant.id);
    }
    return { kind: 'not-written', standing };
  }
}

/** A key of a list, with its etcd lease; undefined for a reservation. */
interface ListedKey {
  readonly seen: Exclude<StoreChange, { kind: 'delete' }>;
  readonly etcdLease: string | undefined;
}

function sortEntries(entries: readonly ListedKey[]): Pick<Listing, 'records' | 'faults'> {
  const records: LeaseRecord[] = [];
  const faults: StoreFault[] = [];
  for (const { seen } of entries) {
    if (seen.kind === 'fault') faults.push(seen.fault);
    else records.push(seen.record);
  }
  return { records, faults };
}

type WriteResult =
  /** The key was written. `previous` is its earlier state, if it existed and is known. */
  | { readonly kind: 'written'; readonly revision: string; readonly previous: IKeyValue | undefined }
  /** The key was not written. `standing` is its present state, if it exists. */
  | { readonly kind: 'not-written'; readonly standing: IKeyValue | undefined };

function isAbsent(path: string): ICompare {
  return { key: Buffer.from(path), target: 'Version', result: 'Equal', version: 0 };
}

function isStill(path: string, { revision }: LeaseRecord): ICompare {
  return { key: Buffer.from(path), target: 'Mod', result: 'Equal', mod_revision: revision };
}

/** Throws a {@link StoreError} for a value that is too large for nodes to read. */
function requireSmall(key: string, value: string): void {
  if (Buffer.byteLength(value) <= largestLeaseValue) return;
  throw new StoreError(`the value for the lease ${key} is larger than ${largestLeaseValue} bytes`, {
    retryable: false,
    hint: oversizedLeaseHint,
  });
}
