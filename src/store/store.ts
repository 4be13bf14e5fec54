import type { LeaseSubnets } from '../lease/lease.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';

/** A lease as a store holds it: text that has not been parsed. */
export interface LeaseRecord {
  /** The key without its prefix: `10.50.4.0-24`. */
  readonly key: string;
  /** The value, as flannel's JSON. */
  readonly value: string;
  /**
   * The time of expiry in milliseconds since the epoch; undefined for a reservation, which never expires. Infinity if a listing or a watch
   * knows only that the lease will expire; see {@link ListOptions.expiries}.
   */
  readonly expiresAt: number | undefined;
  /** A text that changes with each write of this key; {@link LeaseStore.replace} and {@link LeaseStore.remove} compare it. */
  readonly revision: string;
}

/** The most bytes of a lease's value. A usual one takes some two hundred, but other machines write them, and every node keeps them all. */
export const largestLeaseValue = 65_536;

/** The hint for a lease that is too large to be written. */
export const oversizedLeaseHint =
  'nearly all of it is the backend data, which PreStartupCommand prints: correct the command, so that it prints less';

/** An entry of the store that is not a lease: torn, foreign, unreadable. It is reported and skipped. */
export interface StoreFault {
  /** The place of the entry, in the operator's words. */
  readonly where: string;
  /** The reason why the entry is skipped, as a predicate: `is empty`. */
  readonly reason: string;
  /** The entry's key, if the key names a range: the entry is in the place of one or more leases. */
  readonly key?: string;
}

export type StoreChange =
  | { readonly kind: 'put'; readonly record: LeaseRecord }
  /** The lease was removed or has expired. */
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'fault'; readonly fault: StoreFault };

/** A point in a store's history; only the store that made it can read it. */
export type Cursor = string & { readonly brand: unique symbol };

export interface Listing {
  readonly records: readonly LeaseRecord[];
  readonly faults: readonly StoreFault[];
  /** The cursor for {@link LeaseStore.watch}, which then yields every later change. */
  readonly cursor: Cursor;
}

/** A part of a list that comes in pages. */
export type ListPart =
  /** The list begins, or begins again: pages before this part do not count. */
  | { readonly kind: 'begin' }
  | {
      readonly kind: 'page';
      readonly records: readonly LeaseRecord[];
      readonly faults: readonly StoreFault[];
    }
  /** The list is whole. The cursor is as in {@link Listing}. */
  | { readonly kind: 'end'; readonly cursor: Cursor };

export interface ListOptions {
  /**
   * Whether to find out when each lease expires, even if that takes a request for each. People ask for it; nodes follow a store without it.
   * Default false.
   */
  readonly expiries?: boolean;
}

/** Thrown by {@link LeaseStore.watch} when the store has forgotten changes since the cursor. The caller must list again. */
export class CursorLostError extends Error {
  override readonly name = 'CursorLostError';
}

/**
 * Thrown by any method when the store cannot be reached or written. `retryable` is true for an outage, and false for an
 * error that an operator must fix.
 */
export class StoreError extends Error {
  override readonly name = 'StoreError';
  readonly retryable: boolean;
  readonly hint: string | undefined;

  constructor(message: string, options: { retryable: boolean; hint?: string; cause?: unknown }) {
    super(message, { cause: options.cause });
    this.retryable = options.retryable;
    this.hint = options.hint;
  }
}

/** Thrown for a call that was given up because the process ends. The effect of the call is unknown. */
export class StoreAbandonedError extends StoreError {
  constructor(message: string) {
    super(message, { retryable: true });
  }
}

/**
 * The purpose of an open store. `read-write` creates a store if it does not exist; `existing` and `read-only` do not.
 * `read-only` does not need the permission to write.
 */
export type OpenMode = 'read-write' | 'existing' | 'read-only';

/** The place of the network configuration in a store. */
export interface StoredNetworkPlace {
  /** A noun: `the key /coreos.com/network/config in the v3 API of etcd`. */
  readonly place: string;
  /** The likely cause of its absence and the cure, as a clause; undefined if no cause can be seen. */
  readonly cause: string | undefined;
  /** The cure where `heddle network set` does not write the configuration, as a clause. */
  readonly hint?: string;
}

