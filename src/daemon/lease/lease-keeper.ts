import type { EmitEvent } from '../../event/event.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { decodeLease } from '../../lease/wire.ts';
import { StoreError } from '../../store/store.ts';
import type { LeaseRecord, LeaseStore } from '../../store/store.ts';
import { timerDelay } from '../../time/longest-timer.ts';
import { OneAtATime } from '../../time/one-at-a-time.ts';
import { retries, retryDelay } from '../../time/retry.ts';
import { describeLateTimer, describeLongCall, type Vital } from '../health/vital.ts';
import { Contest } from './contest.ts';
import { type Outage, OutageLog } from './outage-log.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { OwnLease } from './own-lease.ts';

/** The holder of the lease that a {@link LeaseKeeper} keeps. */
export interface LeaseHolder {
  /** Called before each write of the lease. Does not reject. */
  leaseWriting(write: Pick<LeaseRecord, 'key' | 'value'>): Promise<void>;
  /** Called after each write of the lease, with its new state. Does not reject. */
  leaseWritten(record: LeaseRecord): Promise<void>;
  /** Called when the store answers after an outage. */
  storeAnswered(): void;
  /** Called once, when another node holds the subnet. */
  leaseTaken(because: string): void;
}

interface LeaseKeeperOptions {
  readonly holder: LeaseHolder;
  readonly store: LeaseStore;
  /** This node's lease as it was acquired. */
  readonly record: LeaseRecord;
  /** The subnets that its key names. */
  readonly subnets: LeaseSubnets;
  readonly ttlSeconds: number;
  /** The time before its expiry at which the lease is renewed. */
  readonly marginSeconds: number;
  /** The lease's subnets, for messages. */
  readonly subnet: string;
  readonly emit: EmitEvent;
  readonly concerns: Concerns;
}

/**
 * The work in progress for the lease.
 *
 *     resting ──due, published or touched──▶ writing ──written──▶ resting
 *                                             ▲  │ ╲
 *                                             │  │  └──another node has it──▶ taken
 *                                            due └──the store is away, or it changes hands──▶ retrying
 *                                             └──────────────────────────────────────────────────┘
 *
 * From each state, `stop` leads to `stopped`.
 */
type KeeperState =
  /** The wait for the next renewal; without a timer for a reservation, which does not expire. */
  | { readonly kind: 'resting'; readonly timer: Alarm | undefined }
  /** The lease is being written, after this number of failures in a row. */
  | { readonly kind: 'writing'; readonly failures: number; readonly since: number }
  | { readonly kind: 'retrying'; readonly failures: number; readonly timer: Alarm }
  | { readonly kind: 'taken' }
  | { readonly kind: 'stopped' };

/** A timer with the time when it is due. Times are on the clock of `performance.now`. */
interface Alarm {
  readonly timeout: NodeJS.Timeout;
  readonly dueAt: number;
}

/**
 * Renews this node's lease until stopped. A lease that expired or was deleted is taken again for the same subnet, and the data plane is not
 * touched. The lease is lost only if another node holds it by then.
 */
export class LeaseKeeper implements OwnLease, Vital {
  readonly name = 'lease-keeper';
  readonly #options: LeaseKeeperOptions;
  readonly #outages: OutageLog;
  readonly #writing = new OneAtATime(() => this.#write());
  readonly #contest = new Contest(() => this.#options.concerns.set('lease-contested', []));
  #state: KeeperState;
  /** The lease as it was last written. */
  #record: LeaseRecord;
  /** The wanted attributes of the lease: the same as in the record, after a write. */
  #value: string;

  constructor(options: LeaseKeeperOptions) {
    this.#options = options;
    this.#outages = new OutageLog(options.emit);
    this.#record = options.record;
    this.#value = options.record.value;
    this.#state = this.#rest();
  }

  get key(): string {
    return this.#record.key;
  }

  get subnets(): LeaseSubnets {
    return this.#options.subnets;
  }

  get value(): string {
    return this.#value;
  }

  /** The outage of the store, as the writer of the lease sees it. */
  get outage(): Outage | undefined {
    return this.#outages.current;
  }

  get record(): LeaseRecord {
    return this.#record;
  }

  get isOver(): boolean {
    const { expiresAt } = this.#record;
    return expiresAt !== undefined && Date.now() >= expiresAt;
  }

  get marginMs(): number {
    const { ttlSeconds, marginSeconds } = this.#options;
    return 1000 * Math.min(marginSeconds, ttlSeconds / 3);
  }

