import type { Peer } from '../lease/lease.ts';
import { namingSubnet } from './in-place.ts';
import { judgePeers, type Drift } from './check.ts';
import type { EngineInput, Operation, Wait } from './operation.ts';
import { fail, postpone, returnBatch, succeed } from './outcome.ts';
import { countPeers, type Counts } from './overview.ts';
import { createState, setActivity, setApplied, sharersOf } from './state.ts';
import type { Abilities, EngineState, PeerEntry } from './state.ts';
import { takeBatch, takeSingles, wantsBatch } from './take.ts';
import { entryOf, want, wantExactly } from './want.ts';

/**
 * Compares the wanted peers with the applied ones, and decides which commands make them the same. The engine runs nothing and knows no
 * time: its owner feeds it events, takes operations from it, runs them and feeds it their results.
 *
 * A snapshot, a shutdown and a check cost O(N), everything else O(1).
 */
export class Engine {
  readonly #state: EngineState;

  /** @param entries the map for its entries; a test may pass one that counts */
  constructor(abilities: Abilities, entries = new Map<string, PeerEntry>()) {
    this.#state = createState(abilities, entries);
  }

  /** Takes inputs in their order. Returns the delays that the caller must time. */
  feed(...inputs: readonly EngineInput[]): Wait[] {
    return inputs.flatMap((input) => this.#feed(input));
  }

  /**
   * Takes up to `limit` operations to be run one by one, each for another key, the oldest difference first. They count as running until the
   * engine is fed their results.
   */
  take(limit: number): Operation[] {
    return takeSingles(this.#state, limit);
  }

  /**
   * Takes up to `limit` operations for one run of SubnetBatchCommand. Empty if there are too few for a batch, or without such a command.
   */
  takeBatch(limit: number): Operation[] {
    return takeBatch(this.#state, limit);
  }

  /** Whether {@link takeBatch} would return operations. */
  get wantsBatch(): boolean {
    return wantsBatch(this.#state);
  }

  /**
   * Call when a batch failed. Operations that are still wanted are tried again at once in smaller batches, and at last one by one, so that
   * a bad peer delays only itself. Operations that are not wanted any more do not run. Returns whether the failure is news: the failure of a
   * part of a failed batch is not.
   */
  returned(operations: readonly Operation[]): boolean {
    return returnBatch(this.#state, operations);
  }

  /** A mark of the engine's progress. Take it before a check starts, and pass it with the check's result. */
  get checkpoint(): number {
    return this.#state.sequence;
  }

  /**
   * Call when CheckCommand saw these subnets fully in place. The operations that are taken next repair the difference.
   *
   * @param since the {@link checkpoint} from before the command was started: peers touched later are not judged
   */
  checked(present: ReadonlySet<string>, since: number): Drift {
    return judgePeers(this.#state, present, since);
  }

  /** Whether no work is left now: every remaining difference waits for a retry. */
  get isSettled(): boolean {
    const { ready, alone, suspects, running } = this.#state;
    return ready.size === 0 && alone.size === 0 && suspects.size === 0 && running === 0;
  }

  get counts(): Counts {
    return countPeers(this.#state);
  }

  /** The number of peers that failed and have not succeeded since. */
  get failing(): number {
    return this.#state.failing;
  }

  /** The keys that failed and wait for their next try. */
  get waitingKeys(): string[] {
    if (this.#state.waiting === 0) return [];
    return [...this.entries.values()].flatMap(({ key, activity }) =>
      activity.kind === 'waiting' ? [key] : [],
    );
  }

  /** Every peer that is or may be in the kernel, with the values of its add. */
  get appliedPeers(): Peer[] {
    return [...this.entries.values()].flatMap(({ applied }) =>
      applied.kind === 'absent' ? [] : [applied.peer],
    );
  }

  /** The wanted peers that are surely in the kernel. */
  get peersInPlace(): Peer[] {
    return [...this.entries.values()].flatMap(({ applied, wanted }) =>
      applied.kind === 'present' && wanted !== undefined ? [applied.peer] : [],
    );
  }

  /** The subnets of the peers that are surely in the kernel, as CheckCommand would print them. */
  get subnetsInPlace(): ReadonlySet<string> {
    return new Set(
      [...this.entries.values()].flatMap(({ applied }) =>
        applied.kind === 'present' ? [namingSubnet(applied.peer)] : [],
      ),
    );
  }

  /** The entries by lease key; callers must not change them. */
  get entries(): ReadonlyMap<string, Readonly<PeerEntry>> {
    return this.#state.entries;
  }

  #feed(input: EngineInput): Wait[] {
    const state = this.#state;
    switch (input.kind) {
      case 'restore':
        for (const peer of input.peers) setApplied(state, entryOf(state, peer.key), { kind: 'unsure', peer });
        return [];
      case 'snapshot':
        state.hasSnapshot = true;
        wantExactly(state, input.peers);
        return [];
      case 'page':
        for (const peer of input.peers)
          if (sharersOf(state, peer).length === 0) want(state, entryOf(state, peer.key), peer);
        return [];
      case 'put':
        want(state, entryOf(state, input.peer.key), input.peer);
        return [];
      case 'delete': {
        const entry = state.entries.get(input.key);
        if (entry !== undefined) want(state, entry, undefined);
        return [];
      }
      case 'succeeded':
        succeed(state, input.operation);
        return [];
      case 'failed':
        return fail(state, input.operation, input.jitter);
      case 'not-run':
        return postpone(state, input.operation, input.jitter);
      case 'overdue': {
        const entry = state.entries.get(input.operation.peer.key);
        if (entry?.activity.kind === 'running' && entry.activity.operation === input.operation) {
          setActivity(state, entry, { ...entry.activity, isOverdue: true });
        }
        return [];
      }
      case 'due': {
        const entry = state.entries.get(input.key);
        if (entry?.activity.kind === 'waiting' && entry.failures === input.attempt) {
          setActivity(state, entry, { kind: 'ready', reason: 'retry' });
        }
        return [];
      }
      case 'shutdown':
        state.isShutDown = true;
        for (const entry of [...state.entries.values()]) want(state, entry, undefined);
        return [];
    }
  }
}
