import type { EmitEvent } from '../event/event.ts';
import type { EngineInput } from '../engine/operation.ts';
import { Roster } from '../lease/roster.ts';
import type { OwnLease, ReadLease, RosterChange } from '../lease/roster.ts';
import type { PeerRules } from '../lease/check-peer.ts';
import { decodeLease } from '../lease/wire.ts';
import { followLeases } from '../store/follow.ts';
import type { LeaseRecord, LeaseStore, StoreFault } from '../store/store.ts';
import type { PeerLoop } from './peer-loop.ts';

export interface PeerFollowerOptions {
  readonly store: LeaseStore;
  readonly rules: PeerRules;
  readonly own: OwnLease;
  readonly loop: PeerLoop;
  readonly emit: EmitEvent;
  /** The store says that this node's own lease is gone or was written by somebody else. */
  readonly onOwnLeaseTouched: () => void;
  /** What this node wrote into its own lease. */
  readonly ownValue: () => string;
  /** Called after each snapshot was handed to the engine. */
  readonly onSnapshot: () => void;
}

/** Follows the store's leases, keeps the roster, and tells the engine what is wanted. */
export class PeerFollower {
  readonly #options: PeerFollowerOptions;
  readonly #roster: Roster;

  constructor(options: PeerFollowerOptions) {
    this.#options = options;
    this.#roster = new Roster(options.rules, options.own);
  }

  get roster(): Roster {
    return this.#roster;
  }

  /** Ends when the signal is aborted; throws a StoreError that does not pass by itself. */
  async follow(signal: AbortSignal): Promise<void> {
    const { store, emit } = this.#options;
    const updates = followLeases(store, {
      signal,
      onOutage: (error, retryInMs) => emit({ event: 'store-outage', because: error.message, retryInMs }),
      onBack: (afterMs) => emit({ event: 'store-back', afterMs }),
    });
    for await (const update of updates) {
      switch (update.kind) {
        case 'snapshot':
          this.#takeSnapshot(update.records, update.faults);
          break;
        case 'changes':
          for (const change of update.changes) {
            if (change.kind === 'fault') this.#takeFault(change.fault);
            else if (change.kind === 'put') this.#takeRecord(change.record);
            else this.#takeDelete(change.key);
          }
          break;
      }
    }
  }

  #takeSnapshot(records: readonly LeaseRecord[], faults: readonly StoreFault[]): void {
    const { own, loop, emit, onOwnLeaseTouched, ownValue, onSnapshot } = this.#options;
    for (const fault of faults.filter(({ key }) => key === undefined)) this.#reportFault(fault);
    const leases = [...records.map(readRecord), ...faults.flatMap(readFault)];
    for (const change of this.#roster.replaceAll(leases)) this.#report(change);
    const { accepted, ignored, rejected } = this.#roster.counts;
    emit({ event: 'snapshot', peers: accepted, ignored, rejected });
    // The whole list, not the differences: after a restart the engine also holds what only the journal remembers.
    loop.feed({ kind: 'snapshot', peers: this.#roster.peers });
    if (records.find((record) => record.key === own.key)?.value !== ownValue()) onOwnLeaseTouched();
    onSnapshot();
  }

  #takeRecord(record: LeaseRecord): void {
    const { own, ownValue, onOwnLeaseTouched } = this.#options;
    if (record.key === own.key && record.value !== ownValue()) onOwnLeaseTouched();
    this.#apply(this.#roster.put(readRecord(record)));
  }

  #takeDelete(key: string): void {
    if (key === this.#options.own.key) this.#options.onOwnLeaseTouched();
    this.#apply(this.#roster.delete(key));
  }

  #takeFault(fault: StoreFault): void {
    const [lease] = readFault(fault);
    if (fault.key === this.#options.own.key) this.#options.onOwnLeaseTouched();
    if (lease === undefined) this.#reportFault(fault);
    else this.#apply(this.#roster.put(lease));
  }

  #apply(changes: readonly RosterChange[]): void {
    const inputs: EngineInput[] = [];
    for (const change of changes) {
      if (change.kind === 'put' || change.kind === 'delete') inputs.push(change);
      else this.#report(change);
    }
    if (inputs.length > 0) this.#options.loop.feed(...inputs);
  }

  /** What of a change somebody may have to see to. */
  #report(change: RosterChange): void {
    const { emit } = this.#options;
    switch (change.kind) {
      case 'rejected':
        emit({ event: 'lease-rejected', key: change.key, because: change.because });
        return;
      case 'shared-address':
        emit({ event: 'shared-address', address: change.address, keys: change.keys });
        return;
      case 'put':
      case 'delete':
        return;
    }
  }

  #reportFault({ where, reason }: StoreFault): void {
    this.#options.emit({ event: 'store-fault', where, because: reason });
  }
}

/** What stands in the place of a lease but cannot be read is a rejected lease: its last good state stays. */
function readFault({ key, where, reason }: StoreFault): ReadLease[] {
  return key === undefined ? [] : [{ kind: 'malformed', key, reason: `${where} ${reason}` }];
}

function readRecord(record: LeaseRecord): ReadLease {
  const decoded = decodeLease(record);
  return decoded.kind === 'lease' ? decoded : { kind: 'malformed', key: record.key, reason: decoded.reason };
}
