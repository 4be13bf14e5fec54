import type { Reason } from '../event/event.ts';
import type { Peer } from '../lease/lease.ts';
import { backoffDelay, operationBackoff } from '../time/backoff.ts';
import { decide } from './decide.ts';
import { findDrift, strangerOf } from './drift.ts';
import type { EngineInput, Operation, Wait } from './operation.ts';
import { samePeer, setActivity, setApplied, setFailures, sharersOf } from './state.ts';
import type { EngineState, Entry } from './state.ts';
import { dropIfEmpty } from './take.ts';

/**
 * How often a remove is tried that may have nothing to remove: see `Operation.mode`. A recipe without CheckCommand
 * cannot say, and `ip route del` fails for ever on a route that is not there.
 */
const lenientTries = 3;

/**
 * Feeds one input to the engine. Changes `state` in place, since copying it would cost O(N) for each change; a snapshot
 * costs O(N), everything else O(1), a check O(N). Returns the delays that the caller must time. What may run now is
 * had from `takeOperations`.
 */
export function step(state: EngineState, input: EngineInput): Wait[] {
  switch (input.kind) {
    case 'restore':
      for (const peer of input.peers) setApplied(state, entryOf(state, peer.key), { kind: 'unsure', peer });
      return [];
    case 'snapshot':
      state.hasSnapshot = true;
      wantExactly(state, input.peers);
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
      finish(state, input.operation);
      return [];
    case 'failed':
      return fail(state, input.operation, input.jitter);
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
    case 'checked':
      judge(state, input.present, input.since);
      return [];
    case 'rebuilt':
      for (const entry of [...state.entries.values()]) {
        setApplied(state, entry, { kind: 'absent' });
        reconsider(state, entry, 'drifted');
      }
      return [];
    case 'shutdown':
      for (const entry of [...state.entries.values()]) want(state, entry, undefined, 'shutdown');
      return [];
  }
}

function entryOf(state: EngineState, key: string): Entry {
  const known = state.entries.get(key);
  if (known !== undefined) return known;
  const entry: Entry = {
    key,
    wanted: undefined,
    applied: { kind: 'absent' },
    activity: { kind: 'idle' },
    failures: 0,
    repairs: 0,
    touched: state.sequence,
  };
  state.entries.set(key, entry);
  return entry;
}

function wantExactly(state: EngineState, peers: readonly Peer[]): void {
  const wanted = new Set<string>();
  for (const peer of peers) wanted.add(peer.key);
  for (const entry of [...state.entries.values()]) if (!wanted.has(entry.key)) want(state, entry, undefined);
  for (const peer of peers) want(state, entryOf(state, peer.key), peer);
}

function want(state: EngineState, entry: Entry, peer: Peer | undefined, because?: Reason): void {
  const same =
    peer === undefined
      ? entry.wanted === undefined
      : entry.wanted !== undefined && samePeer(entry.wanted, peer);
  if (same && (entry.activity.kind === 'waiting' || entry.activity.kind === 'ready')) return;
  entry.wanted = peer;
  if (!same) {
    setFailures(state, entry, 0);
    entry.repairs = 0;
  }
  reconsider(state, entry, because ?? reasonFor(entry));
}

function reasonFor(entry: Entry): Reason {
  if (entry.wanted === undefined) return 'gone';
  if (entry.applied.kind === 'absent') return 'new';
  return samePeer(entry.applied.peer, entry.wanted) ? 'restart' : 'changed';
}

/** Makes an entry ready if there is something to do about it. What is running is looked at again when it ends. */
function reconsider(state: EngineState, entry: Entry, reason: Reason): void {
  if (entry.activity.kind === 'running') return;
  if (decide(entry, state.abilities).kind === 'nothing') {
    setFailures(state, entry, 0);
    setActivity(state, entry, { kind: 'idle' });
    dropIfEmpty(state, entry);
  } else {
    setActivity(state, entry, { kind: 'ready', reason });
  }
}

