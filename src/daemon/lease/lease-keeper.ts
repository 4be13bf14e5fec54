import { backoffDelay } from '../../time/backoff.ts';
import type { EmitEvent } from '../../event/event.ts';
import { decodeLease } from '../../lease/wire.ts';
import { StoreError } from '../../store/store.ts';
import type { LeaseRecord, LeaseStore } from '../../store/store.ts';
import { type Outage, OutageLog } from './outage-log.ts';

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
/** Two machines with one address would write each other's lease over and over, as fast as the store can tell them. */
const contestBackoff = { firstMs: 1000, capMs: 30_000 };
/** A lease that was left alone for so long is not contested any more, in milliseconds. */
const peacefulMs = 120_000;

/** `setTimeout` fires at once for anything longer. */
const longestTimerMs = 2 ** 31 - 1;

/**
 * Renews this node's lease until stopped. A lease that expired or was deleted is taken again for the same subnet without
 * touching the data plane; only if somebody else holds it by now is it lost.
 */
export class LeaseKeeper {
  readonly #options: LeaseKeeperOptions;
  readonly #outages: OutageLog;
  #record: LeaseRecord;
  /** What is to stand in the lease: the same as in the record, once it was written. */
  #value: string;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #contests = 0;
  #contestedAt = Number.NEGATIVE_INFINITY;
  #renewing: Promise<void> | undefined;
  #isAskedAgain = false;
  #stopped = false;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#outages = new OutageLog(options.emit);
    this.#record = options.record;
    this.#value = options.record.value;
    this.#scheduleRenewal();
  }

  /** What is to stand in the lease. */
  get value(): string {
    return this.#value;
  }

  /** That the store is away, as seen by whoever writes the lease there. */
  get outage(): Outage | undefined {
    return this.#outages.current;
  }

  /** The lease as it was last written. */
  get record(): LeaseRecord {
    return this.#record;
  }

  /** Whether its time is over by this node's clock: it could not be renewed. */
  get isOver(): boolean {
    const { expiresAt } = this.#record;
    return expiresAt !== undefined && Date.now() >= expiresAt;
  }

  /** How long before its end the lease is renewed, in milliseconds. */
  get marginMs(): number {
    const { ttlSeconds, marginSeconds } = this.#options;
    return 1000 * Math.min(marginSeconds, ttlSeconds / 3);
  }

  /** Writes another value into the lease, at once or as soon as the store can be reached. */
  async publish(value: string): Promise<void> {
    if (value === this.#value) return;
    this.#value = value;
    await this.#renewNow();
  }

  /** The store says that the lease is gone or not as it was written: writes it again, not at once if that happens often. */
  async reclaim(): Promise<void> {
    const now = performance.now();
    this.#contests = now - this.#contestedAt < peacefulMs ? this.#contests + 1 : 0;
    this.#contestedAt = now;
    if (this.#contests === 0) await this.#renewNow();
    else this.#schedule(backoffDelay(this.#contests, Math.random(), contestBackoff));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#renewing;
  }

  /** Writes the lease now; while it is being written, once more after that. */
  async #renewNow(): Promise<void> {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#isAskedAgain = this.#renewing !== undefined;
    this.#renewing ??= this.#renewUntilCurrent().finally(() => (this.#renewing = undefined));
    await this.#renewing;
  }

  async #renewUntilCurrent(): Promise<void> {
    await this.#renew();
    if (!this.#takeAskedAgain() || this.#stopped) return;
    await this.#renewUntilCurrent();
  }

  #takeAskedAgain(): boolean {
    const isAskedAgain = this.#isAskedAgain;
    this.#isAskedAgain = false;
    return isAskedAgain;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#renewNow(), Math.min(delayMs, longestTimerMs));
  }

  #scheduleRenewal(): void {
    const { expiresAt } = this.#record;
    if (expiresAt === undefined) return; // a reservation lasts
    const untilMargin = expiresAt - this.marginMs - Date.now();
    // A tenth earlier at most, so that nodes which started together do not renew together.
    this.#schedule(Math.max(0, untilMargin * (1 - Math.random() / 10)));
  }

  async #renew(): Promise<void> {
    const { subnet, emit, onTaken } = this.#options;
    try {
      const outcome = await this.#writeAgain();
      this.#outages.back();
      switch (outcome.kind) {
        case 'written':
          this.#failures = 0;
          this.#record = outcome.record;
          if (outcome.lost !== undefined) emit({ event: 'lease-lost', subnet, because: outcome.lost });
          emit({ event: 'lease-renewed', subnet, expiresAt: describeExpiry(outcome.record.expiresAt) });
          this.#scheduleRenewal();
          return;
        case 'taken':
          this.#stopped = true;
          onTaken(`another node holds it now: ${outcome.value}`);
          return;
        case 'blocked':
          emit({ event: 'lease-lost', subnet, because: outcome.because });
          this.#schedule(this.#retryDelay());
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const retryInMs = this.#retryDelay();
      this.#outages.failed(error, retryInMs);
      this.#schedule(retryInMs);
    }
  }

  #retryDelay(): number {
    this.#failures += 1;
    return backoffDelay(this.#failures, Math.random(), renewalBackoff);
  }

  /** Writes the lease anew, whatever became of it. Throws a StoreError. */
  async #writeAgain(): Promise<Written> {
    const { store, ttlSeconds } = this.#options;
    const { key } = this.#record;
    const value = this.#value;
    const replaced = await store.replace(this.#record, value, ttlSeconds);
    if (replaced !== 'gone') return { kind: 'written', record: replaced };
    const created = await store.create(key, value, ttlSeconds);
    if (created !== 'taken')
      return { kind: 'written', record: created, lost: 'it had expired or been deleted; taken again' };
    const { records, faults } = await store.list();
    const holder = records.find((record) => record.key === key);
    const fault = faults.find((found) => found.key === key);
    if (holder === undefined) {
      const because = fault === undefined ? 'it changes hands' : `${fault.where} ${fault.reason}`;
      return { kind: 'blocked', because: `${because}; it is taken again as soon as it can be` };
    }
    if (!isSameNode(holder, { ...holder, value })) return { kind: 'taken', value: holder.value };
    const again = await store.replace(holder, value, ttlSeconds);
    if (again === 'gone') return { kind: 'blocked', because: 'it changes hands; it is taken again' };
    // Our own words under another revision are a write of ours whose answer never came.
    if (holder.value === value) return { kind: 'written', record: again };
    const lost = `somebody who has this node's address wrote it: ${holder.value}; taken back`;
    return { kind: 'written', record: again, lost };
  }
}

/** What came of writing the lease again. */
type Written =
  | { readonly kind: 'written'; readonly record: LeaseRecord; readonly lost?: string }
  /** A node with another address holds it, with this value. */
  | { readonly kind: 'taken'; readonly value: string }
  /** Nobody is known to hold it, and yet it could not be written. */
  | { readonly kind: 'blocked'; readonly because: string };

/** Whether two leases are of one node, as far as addresses tell. */
function isSameNode(a: LeaseRecord, b: LeaseRecord): boolean {
  const [first, second] = [decodeLease(a), decodeLease(b)];
  if (first.kind !== 'lease' || second.kind !== 'lease') return false;
  const { publicIp, publicIpv6 } = first.lease.attributes;
  return publicIp === second.lease.attributes.publicIp && publicIpv6 === second.lease.attributes.publicIpv6;
}

/** An expiry for messages. */
export function describeExpiry(expiresAt: number | undefined): string {
  return expiresAt === undefined ? 'for ever (reserved)' : new Date(expiresAt).toISOString();
}
