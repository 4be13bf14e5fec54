import { randomUUID } from 'node:crypto';
import { readNamedFile } from '../../host/files/plain-file.ts';
import { explainError, hasErrorCode } from '../../host/system-error.ts';
import type { LeaseAttributes } from '../../lease/lease.ts';
import { decodeLease, leaseKey } from '../../lease/wire.ts';
import {
  CursorLostError,
  StoreError,
  type Cursor,
  type LeaseRecord,
  type LeaseStore,
  type Listing,
  type ListPart,
  type StoreChange,
  type StoredNetworkPlace,
} from '../store.ts';
import {
  annotationChanges,
  annotationNames,
  annotationRemovals,
  type AnnotationNames,
} from './annotations.ts';
import { ApiServer } from './api-server.ts';
import { MissingObjectError } from './errors.ts';
import { loadKubeConfig } from './kube-config.ts';
import { examineWatching, readServerClockLead } from './examine.ts';
import { listNodes, type ListedNodes } from './node-list.ts';
import { nodePlace, readNode, readPodCidrs, type NodeObject } from './node-object.ts';
import { watchNodes } from './node-watch.ts';
import { usualPageSize, usualTiming, type KubernetesStoreOptions, type KubernetesTiming } from './options.ts';
import { annotateNode, annotationsOf, OwnNode, readNodeObject } from './own-node.ts';

/** The largest network configuration, in bytes: a ConfigMap cannot be larger. */
const largestConfig = 1 << 20;

/** The number of listings that are kept for watches that continue from them. */
const mostRemembered = 2;

/**
 * Opens the Nodes of a cluster as a store. Makes no request. Throws a {@link StoreError} for a configuration that cannot be used, and a
 * Failure of kind `usage` for a malformed prefix.
 */
export function openKubernetesStore(options: KubernetesStoreOptions): LeaseStore {
  const timing = { ...usualTiming, ...options.timing };
  const server = new ApiServer((closed) => loadKubeConfig(options, closed), timing);
  return new KubernetesStore(options, server, timing);
}

/** The leases of a cluster. Each is a Node: its pod CIDRs are the key, flannel's annotations are the value. */
class KubernetesStore implements LeaseStore {
  readonly node: OwnNode | undefined;
  readonly #options: KubernetesStoreOptions;
  readonly #server: ApiServer;
  readonly #names: AnnotationNames;
  readonly #timing: KubernetesTiming;
  readonly #listings = new Map<Cursor, ListedNodes>();