function finish(state: EngineState, operation: Operation): void {
  const entry = state.entries.get(operation.peer.key);
  if (entry === undefined) return;
  if (operation.kind === 'remove') {
    setApplied(state, entry, { kind: 'absent' });
    setActivity(state, entry, { kind: 'idle' });
    reconsider(state, entry, operation.reason);
    crossSharers(state, operation.peer);
    return;
  }
  const isCrossed = entry.activity.kind === 'running' && entry.activity.isCrossed;
  setApplied(state, entry, { kind: isCrossed ? 'unsure' : 'present', peer: operation.peer });
  setActivity(state, entry, { kind: 'idle' });
  reconsider(state, entry, isCrossed ? 'drifted' : reasonFor(entry));
}

/**
 * A remove that ended may have taken away what another peer shares with the removed one: those that came into place after
 * `since` are ensured again, and those whose add runs, once that has ended.
 */
function crossSharers(state: EngineState, removed: Peer, since = 0): void {
  for (const key of sharersOf(state, removed)) {
    const other = state.entries.get(key);
    if (other === undefined) continue;
    const { activity } = other;
    if (activity.kind === 'running') setActivity(state, other, { ...activity, isCrossed: true });
    else if (other.touched > since) doubt(state, other);
  }
}

function fail(state: EngineState, operation: Operation, jitter: number): Wait[] {
  const entry = state.entries.get(operation.peer.key);
  if (entry?.activity.kind !== 'running') return [];
  const { since } = entry.activity;
  setApplied(state, entry, { kind: 'unsure', peer: operation.peer });
  const givenUp =
    operation.mode === 'lenient' && (entry.wanted !== undefined || entry.failures + 1 >= lenientTries);
  if (givenUp) {
    finish(state, operation);
    return [];
  }
  // Those that were in place before it are ensured when it succeeds: not each time that it is tried.
  if (operation.kind === 'remove') crossSharers(state, operation.peer, since);
  if (superseded(state, entry, operation)) {
    setActivity(state, entry, { kind: 'idle' });
    reconsider(state, entry, reasonFor(entry));
    return [];
  }
  setFailures(state, entry, entry.failures + 1);
  setActivity(state, entry, { kind: 'waiting', operation });
  return [
    {
      key: entry.key,
      attempt: entry.failures,
      delayMs: backoffDelay(entry.failures, jitter, operationBackoff),
    },
  ];
}

/** Whether what failed is no longer what would be done now: then there is no point in waiting. */
function superseded(state: EngineState, entry: Entry, operation: Operation): boolean {
  const decision = decide(entry, state.abilities);
  switch (decision.kind) {
    case 'nothing':
    case 'forget':
      return true;
    case 'add':
      return operation.kind !== 'add' || !samePeer(decision.peer, operation.peer);
    case 'remove':
      // An add that failed and is still wanted asks for a lenient remove first: that is its retry, and has to wait.
      return operation.kind === 'add' && entry.wanted === undefined;
  }
}

function judge(state: EngineState, present: ReadonlySet<string>, since: number): void {
  const { missing, confirmed, lasting, extra } = findDrift(state, present, since);
  for (const entry of lasting) entry.repairs = 0;
  for (const entry of missing) {
    entry.repairs += 1;
    doubt(state, entry);
  }
  if (!state.hasSnapshot) {
    // After a restart: what the journal names and the kernel has needs nothing. Nothing is wanted yet, so nothing is extra.
    for (const entry of confirmed) confirm(state, entry);
    return;
  }
  for (const subnet of extra) {
    const peer = strangerOf(subnet);
    const entry = entryOf(state, peer.key);
    setApplied(state, entry, { kind: 'unsure', peer });
    reconsider(state, entry, 'drifted');
  }
}

function confirm(state: EngineState, entry: Entry): void {
  if (entry.applied.kind === 'unsure')
    setApplied(state, entry, { kind: 'present', peer: entry.applied.peer });
}

/** What was in the kernel may not be there any more: it is ensured again. */
function doubt(state: EngineState, entry: Entry): void {
  if (entry.applied.kind !== 'present') return;
  setApplied(state, entry, { kind: 'unsure', peer: entry.applied.peer });
  if (state.hasSnapshot) reconsider(state, entry, 'drifted');
}
