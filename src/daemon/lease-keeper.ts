import { backoffDelay } from '../engine/backoff.ts';
import type { EmitEvent } from '../event/event.ts';
import { StoreError } from '../store/store.ts';
import type { LeaseRecord, LeaseStore } from '../store/store.ts';

export interface LeaseKeeperOptions {
  readonly store: LeaseStore;
  /** This node's lease as it was acquired. */
  readonly record: LeaseRecord;
  readonly ttlSeconds: number;
  /** How long before its expiry the lease is renewed. */
  readonly marginSeconds: number;
  /** For messages: the lease's subnets. */
  readonly subnet: string;
  readonly emit: EmitEvent;
  /** Called once, when another node holds this subnet now. */
  readonly onTaken: (because: string) => void;
}

const renewalBackoff = { firstMs: 1000, capMs: 30_000 };

/** `setTimeout` fires at once for anything longer. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Renews this node's lease until stopped. A lease that expired or was deleted is taken again for the same subnet without
 * touching the data plane; only if somebody else holds it by now is it lost.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  #record: LeaseRecord;
  /** What is to stand in the lease: the same as in the record, once it was written. */
  #value: string;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #renewing: Promise<void> | undefined;
  #stopped = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#value = options.record.value;
    this.#scheduleRenewal();
  }

  /** The lease as it was last written. */
  get record(): LeaseRecord {
    return this.#record;
  }

  /** Writes another value into the lease, at once or as soon as the store can be reached. */
  async publish(value: string): Promise<void> {
    if (value === this.#value) return;
    this.#value = value;
    await this.renewNow();
  }

  /** Renews now: for when the store says that the lease is gone. */
  async renewNow(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    await (this.#renewing ??= this.#renew().finally(() => (this.#renewing = undefined)));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#renewing;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.renewNow(), Math.min(delayMs, longestTimerMs));
  }

  #scheduleRenewal(): void {
    const { expiresAt } = this.#record;
    if (expiresAt === undefined) return; // a reservation lasts
    const { ttlSeconds, marginSeconds } = this.#options;
    const marginMs = 1000 * Math.min(marginSeconds, ttlSeconds / 3);
    const untilMargin = expiresAt - marginMs - Date.now();
    // A tenth earlier at most, so that nodes which started together do not renew together.
    this.#schedule(Math.max(0, untilMargin * (1 - Math.random() / 10)));
  }

  async #renew(): Promise<void> {
    try {
      const renewed = await this.#writeAgain();
      this.#failures = 0;
      if (renewed === undefined) return;
      this.#record = renewed;
      this.#options.emit({
        event: 'lease-renewed',
        subnet: this.#options.subnet,
        expiresAt: describeExpiry(renewed.expiresAt),
      });
      this.#scheduleRenewal();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#failures += 1;
      const retryInMs = backoffDelay(this.#failures, Math.random(), renewalBackoff);
      this.#options.emit({ event: 'store-outage', because: error.message, retryInMs });
      this.#schedule(retryInMs);
    }
  }

  /** The lease written anew, or undefined if another node has it. Throws a StoreError. */
  async #writeAgain(): Promise<LeaseRecord | undefined> {
    const { store, ttlSeconds, subnet, emit, onTaken } = this.#options;
    const { key } = this.#record;
    const value = this.#value;
    const replaced = await store.replace(this.#record, value, ttlSeconds);
    if (replaced !== 'gone') return replaced;
    const created = await store.create(key, value, ttlSeconds);
    if (created !== 'taken') {
      emit({ event: 'lease-lost', subnet, because: 'it had expired or been deleted; taken again' });
      return created;
    }
    const holder = (await store.list()).records.find((record) => record.key === key);
    // Our own words under another revision: a write of ours whose answer never came.
    if (holder?.value === value) {
      const again = await store.replace(holder, value, ttlSeconds);
      if (again !== 'gone') return again;
    }
    onTaken(`another node holds it now: ${holder?.value ?? 'it has changed hands again'}`);
    return undefined;
  }
}

/** An expiry for messages. */
export function describeExpiry(expiresAt: number | undefined): string {
  return expiresAt === undefined ? 'for ever (reserved)' : new Date(expiresAt).toISOString();
}
