import type { EmitEvent } from '../../event/event.ts';
import type { EngineInput } from '../../engine/operation.ts';
import { Roster } from '../../lease/roster.ts';
import type { LeaseReading } from '../../lease/open-list.ts';
import type { RosterChange } from '../../lease/roster.ts';
import type { PeerRules } from '../../lease/check-peer.ts';
import type { Peer } from '../../lease/lease.ts';
import { decodeLease, shownKey } from '../../lease/wire.ts';
import { followLeases, type FollowStep } from '../../store/follow.ts';
import type { LeaseRecord, LeaseStore, StoreChange, StoreFault } from '../../store/store.ts';
import type { OwnLease } from '../lease/own-lease.ts';
import { describeLateTimer, describeLongCall, type Vital } from '../health/vital.ts';
import { LatePeers } from './late-peers.ts';
import { raiseLeaseConcerns } from './lease-concerns.ts';
import { type Outage, OutageLog } from '../lease/outage-log.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { PeerLinks } from './peer-links.ts';
import type { PeerLoop } from './peer-loop.ts';

interface PeerFollowerOptions {
  readonly store: LeaseStore;
  readonly rules: PeerRules;
  readonly own: OwnLease;
  /** The peers that an earlier daemon left in the kernel. */
  readonly earlier: readonly Peer[];
  /** Whether leases may have ended only because no node could renew them. */
  readonly mayBeLate: boolean;
  readonly loop: PeerLoop;
  readonly links: PeerLinks;
  readonly concerns: Concerns;
  readonly emit: EmitEvent;
}

interface ListSoFar {
  readonly faults: StoreFault[];
  /** The value of this node's own lease. */
  ownValue: string | undefined;
}

/** Follows the store's leases, keeps the roster, and feeds the engine the wanted peers. */
export class PeerFollower implements Vital {
  readonly name = 'lease-follower';
  readonly #options: PeerFollowerOptions;
  readonly #roster: Roster;
  readonly #late: LatePeers;
  readonly #outages: OutageLog;
  /** The peers of an earlier daemon, until the first list shows their present state. */
  #earlier: readonly Peer[];
  /** Whether peers that the next snapshot lacks may only be late. */
  #mayBeLate: boolean;
  /** The step that it is in, and the beginning of that step on the clock of `performance.now`. */
  #step: { readonly step: FollowStep; readonly since: number } | undefined;
  /** The part of a list so far that only its end can use. */
  #list: ListSoFar = { faults: [], ownValue: undefined };
  /** Aborted to list the leases again. */
  #listing = new AbortController();
  /** The skipped entries so far, with the reason, so that a list does not report them again. */
  #faults = new Set<string>();