  /** Writes another value into the lease, at once or as soon as the store can be reached. */
  async publish(value: string): Promise<void> {
    if (value === this.#value) return;
    this.#value = value;
    await this.#writeNow();
  }

  async reclaim(): Promise<void> {
    const contests = this.#contest.touched();
    if (contests === 0) return this.#writeNow();
    if (this.#hasEnded) return;
    this.#enter(this.#retry(this.#failures, retryDelay(contests, Math.random(), retries.contest)));
  }

  storeAnswered(): void {
    if (this.outage === undefined) return;
    const state = this.#state;
    switch (state.kind) {
      case 'retrying':
        clearAlarm(state);
        this.#state = { ...state, failures: 0 };
        void this.#writeNow();
        return;
      case 'writing':
        // This write may wait on a dead connection. If it fails, the next one follows soon.
        this.#state = { ...state, failures: 0 };
        return;
      case 'resting':
      case 'taken':
      case 'stopped':
        return;
    }
  }

  async stop(): Promise<void> {
    this.#enter({ kind: 'stopped' });
    this.#contest.stop();
    await this.#writing.idle();
  }

  stall(): string | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'writing':
        return describeLongCall('the lease of this node has been written', performance.now() - state.since);
      case 'resting':
      case 'retrying':
        return (
          state.timer && describeLateTimer('the renewal of the lease', state.timer.dueAt - performance.now())
        );
      case 'taken':
      case 'stopped':
        return undefined;
    }
  }

