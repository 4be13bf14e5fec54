import { decide } from './decide.ts';
import type { Operation } from './operation.ts';
import { park, setActivity, setApplied, setCompany, sharersOf } from './state.ts';
import type { Peer } from '../lease/lease.ts';
import type { EngineState, PeerEntry } from './state.ts';
import { dropIfEmpty } from './want.ts';

/** A batch of fewer would save nothing, and say less about each. */
const fewestInBatch = 8;

/** Whether enough operations are ready for a batch, or a batch that failed is to be tried in halves. */
export function wantsBatch(state: EngineState): boolean {
  if (state.abilities.fitsBatch === undefined) return false;
  return state.suspects.size > 0 || state.ready.size >= fewestInBatch;
}

/** Takes up to `limit` operations to be run by one SubnetBatchCommand: suspects first, as a batch of their own. */
export function takeBatch(state: EngineState, limit: number): Operation[] {
  if (!wantsBatch(state)) return [];
  const [suspects] = state.suspects;
  return takeFrom(state, suspects?.ready ?? state.ready, limit, 'batch');
}

/** Takes up to `limit` operations that have to be run one by one; while batches are wanted, only those that no batch can hold. */
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

/** A lenient remove may fail without consequence, and a batch fails as a whole: it is run by itself. */
function fitsBatch({ abilities }: EngineState, operation: Operation): boolean {
  return operation.mode !== 'lenient' && abilities.fitsBatch?.(operation) === true;
}

/**
 * The operation that an entry is ready for, decided at this moment. So an operation that was superseded in the queue
 * never runs, and an add and a remove that cancel out do nothing.
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
  setApplied(state, entry, { kind: 'unsure', peer: operation.peer });
  const since = state.sequence;
  setActivity(state, entry, { kind: 'running', operation, since, isOverdue: false, isCrossed: false });
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

function isInTheWay(state: EngineState, kind: 'add' | 'remove', other: PeerEntry): boolean {
  const { activity } = other;
  if (activity.kind === 'running') {
    return !activity.isOverdue && (kind === 'remove' || activity.operation.kind === 'remove');
  }
  return kind === 'add' && activity.kind === 'ready' && decide(other, state.abilities).kind === 'remove';
}