/** The largest lead or lag of a clock that does not matter, in milliseconds: a write to a slow share takes a while. */
export const toleratedClockLeadMs = 30_000;

/** This node in a store that assigns a subnet to each node. Each method throws a {@link StoreError}. */
export interface AssignedNode {
  /** Reads the subnets that are assigned to this node. The error is retryable while none is. */
  readSubnets(): Promise<LeaseSubnets>;
  /** Reads the public addresses that an operator has set for this node in the store. They are not checked. */
  readPublicAddresses(): Promise<PublicAddresses>;
  /** Reports that the network is up on this node, if the operator wants that. */
  reportReady(): Promise<void>;
}

/**
 * Holds one network's configuration and its leases. Every implementation passes `test/contract/store.ts`. An expired lease counts as
 * absent: it is not listed, and its key can be created again.
 */
export interface LeaseStore {
  /** The store's name for messages: `files in /var/lib/heddle/store`. Holds no secret. */
  readonly description: string;
  /**
   * The time by which this machine's clock is ahead of the store's clock, in milliseconds. Undefined for a store that does not compare
   * clocks, or that is only read.
   */
  readonly clockLeadMs?: number | undefined;
  /** This node, in a store that assigns the subnets; then {@link create} takes only this node's. Undefined where nodes choose subnets. */
  readonly node?: AssignedNode | undefined;

  /** Checks that this process may follow and write leases, as far as a list of them does not show. Writes nothing. Throws a {@link StoreError} if it may not. */
  examineWriting?(): Promise<void>;
  /**
   * Compares the clocks as {@link clockLeadMs} does, but without a write. Undefined if that is not possible. Throws a {@link StoreError}.
   */
  measureClockLead?(): Promise<number | undefined>;

  /** The network configuration document with its name for messages, or undefined while there is none. */
  readNetwork(): Promise<{ readonly name: string; readonly text: string } | undefined>;
  /**
   * The place where {@link readNetwork} reads, and why the document may be missing there. Never throws for something that it cannot see.
   */
  locateNetwork?(): Promise<StoredNetworkPlace>;
  /** Writes the network configuration if there is none, atomically. Returns the text that is in the store afterwards. */
  createNetwork(text: string): Promise<string>;
  /**
   * Withdraws a network configuration that no node uses: only if the store still has this text and no lease, reservations included. A node
   * that takes a lease at the same moment may find it gone, and must check for that.
   */
  withdrawNetwork(text: string): Promise<'withdrawn' | 'kept'>;

  /** Writes the network configuration, and replaces an earlier one. Nodes read it when they start. */
  writeNetwork(text: string): Promise<void>;

  list(options?: ListOptions): Promise<Listing>;
  /**
   * Lists the leases page by page, and reads the next page while the caller works on the present one. A change between two pages is in the
   * list, or the watch from its cursor reports it. A lease that is in no page is gone only once the list has ended. The caller may leave off
   * after any part. Throws the errors of {@link list}.
   */
  listPages(): AsyncIterable<ListPart>;
  /** Reads one lease. Undefined if the key has none, or if it cannot be read. `expiresAt` is as in {@link list}. */
  readLease(key: string): Promise<LeaseRecord | undefined>;
  /**
   * Yields changes since the cursor, the oldest first; several at once if they came at once. Ends when the signal is aborted. Throws {@link
   * CursorLostError} or {@link StoreError}. A change may be reported more than once.
   */
  watch(cursor: Cursor, signal: AbortSignal): AsyncIterable<readonly StoreChange[]>;

  /** Creates a lease if its key is free, atomically among all processes. */
  create(key: string, value: string, ttlSeconds: number | undefined): Promise<LeaseRecord | 'taken'>;
  /**
   * Writes a lease again with a new time to live, if it is still equal to `previous`. `gone` if it expired, was removed, or was written by
   * another process. A reservation stays one even with `ttlSeconds`; without it, a lease becomes one.
   */
  replace(
    previous: LeaseRecord,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<LeaseRecord | 'gone'>;
  /** Removes a lease, if it is still equal to `previous`. */
  remove(previous: LeaseRecord): Promise<'removed' | 'gone'>;
  /** Removes the entry under a key, even if it is not a lease or cannot be read. Only an operator asks for this. */
  discard(key: string): Promise<'removed' | 'gone'>;

  close(): Promise<void>;
}
