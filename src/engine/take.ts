import { decide } from './decide.ts';
import type { Operation } from './operation.ts';
import { park, resourcesOf, setActivity, setApplied } from './state.ts';
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
    case 'add': {
      const blocker = findBlocker(state, entry);
      if (blocker !== undefined) {
        park(state, entry, blocker);
        return undefined;
      }
      return begin(state, entry, { kind: 'add', peer: decision.peer, reason, mode: 'strict' });
    }
    case 'remove':
      return begin(state, entry, { kind: 'remove', peer: decision.peer, reason, mode: decision.mode });
  }
}

function begin(state: EngineState, entry: Entry, operation: Operation): Operation {
  setApplied(state, entry, { kind: 'unsure', peer: operation.peer });
  setActivity(state, entry, { kind: 'running', operation });
  return operation;
}

/** Another key whose pending or running remove would take away what this entry's add is about to write. */
function findBlocker(state: EngineState, entry: Entry): string | undefined {
  if (entry.wanted === undefined) return undefined;
  for (const resource of resourcesOf(entry.wanted)) {
    for (const key of state.holders.get(resource) ?? []) {
      const other = state.entries.get(key);
      if (key === entry.key || other === undefined) continue;
      const pending = other.activity.kind === 'ready' && decide(other, state.abilities).kind === 'remove';
      const removing = other.activity.kind === 'running' && other.activity.operation.kind === 'remove';
      if (pending || removing) return key;
    }
  }
  return undefined;
}

/** Forgets a key of which nothing is wanted and nothing is in the kernel. */
export function dropIfEmpty(state: EngineState, entry: Entry): void {
  if (entry.wanted === undefined && entry.applied.kind === 'absent' && entry.activity.kind === 'idle') {
    state.entries.delete(entry.key);
  }
}
