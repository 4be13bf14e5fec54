import { decide } from './decide.ts';
import type { Operation } from './operation.ts';
import { park, setActivity, setApplied, setCompany, sharersOf } from './state.ts';
import type { Peer } from '../lease/lease.ts';
import type { EngineState, PeerEntry } from './state.ts';
import { dropIfEmpty } from './want.ts';

/** The least size of a batch. A smaller one would save nothing, and tell less about each operation. */
const fewestInBatch = 8;

/** Whether enough operations are ready for a batch, or a failed batch is to be tried in halves. */
export function wantsBatch(state: EngineState): boolean {
  if (state.abilities.fitsBatch === undefined) return false;
  return state.suspects.size > 0 || state.ready.size >= fewestInBatch;
}

/** Takes up to `limit` operations for one SubnetBatchCommand: suspects first, as a batch of their own. */
export function takeBatch(state: EngineState, limit: number): Operation[] {
  if (!wantsBatch(state)) return [];
  const [suspects] = state.suspects;
  return takeFrom(state, suspects?.ready ?? state.ready, limit, 'batch');
}

/** Takes up to `limit` operations to be run one by one; while batches are wanted, only operations that no batch can hold. */
export function takeSingles(state: EngineState, limit: number): Operation[] {
  const alone = takeFrom(state, state.alone, limit, 'single');
  if (wantsBatch(state)) return alone;
  return [...alone, ...takeFrom(state, state.ready, limit - alone.length, 'single')];
}

function takeFrom(
  state: EngineState,
  queue: ReadonlySet<string>,
  limit: number,
  how: 'batch' | 'single',
): Operation[] {
  const taken: Operation[] = [];
  for (const key of queue) {
    if (taken.length >= limit) break;
    const entry = state.entries.get(key);
    if (entry?.activity.kind !== 'ready') continue;
    const operation = decideNow(state, entry, entry.activity.reason);
    if (operation === undefined) continue;
    if (how === 'batch' && !fitsBatch(state, operation)) {
      setCompany(state, entry, { kind: 'nobody' });
      continue;
    }
    begin(state, entry, operation);
    taken.push(operation);
  }
  return taken;
}

/**
 * Whether an operation may be in a batch. A lenient remove may fail without consequence, but a batch fails as a whole, so it runs alone.
 */
function fitsBatch({ abilities }: EngineState, operation: Operation): boolean {
  return operation.mode !== 'lenient' && abilities.fitsBatch?.(operation) === true;
}

/**
 * The operation for a ready entry, decided at this moment. So an operation that was superseded in the queue never runs, and an add and a
 * remove that cancel out do nothing.
 */
function decideNow(state: EngineState, entry: PeerEntry, reason: Operation['reason']): Operation | undefined {
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
      return { kind: decision.kind, peer: decision.peer, reason, mode };
    }
  }
}

function begin(state: EngineState, entry: PeerEntry, operation: Operation): void {
  const before = entry.applied;
  setApplied(state, entry, { kind: 'unsure', peer: operation.peer });
  const since = state.sequence;
  const marks = { isOverdue: false, isCrossed: false };
  setActivity(state, entry, { kind: 'running', operation, before, since, ...marks });
}

/**
 * Finds another key that this operation must wait for, because both touch the same kernel resource and one of them takes it away. A remove
 * waits for a running operation; an add waits for a remove that runs or is about to. Adds never wait for adds, and nothing waits for an
 * overdue operation: an add that crosses it runs again after it (`crossSharers`).
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

function isInTheWay(state: EngineState, kind: 'add' | 'remove', other: PeerEntry): boolean {
  const { activity } = other;
  if (activity.kind === 'running') {
    return !activity.isOverdue && (kind === 'remove' || activity.operation.kind === 'remove');
  }
  return kind === 'add' && activity.kind === 'ready' && decide(other, state.abilities).kind === 'remove';
}
