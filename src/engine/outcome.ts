import type { Peer } from '../lease/lease.ts';
import { retries, retryDelay } from '../time/retry.ts';
import { decide } from './decide.ts';
import type { Operation, Wait } from './operation.ts';
import { samePeer, setActivity, setApplied, setCompany, setFailures, sharersOf } from './state.ts';
import type { EngineState, PeerEntry, Search, Suspects } from './state.ts';
import { doubt, reasonFor, reconsider } from './want.ts';

/**
 * The number of tries of a lenient remove; see `Operation.mode`. A recipe without CheckCommand cannot say whether there is anything to
 * remove, and `ip route del` always fails on a missing route.
 */
const lenientTries = 3;

/** The size from which a failed batch is not halved any more: its operations run one by one. */
const fewestSuspects = 4;

/**
 * The failures that a search may cost, as a multiple of the failures that find one culprit (one for each halving, and one more). Few
 * culprits are found within it. With more of them, or with a broken command, it is faster to run the rest one by one.
 */
const culpritsWorthASearch = 4;

/** An operation succeeded. */
export function succeed(state: EngineState, operation: Operation): void {
  const entry = state.entries.get(operation.peer.key);
  if (entry === undefined) return;
  if (operation.mode === 'strict') setCompany(state, entry, { kind: 'anyone' });
  conclude(state, entry, operation);
}

function conclude(state: EngineState, entry: PeerEntry, operation: Operation): void {
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
  reconsider(state, entry, isCrossed ? 'drifted' : reasonFor(state, entry));
}

/**
 * Ensures peers again that share a resource with a removed peer, because the remove may have taken it away: peers that came into place
 * after `since`, and peers whose add runs, once it has ended.
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

/** Takes the failure of an operation outside a batch. Returns the delay until it is tried again, if it is. */
export function fail(state: EngineState, operation: Operation, jitter: number): Wait[] {
  const entry = state.entries.get(operation.peer.key);
  if (entry?.activity.kind !== 'running') return [];
  const { since } = entry.activity;
  setApplied(state, entry, { kind: 'unsure', peer: operation.peer });
  setCompany(state, entry, { kind: 'nobody' });
  if (operation.mode === 'lenient' && entry.wanted !== undefined) {
    // The peer may still be in the kernel. The next add shows that; so does a remove if the peer is unwanted before.
    setApplied(state, entry, { kind: 'unremovable', peer: operation.peer });
    setActivity(state, entry, { kind: 'idle' });
    reconsider(state, entry, operation.reason);
    crossSharers(state, operation.peer);
    return [];
  }
  if (operation.mode === 'lenient' && entry.failures + 1 >= lenientTries) {
    conclude(state, entry, operation);
    return [];
  }
  // Peers that were in place before are ensured when the remove succeeds, and not after each try.
  if (operation.kind === 'remove') crossSharers(state, operation.peer, since);
  if (superseded(state, entry, operation)) {
    setActivity(state, entry, { kind: 'idle' });
    reconsider(state, entry, reasonFor(state, entry));
    return [];
  }
  return waitToRetry(state, entry, operation, jitter);
}

function waitToRetry(state: EngineState, entry: PeerEntry, operation: Operation, jitter: number): Wait[] {
  setFailures(state, entry, entry.failures + 1);
  setActivity(state, entry, { kind: 'waiting', operation });
  return [
    {
      key: entry.key,
      attempt: entry.failures,
      delayMs: retryDelay(entry.failures, jitter, retries.operation),
    },
  ];
}

/**
 * Takes back an operation that was not begun. The kernel is as it was before, so an add is tried again without a remove. Returns the delay
 * until it is tried again, if it is.
 */
export function postpone(state: EngineState, operation: Operation, jitter: number): Wait[] {
  const entry = state.entries.get(operation.peer.key);
  if (entry?.activity.kind !== 'running') return [];
  const { before, isCrossed } = entry.activity;
  const isDoubtful = isCrossed && before.kind === 'present';
  setApplied(state, entry, isDoubtful ? { kind: 'unsure', peer: before.peer } : before);
  if (isStillDue(state, entry, operation)) return waitToRetry(state, entry, operation, jitter);
  setActivity(state, entry, { kind: 'idle' });
  reconsider(state, entry, reasonFor(state, entry));
  return [];
}

/** Whether the engine would now decide another operation than the failed one. Then it need not wait. */
function superseded(state: EngineState, entry: PeerEntry, operation: Operation): boolean {
  const decision = decide(entry, state.abilities);
  switch (decision.kind) {
    case 'nothing':
    case 'forget':
      return true;
    case 'add':
      return operation.kind !== 'add' || !samePeer(decision.peer, operation.peer);
    case 'remove':
      // A wanted add that failed asks for a lenient remove first. That remove is its retry, and has to wait.
      return operation.kind === 'add' && entry.wanted === undefined;
  }
}

/**
 * Takes the failure of a batch. It is unknown which of its operations were done, and which one is to blame. Each is decided again at once,
 * in batches of half the size. A peer counts as failing only after its own command has failed. Returns whether a new search for the
 * culprits begins.
 */
export function returnBatch(state: EngineState, operations: readonly Operation[]): boolean {
  const entries = operations.flatMap((operation) => {
    const entry = state.entries.get(operation.peer.key);
    return entry?.activity.kind === 'running' && entry.activity.operation === operation ? [entry] : [];
  });
  const isNews = entries[0]?.company.kind !== 'suspects';
  const companies = splitCompany(entries);
  for (const [index, entry] of entries.entries()) {
    if (entry.activity.kind !== 'running') continue;
    const { operation, since } = entry.activity;
    setApplied(state, entry, { kind: 'unsure', peer: operation.peer });
    if (operation.kind === 'remove') crossSharers(state, operation.peer, since);
    setCompany(state, entry, companies(index));
    setActivity(state, entry, { kind: 'idle' });
    reconsider(
      state,
      entry,
      isStillDue(state, entry, operation) ? operation.reason : reasonFor(state, entry),
    );
  }
  return isNews;
}

/** Whether an earlier operation would be decided again now. */
function isStillDue(state: EngineState, entry: PeerEntry, operation: Operation): boolean {
  const decision = decide(entry, state.abilities);
  return decision.kind === operation.kind && samePeer(decision.peer, operation.peer);
}

/** The new company of each entry of a failed batch, by its index. */
function splitCompany(entries: readonly PeerEntry[]): (index: number) => PeerEntry['company'] {
  const search = searchOf(entries);
  search.failuresLeft -= 1;
  if (entries.length < fewestSuspects || search.failuresLeft < 0) return () => ({ kind: 'nobody' });
  const half = Math.ceil(entries.length / 2);
  const first: Suspects = { ready: new Set(), search };
  const second: Suspects = { ready: new Set(), search };
  return (index) => ({ kind: 'suspects', suspects: index < half ? first : second });
}

/** The search that a failed batch belongs to, or a new one. */
function searchOf(entries: readonly PeerEntry[]): Search {
  const company = entries[0]?.company;
  if (company?.kind === 'suspects') return company.suspects.search;
  return { failuresLeft: culpritsWorthASearch * (1 + Math.ceil(Math.log2(Math.max(1, entries.length)))) };
}
