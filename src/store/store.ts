/** A lease as a store holds it: text, not yet read. */
export interface LeaseRecord {
  /** The key without its prefix: `10.50.4.0-24`. */
  readonly key: string;
  /** flannel's JSON. */
  readonly value: string;
  /**
   * Milliseconds since the epoch; undefined for a reservation, which never expires. Infinity where a listing or a watch
   * knows only that the lease will expire: see {@link ListOptions.expiries}.
   */
  readonly expiresAt: number | undefined;
  /** Changes with each write of this key; what {@link LeaseStore.replace} and {@link LeaseStore.remove} compare. */
  readonly revision: string;
}

/** The most bytes of a lease's value. A lease takes some two hundred; other machines write them, and every node keeps them all. */
export const largestLeaseValue = 65_536;

/** Something in the store that is not a lease: torn, foreign, unreadable. Reported and passed over. */
export interface StoreFault {
  /** Where it stands, as the operator would name it. */
  readonly where: string;
  /** One clause: why it was passed over. */
  readonly reason: string;
  /** Its key, if that names a range: it stands in the place of a lease, or of several. */
  readonly key?: string;
}

export type StoreChange =
  | { readonly kind: 'put'; readonly record: LeaseRecord }
  /** Removed or expired. */
  | { readonly kind: 'delete'; readonly key: string }
  | { readonly kind: 'fault'; readonly fault: StoreFault };

/** A point in a store's history; only the store that made it can read it. */
export type Cursor = string & { readonly brand: unique symbol };

export interface Listing {
  readonly records: readonly LeaseRecord[];
  readonly faults: readonly StoreFault[];
  /** Pass it to {@link LeaseStore.watch} to see every later change. */
  readonly cursor: Cursor;
}

export interface ListOptions {
  /**
   * Find out when each lease expires, even if that takes a request for each: for people, who ask for it. Nodes follow a
   * store without. Default false.
   */
  readonly expiries?: boolean;
}

/** Thrown by {@link LeaseStore.watch} when changes since the cursor are no longer known. List again. */
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

/** Thrown for a call that nobody waits for any more, because the process ends. Whether it was done is not known. */
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
  /** The likely cause of its absence and the cure, as a clause; undefined if none can be seen. */
  readonly cause: string | undefined;
}

/**
 * Holds one network's configuration and its leases. Every implementation passes `test/contract/store.ts`.
 * A lease whose time is over is as good as absent: it is not listed, and its key can be created again.
 */
export interface LeaseStore {
  /** For messages: `files in /var/lib/heddle/store`. Holds no secret. */
  readonly description: string;
  /**
   * How far this machine's clock is ahead of the clock that the store writes with, in milliseconds; undefined for a store that does not
   * compare clocks, and before the first write.
   */
  readonly clockLeadMs?: number | undefined;

  /** The network configuration document with its name for messages, or undefined while there is none. */
  readNetwork(): Promise<{ readonly name: string; readonly text: string } | undefined>;
  /** Tells where {@link readNetwork} reads, and why the document may be missing there. Never throws for what it cannot see. */
  locateNetwork?(): Promise<StoredNetworkPlace>;
  /** Writes the network configuration if there is none, atomically. Returns the text that stands afterwards. */
  createNetwork(text: string): Promise<string>;
  /**
   * Takes back a network configuration that nobody has use for: if it still is this text, and no lease stands, reservations
   * included. One that comes at the same moment may find it gone: who takes a lease looks after that.
   */
  withdrawNetwork(text: string): Promise<'withdrawn' | 'kept'>;

  /** Writes the network configuration whatever stood there. Nodes read it when they start. */
  writeNetwork(text: string): Promise<void>;

  list(options?: ListOptions): Promise<Listing>;
  /**
   * Yields changes since the cursor, oldest first, several at once where they came at once; ends when the signal is
   * aborted. Throws {@link CursorLostError} or {@link StoreError}. A change may be reported more than once.
   */
  watch(cursor: Cursor, signal: AbortSignal): AsyncIterable<readonly StoreChange[]>;

  /** Creates a lease if its key is free, atomically among all processes. */
  create(key: string, value: string, ttlSeconds: number | undefined): Promise<LeaseRecord | 'taken'>;
  /**
   * Writes a lease again with a new time to live, if it still is what `previous` says; `gone` if it expired, was
   * removed, or was written by someone else. A reservation stays one whatever `ttlSeconds` says; without it, a lease becomes one.
   */
  replace(
    previous: LeaseRecord,
    value: string,
    ttlSeconds: number | undefined,
  ): Promise<LeaseRecord | 'gone'>;
  /** Removes a lease, if it still is what `previous` says. */
  remove(previous: LeaseRecord): Promise<'removed' | 'gone'>;
  /** Removes whatever stands under a key, even if it is not a lease or cannot be read: an operator says so. */
  discard(key: string): Promise<'removed' | 'gone'>;

  close(): Promise<void>;
}
