import { decide } from './decide.ts';
import type { Operation } from './operation.ts';
import { park, setActivity, setApplied, setFailures, sharersOf } from './state.ts';
import type { Peer } from '../lease/lease.ts';
import type { EngineState, Entry } from './state.ts';

/**
 * Takes up to `limit` operations that may run now, each for another key, oldest difference first. They count as running
 * until `step` is told how they ended. Each is decided at this moment: what was superseded since it was queued is never
 * run, and an add and a remove that cancel out are no operation at all.
 */
export function takeOperations(state: EngineState, limit: number): Operation[] {
  const taken: Operation[] = [];
  for (const key of state.ready) {
    if (taken.length >= limit) break;
    const entry = state.entries.get(key);
    if (entry?.activity.kind !== 'ready') continue;
    const operation = takeEntry(state, entry, entry.activity.reason);
    if (operation !== undefined) taken.push(operation);
  }
  return taken;
}

function takeEntry(state: EngineState, entry: Entry, reason: Operation['reason']): Operation | undefined {
  const decision = decide(entry, state.abilities);
  switch (decision.kind) {
    case 'nothing':
      setActivity(state, entry, { kind: 'idle' });
      dropIfEmpty(state, entry);
      return undefined;
    case 'forget':
      setApplied(state, entry, { kind: 'absent' });
      setActivity(state, entry, { kind: 'idle' });
      dropIfEmpty(state, entry);
      return undefined;
    case 'add':
    case 'remove': {
      const blocker = findBlocker(state, decision);
      if (blocker !== undefined) {
        park(state, entry, blocker);
        return undefined;
      }
      const mode = decision.kind === 'add' ? 'strict' : decision.mode;
      return begin(state, entry, { kind: decision.kind, peer: decision.peer, reason, mode });
    }
  }
}

function begin(state: EngineState, entry: Entry, operation: Operation): Operation {
  setApplied(state, entry, { kind: 'unsure', peer: operation.peer });
  const since = state.sequence;
  setActivity(state, entry, { kind: 'running', operation, since, isOverdue: false, isCrossed: false });
  return operation;
}

/**
 * Another key that this operation has to wait for, because both touch the same thing in the kernel and one of them takes
 * it away: for a remove, one that is running; for an add, a remove that is running or about to. Adds never wait for adds,
 * and nobody for what is overdue: where the two cross, the add is run again when the remove has ended (`crossSharers`).
 */
function findBlocker(
  state: EngineState,
  decision: { kind: 'add' | 'remove'; peer: Peer },
): string | undefined {
  for (const key of sharersOf(state, decision.peer)) {
    const other = state.entries.get(key);
    if (other !== undefined && isInTheWay(state, decision.kind, other)) return key;
  }
  return undefined;
}

function isInTheWay(state: EngineState, kind: 'add' | 'remove', other: Entry): boolean {
  const { activity } = other;
  if (activity.kind === 'running') {
    return !activity.isOverdue && (kind === 'remove' || activity.operation.kind === 'remove');
  }
  return kind === 'add' && activity.kind === 'ready' && decide(other, state.abilities).kind === 'remove';
}

/** Forgets a key of which nothing is wanted and nothing is in the kernel. */
export function dropIfEmpty(state: EngineState, entry: Entry): void {
  if (entry.wanted === undefined && entry.applied.kind === 'absent' && entry.activity.kind === 'idle') {
    setFailures(state, entry, 0);
    state.entries.delete(entry.key);
    state.removedAt = state.sequence += 1;
  }
}