  get #hasEnded(): boolean {
    return this.#state.kind === 'taken' || this.#state.kind === 'stopped';
  }

  /** Replaces the state and its timer. An ended keeper keeps its state. */
  #enter(state: KeeperState): void {
    clearAlarm(this.#state);
    if (this.#hasEnded) {
      clearAlarm(state);
      return;
    }
    this.#state = state;
  }

  async #writeNow(): Promise<void> {
    if (!this.#hasEnded) await this.#writing.run();
  }

  /** Waits for the renewal, up to a tenth less than the usual time, so that nodes which started together do not renew together. */
  #rest(): Extract<KeeperState, { kind: 'resting' }> {
    const { expiresAt } = this.#record;
    if (expiresAt === undefined) return { kind: 'resting', timer: undefined };
    const untilMargin = expiresAt - this.marginMs - Date.now();
    return { kind: 'resting', timer: this.#wakeIn(untilMargin * (1 - Math.random() / 10)) };
  }

  #retry(failures: number, delayMs: number): Extract<KeeperState, { kind: 'retrying' }> {
    return { kind: 'retrying', failures, timer: this.#wakeIn(delayMs) };
  }

  #wakeIn(delayMs: number): Alarm {
    const inMs = timerDelay(delayMs);
    return { timeout: setTimeout(() => void this.#writeNow(), inMs), dueAt: performance.now() + inMs };
  }

  /** Failures in a row so far. */
  get #failures(): number {
    return 'failures' in this.#state ? this.#state.failures : 0;
  }

  async #write(): Promise<void> {
    if (this.#hasEnded) return;
    const { subnet, emit, holder } = this.#options;
    this.#enter({ kind: 'writing', failures: this.#failures, since: performance.now() });
    try {
      const outcome = await this.#writeAgain();
      if (this.#outages.answered() !== undefined) holder.storeAnswered();
      switch (outcome.kind) {
        case 'written':
          this.#record = outcome.record;
          if (outcome.lost !== undefined) emit({ event: 'lease-lost', subnet, because: outcome.lost });
          if (outcome.writer !== undefined) this.#raiseContest(outcome.writer);
          this.#raiseExpiry();
          emit({ event: 'lease-renewed', subnet, expiresAt: describeExpiry(outcome.record.expiresAt) });
          this.#enter(this.#rest());
          await holder.leaseWritten(outcome.record);
          return;
        case 'taken':
          this.#enter({ kind: 'taken' });
          holder.leaseTaken(`another node holds it now: ${outcome.value}`);
          return;
        case 'blocked':
          emit({ event: 'lease-lost', subnet, because: outcome.because });
          this.#raiseExpiry();
          this.#retryAfterFailure();
      }
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#raiseExpiry();
      this.#outages.failed(error, this.#retryAfterFailure());
    }
  }

  /** Waits for the next write. Returns the delay in milliseconds, which is limited so that the end of the lease is noticed in time. */
  #retryAfterFailure(): number {
    const failures = this.#failures + 1;
    const leftMs = (this.#record.expiresAt ?? Number.POSITIVE_INFINITY) - Date.now();
    const delayMs =
      leftMs > 0
        ? Math.min(leftMs, retryDelay(failures, Math.random(), retries.renewal))
        : retryDelay(failures, Math.random(), retries.expiredLease);
    this.#enter(this.#retry(failures, delayMs));
    return delayMs;
  }

  #raiseExpiry(): void {
    const { subnet, concerns } = this.#options;
    const { key, expiresAt } = this.#record;
    if (!this.isOver) return concerns.set('lease-expired', []);
    const because = `the lease ${subnet} of this node expired at ${describeExpiry(expiresAt)}: peers may drop this node, and another node may take the subnet`;
    const hint = 'make the store reachable; heddle renews the lease as soon as the store answers';
    concerns.set('lease-expired', [{ about: key, because, hint }]);
  }

  /** Raises the concern that another machine writes this node's lease. The concern ends when the writes stop. */
  #raiseContest(value: string): void {
    const { subnet, concerns } = this.#options;
    const because = `another machine writes the lease ${subnet} of this node, because it has the same public address: ${value}`;
    const hint = 'find that machine, and give each node an address of its own with --iface or --public-ip';
    concerns.set('lease-contested', [{ about: this.key, because, hint }]);
    this.#contest.confirmed();
  }

  /** Writes the lease, even if it expired, was deleted or was changed. Throws a StoreError. */
  async #writeAgain(): Promise<RenewalResult> {
    const { store, ttlSeconds, holder: leaseHolder } = this.#options;
    const { key } = this.#record;
    const value = this.#value;
    await leaseHolder.leaseWriting({ key, value });
    const replaced = await store.replace(this.#record, value, ttlSeconds);
    if (replaced !== 'gone') return { kind: 'written', record: replaced };
    const created = await store.create(key, value, ttlSeconds);
    if (created !== 'taken')
      return { kind: 'written', record: created, lost: 'it had expired or been deleted; taken again' };
    const { records, faults } = await store.list();
    const holder = records.find((record) => record.key === key);
    const fault = faults.find((found) => found.key === key);
    if (holder === undefined) {
      const because = fault === undefined ? 'another node takes it' : `${fault.where} ${fault.reason}`;
      return { kind: 'blocked', because: `${because}; heddle takes it again as soon as possible` };
    }
    // A lease with an earlier address of this node may be a write of this node whose answer was lost.
    const isOurs = holder.value === this.#record.value || isSameNode(holder, { ...holder, value });
    if (!isOurs) return { kind: 'taken', value: holder.value };
    const again = await store.replace(holder, value, ttlSeconds);
    if (again === 'gone') return { kind: 'blocked', because: 'another node takes it; heddle takes it again' };
    // An equal value under another revision is a write of this node whose answer was lost.
    if (holder.value === value) return { kind: 'written', record: again };
    const lost = `another machine with this node's address wrote it: ${holder.value}; taken back`;
    return { kind: 'written', record: again, lost, writer: holder.value };
  }
}

function clearAlarm(state: KeeperState): void {
  if ('timer' in state) clearTimeout(state.timer?.timeout);
}

/** The result of writing the lease again. */
type RenewalResult =
  | {
      readonly kind: 'written';
      readonly record: LeaseRecord;
      readonly lost?: string;
      readonly writer?: string;
    }
  /** A node with another address holds the lease, with this value. */
  | { readonly kind: 'taken'; readonly value: string }
  /** No known node holds the lease, but it could not be written. */
  | { readonly kind: 'blocked'; readonly because: string };

/** Whether two leases belong to one node, by their addresses. */
function isSameNode(a: LeaseRecord, b: LeaseRecord): boolean {
  const [first, second] = [decodeLease(a), decodeLease(b)];
  if (first.kind !== 'lease' || second.kind !== 'lease') return false;
  const { publicIp, publicIpv6 } = first.lease.attributes;
  return publicIp === second.lease.attributes.publicIp && publicIpv6 === second.lease.attributes.publicIpv6;
}

/** The time at which a lease expires, for events: `never` for a reservation and for the lease of a Node. */
export function describeExpiry(expiresAt: number | undefined): string {
  return expiresAt === undefined ? 'never' : new Date(expiresAt).toISOString();
}