  constructor(options: KubernetesStoreOptions, server: ApiServer, timing: KubernetesTiming) {
    this.#options = options;
    this.#server = server;
    this.#timing = timing;
    this.#names = annotationNames(options.annotationPrefix);
    const { node, setNodeNetworkUnavailable } = options;
    this.node = node && new OwnNode(node, server, this.#names, setNodeNetworkUnavailable);
  }

  get description(): string {
    return `Nodes of ${this.#server.description}`;
  }

  /** Also checks that this process may watch the Nodes. No request changes anything. */
  async examineWriting(): Promise<void> {
    await examineWatching(this.#server);
    await this.node?.examineWriting();
  }

  measureClockLead(): Promise<number | undefined> {
    return readServerClockLead(this.#server);
  }

  /** Reads the file that the operator mounts. Kubernetes itself does not hold the configuration. */
  readNetwork(): Promise<{ readonly name: string; readonly text: string } | undefined> {
    const { netConfigPath: name } = this.#options;
    try {
      return Promise.resolve({ name, text: readNamedFile(name, largestConfig).bytes.toString('utf8') });
    } catch (error) {
      if (hasErrorCode(error, 'ENOENT')) return Promise.resolve(undefined);
      const message = `cannot read the network configuration ${name}: ${explainError(error)}`;
      return Promise.reject(new StoreError(message, { retryable: false, cause: error }));
    }
  }

  locateNetwork(): Promise<StoredNetworkPlace> {
    const { netConfigPath } = this.#options;
    return Promise.resolve({
      place: `the file ${netConfigPath} (--net-config-path)`,
      cause: undefined,
      hint: 'mount the ConfigMap with net-conf.json there',
    });
  }

  async createNetwork(): Promise<string> {
    const standing = await this.readNetwork();
    if (standing !== undefined) return standing.text;
    throw this.#readOnlyNetwork();
  }

  withdrawNetwork(): Promise<'withdrawn' | 'kept'> {
    return Promise.resolve('kept');
  }

  writeNetwork(): Promise<void> {
    return Promise.reject(this.#readOnlyNetwork());
  }

  async list(): Promise<Listing> {
    const listed = await this.#list();
    const { records, faults } = listed.book;
    return { records, faults, cursor: this.#remember(listed) };
  }

  async *listPages(): AsyncGenerator<ListPart, void, void> {
    for await (const part of this.#pages())
      yield part.kind === 'end' ? { kind: 'end', cursor: this.#remember(part.listed) } : part;
  }

  /** Reads only this node's Node for the key of this node. */
  async readLease(key: string): Promise<LeaseRecord | undefined> {
    const own = await this.node?.read();
    if (own !== undefined && assignedKey(own) === key) return this.#leaseOf(own);
    const { book } = await this.#list();
    return book.records.find((found) => found.key === key);
  }

  #leaseOf(node: NodeObject): LeaseRecord | undefined {
    const reading = readNode(node, this.#names);
    return reading.kind === 'lease' ? reading.record : undefined;
  }

  /** Keeps a list for the watch that continues from it. */
  #remember(listed: ListedNodes): Cursor {
    const cursor = `${listed.resourceVersion} ${randomUUID()}` as Cursor;
    this.#listings.set(cursor, listed);
    for (const old of this.#listings.keys()) {
      if (this.#listings.size <= mostRemembered) break;
      this.#listings.delete(old);
    }
    return cursor;
  }

  async *watch(cursor: Cursor, signal: AbortSignal): AsyncGenerator<readonly StoreChange[], void, void> {
    const listed = this.#listings.get(cursor);
    if (listed === undefined)
      throw new CursorLostError('the list of Nodes that the watch continues is not known');
    yield* watchNodes({
      server: this.#server,
      book: listed.book.copy(),
      resourceVersion: listed.resourceVersion,
      timing: this.#timing,
      signal: AbortSignal.any([signal, this.#server.closed]),
    });
  }

  async create(key: string, value: string, ttlSeconds: number | undefined): Promise<LeaseRecord | 'taken'> {
    if (ttlSeconds === undefined) throw noReservations();
    if (this.node === undefined) {
      throw new StoreError(`cannot create the lease ${key}: this node's Node is not known`, {
        retryable: false,
        hint: 'set NODE_NAME, or POD_NAME and POD_NAMESPACE',
      });
    }
    const node = await this.node.read();
    const { name } = node.metadata;
    const own = assignedKey(node);
    if (own !== key) {
      const reason = own === undefined ? 'has no usable podCIDR' : `has the podCIDR ${own}`;
      throw new StoreError(`cannot create the lease ${key}: ${nodePlace(name)} ${reason}`, {
        retryable: true,
      });
    }
    if (this.#leaseOf(node) !== undefined) return 'taken';
    return this.#publish(node, key, value);
  }

  async replace(
    previous: LeaseRecord,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<LeaseRecord | 'gone'> {
    if (ttlSeconds === undefined) throw noReservations();
    const node = await this.#findStill(previous);
    return node === undefined ? 'gone' : this.#publish(node, previous.key, value);
  }

  async remove(previous: LeaseRecord): Promise<'removed' | 'gone'> {
    const node = await this.#findStill(previous);
    return node === undefined ? 'gone' : this.#withdraw(node);
  }

  async discard(key: string): Promise<'removed' | 'gone'> {
    const { book } = await this.#list();
    const name = book.holderOf(key);
    const node = name === undefined ? undefined : await this.#readIfThere(name);
    return node === undefined ? 'gone' : this.#withdraw(node);
  }

  close(): Promise<void> {
    this.#server.close();
    return Promise.resolve();
  }

  async #list(): Promise<ListedNodes> {
    for await (const part of this.#pages()) if (part.kind === 'end') return part.listed;
    throw new Error('a list of Nodes had no end');
  }

  #pages(): ReturnType<typeof listNodes> {
    return listNodes(this.#server, this.#names, this.#options.pageSize ?? usualPageSize);
  }

  /** The Node of a lease, if the lease is still what it was. */
  async #findStill({ revision }: LeaseRecord): Promise<NodeObject | undefined> {
    const [name = ''] = revision.split(' ', 1);
    const node = await this.#readIfThere(name);
    if (node === undefined) return undefined;
    return this.#leaseOf(node)?.revision === revision ? node : undefined;
  }

  async #readIfThere(name: string): Promise<NodeObject | undefined> {
    try {
      return await readNodeObject(this.#server, name);
    } catch (error) {
      if (error instanceof MissingObjectError) return undefined;
      throw error;
    }
  }

  /** Writes flannel's annotations on a Node. Returns the lease as the Node has it then. */
  async #publish(node: NodeObject, key: string, value: string): Promise<LeaseRecord> {
    const attributes = readAttributes(key, value);
    const changes = annotationChanges(attributes, annotationsOf(node), this.#names);
    const written = await annotateNode(this.#server, node, changes);
    const record = this.#leaseOf(written);
    if (record?.key === key) return record;
    throw new StoreError(`${nodePlace(node.metadata.name)} changed while its lease ${key} was written`, {
      retryable: true,
    });
  }

  async #withdraw(node: NodeObject): Promise<'removed'> {
    await annotateNode(this.#server, node, annotationRemovals(annotationsOf(node), this.#names));
    return 'removed';
  }

  #readOnlyNetwork(): StoreError {
    const { netConfigPath } = this.#options;
    return new StoreError(
      `the network configuration is in the file ${netConfigPath}, and the store kubernetes does not write it`,
      {
        retryable: false,
        hint: 'change the ConfigMap (net-conf.json of kube-flannel-cfg) that is mounted there',
      },
    );
  }
}

/** The key of the subnets that the cluster has assigned to a Node. */
function assignedKey(node: NodeObject): string | undefined {
  const cidrs = readPodCidrs(node);
  return cidrs.kind === 'assigned' ? leaseKey(cidrs.subnets) : undefined;
}

function readAttributes(key: string, value: string): LeaseAttributes {
  const decoded = decodeLease({ key, value, expiresAt: undefined });
  if (decoded.kind === 'lease') return decoded.lease.attributes;
  throw new StoreError(`cannot write the lease ${key}: ${decoded.reason}`, { retryable: false });
}

function noReservations(): StoreError {
  return new StoreError(
    'the store kubernetes has no reservations: the cluster assigns a podCIDR to each Node',
    {
      retryable: false,
      hint: 'set spec.podCIDR of the Node',
    },
  );
}