  constructor(options: PeerFollowerOptions) {
    this.#options = options;
    this.#earlier = options.earlier;
    this.#mayBeLate = options.mayBeLate;
    this.#roster = new Roster(options.rules, options.own, options.earlier);
    this.#outages = new OutageLog(options.emit);
    this.#late = new LatePeers(options.own, (keys) =>
      this.#apply(keys.flatMap((key) => this.#roster.delete(key))),
    );
  }

  get roster(): Roster {
    return this.#roster;
  }

  /** The outage of the store, as its follower sees it. */
  get outage(): Outage | undefined {
    return this.#outages.current;
  }

  stall(): string | undefined {
    if (this.#step === undefined) return undefined;
    const { step, since } = this.#step;
    const ageMs = performance.now() - since;
    switch (step.kind) {
      case 'listing':
        return describeLongCall('the leases in the store have been listed', ageMs);
      case 'watching':
        return undefined;
      case 'pausing':
        return describeLateTimer('the next try to list the leases', step.forMs - ageMs);
    }
  }

  /**
   * Follows the store until the signal is aborted. Calls `onSnapshot` whenever the engine has received a whole list. Throws a StoreError that
   * waiting does not cure.
   */
  async follow(signal: AbortSignal, onSnapshot: () => void = () => undefined): Promise<void> {
    try {
      do {
        this.#listing = new AbortController();
        await this.#followOnce(AbortSignal.any([signal, this.#listing.signal]), onSnapshot);
      } while (this.#listing.signal.aborted && !signal.aborted);
    } finally {
      this.#late.stop();
      this.#step = undefined;
    }
  }

  /** Lists and judges all leases again, because the addresses of this node have changed. */
  relist(): void {
    this.#listing.abort();
  }

  /** Lists the leases now if the last try failed. Call when the store answers another request after an outage. */
  storeAnswered(): void {
    if (this.#step?.step.kind === 'pausing') this.relist();
  }

  /** Follows the store until the signal is aborted or the store is closed. */
  async #followOnce(signal: AbortSignal, onSnapshot: () => void): Promise<void> {
    const updates = followLeases(this.#options.store, {
      signal,
      onStep: (step) => (this.#step = { step, since: performance.now() }),
      outages: {
        failed: (error, retryInMs) => this.#outages.failed(error, retryInMs),
        answered: () => this.#noteAnswer(),
      },
    });
    for await (const update of updates) {
      switch (update.kind) {
        case 'begin':
          await this.#options.links.look();
          if (signal.aborted) return;
          this.#beginList();
          break;
        case 'page':
          this.#takePage(update.records, update.faults);
          break;
        case 'end':
          this.#endList();
          onSnapshot();
          break;
        case 'changes':
          this.#takeChanges(update.changes);
      }
    }
  }

  #noteAnswer(): void {
    const outage = this.#outages.answered();
    if (outage === undefined) return;
    this.#options.own.storeAnswered();
    const { afterMs, isLogged } = outage;
    this.#mayBeLate ||= afterMs >= this.#options.own.marginMs;
    if (isLogged) this.#options.emit({ event: 'store-back', afterMs });
  }

  #beginList(): void {
    this.#roster.beginList();
    this.#list = { faults: [], ownValue: undefined };
  }

  /** Has the peers of a page applied, as far as the rest of the list cannot change them. */
  #takePage(records: readonly LeaseRecord[], faults: readonly StoreFault[]): void {
    const { own, links, loop } = this.#options;
    this.#list.faults.push(...faults);
    for (const { key, value } of records) {
      this.#late.settle(key);
      if (key === own.key) this.#list.ownValue = value;
    }
    for (const { key } of faults) if (key !== undefined) this.#late.settle(key);
    const peers = this.#roster.takePage(records.map(readRecord));
    if (peers.length > 0) loop.feed({ kind: 'page', peers: peers.map((peer) => links.place(peer)) });
  }

  #endList(): void {
    const { own, loop, emit } = this.#options;
    const { faults, ownValue } = this.#list;
    this.#takeNamelessFaults(faults.filter(({ key }) => key === undefined));
    this.#roster.takePage(faults.flatMap(readFault));
    this.#keepLate(this.#roster.listed);
    for (const change of this.#roster.endList(this.#late.keys)) this.#report(change);
    const { accepted, ignored, rejected } = this.#roster.counts;
    emit({ event: 'snapshot', peers: accepted, ignored, rejected });
    raiseLeaseConcerns(this.#roster, this.#options.concerns);
    // The engine gets the whole list: after a restart it also has peers that only the journal remembers.
    loop.feed({ kind: 'snapshot', peers: this.#roster.peers.map((peer) => this.#options.links.place(peer)) });
    if (ownValue !== own.value) void own.reclaim();
  }

  #takeChanges(changes: readonly StoreChange[]): void {
    const late: string[] = [];
    for (const change of changes) {
      if (change.kind === 'fault') this.#takeFault(change.fault);
      else if (change.kind === 'put') this.#takeRecord(change.record);
      else if (this.#options.own.isOver && this.#roster.isPeer(change.key)) late.push(change.key);
      else this.#takeDelete(change.key);
    }
    this.#awaitLate(late);
  }

  /** Keeps the peers that a list lacks and that may only be late. */
  #keepLate(present: ReadonlySet<string>): void {
    const { own } = this.#options;
    const isExcused = this.#mayBeLate || own.isOver || !present.has(own.key);
    const known = new Set([...this.#roster.peers, ...this.#earlier].map(({ key }) => key));
    this.#mayBeLate = false;
    this.#earlier = [];
    if (!isExcused) return;
    this.#awaitLate([...known].filter((key) => !present.has(key) && !this.#late.keys.has(key)));
  }

  #awaitLate(keys: readonly string[]): void {
    if (keys.length === 0) return;
    if (this.#late.keys.size === 0) {
      const message =
        'leases of peers ended while the store or this node was away; ' +
        'the peers stay for a minute, so that their nodes can write their leases again';
      this.#options.emit({ event: 'warning', message });
    }
    this.#late.add(keys);
  }

  #takeRecord(record: LeaseRecord): void {
    const { own } = this.#options;
    this.#late.settle(record.key);
    if (record.key === own.key && record.value !== own.value) void own.reclaim();
    this.#apply(this.#roster.put(readRecord(record)));
  }

  #takeDelete(key: string): void {
    const { own } = this.#options;
    if (key === own.key) void own.reclaim();
    this.#apply(this.#roster.delete(key));
  }

  #takeFault(fault: StoreFault): void {
    const [lease] = readFault(fault);
    if (fault.key !== undefined) this.#late.settle(fault.key);
    const { own } = this.#options;
    if (fault.key === own.key) void own.reclaim();
    if (lease === undefined) this.#reportFault(fault);
    else this.#apply(this.#roster.put(lease));
  }

  #apply(changes: readonly RosterChange[]): void {
    const inputs: EngineInput[] = [];
    for (const change of changes) {
      if (change.kind === 'put') inputs.push({ kind: 'put', peer: this.#options.links.place(change.peer) });
      else if (change.kind === 'delete') inputs.push(change);
      else this.#report(change);
    }
    if (inputs.length > 0) this.#options.loop.feed(...inputs);
    raiseLeaseConcerns(this.#roster, this.#options.concerns);
  }

  /** Reads the routes of this host again. A peer that is on another link now has changed, unless the signal has ended the work. */
  async lookAtLinks(signal: AbortSignal): Promise<void> {
    const { links, loop } = this.#options;
    await links.look();
    if (signal.aborted) return;
    const placed = this.#roster.peers.map((peer) => links.place(peer));
    // Peers on the same links share one object.
    const changed = placed.filter(({ key, link }) => loop.engine.entries.get(key)?.wanted?.link !== link);
    loop.feed(...changed.map((peer) => ({ kind: 'put', peer }) as const));
  }

  /** Reports the parts of a change that an operator may have to handle. */
  #report(change: RosterChange): void {
    const { emit } = this.#options;
    switch (change.kind) {
      case 'rejected':
        emit({ event: 'lease-rejected', key: shownKey(change.key), because: change.because });
        return;
      case 'shared-address': {
        this.#dropMoved(change.keys);
        return;
      }
      case 'put':
      case 'delete':
        return;
    }
  }

  /** Drops late leases that share an address with a lease that is not late: their node has another subnet now. */
  #dropMoved(keys: readonly string[]): void {
    const prompt = keys.filter((key) => !this.#late.keys.has(key));
    if (prompt.length === 0) return;
    const moved = keys.filter((key) => this.#late.keys.has(key));
    for (const key of moved) this.#late.settle(key);
    this.#apply(moved.flatMap((key) => this.#roster.delete(key)));
  }

  /** Replaces the faults of entries that do not stand for a lease, and reports the new ones. */
  #takeNamelessFaults(faults: readonly StoreFault[]): void {
    const told = this.#faults;
    this.#faults = new Set(faults.map(nameFault));
    for (const fault of faults) if (!told.has(nameFault(fault))) this.#reportFault(fault);
  }

  #reportFault(fault: StoreFault): void {
    this.#faults.add(nameFault(fault));
    this.#options.emit({ event: 'store-fault', where: fault.where, because: fault.reason });
  }
}

function nameFault({ where, reason }: StoreFault): string {
  return JSON.stringify([where, reason]);
}

/** Reads a fault with a lease's key as a rejected lease, whose last good state stays. */
function readFault({ key, where, reason }: StoreFault): LeaseReading[] {
  return key === undefined ? [] : [{ kind: 'malformed', key, reason: `${where} ${reason}` }];
}

function readRecord(record: LeaseRecord): LeaseReading {
  const decoded = decodeLease(record);
  return decoded.kind === 'lease' ? decoded : { kind: 'malformed', key: record.key, reason: decoded.reason };
}
