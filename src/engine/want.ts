import type { Reason } from '../event/event.ts';
import type { Peer } from '../lease/lease.ts';
import { decide } from './decide.ts';
import { samePeer, setActivity, setApplied, setFailures } from './state.ts';
import type { EngineState, PeerEntry } from './state.ts';

/** The entry of a key, made if there is none. */
export function entryOf(state: EngineState, key: string): PeerEntry {
  const known = state.entries.get(key);
  if (known !== undefined) return known;
  const entry: PeerEntry = {
    key,
    wanted: undefined,
    applied: { kind: 'absent' },
    activity: { kind: 'idle' },
    company: { kind: 'anyone' },
    failures: 0,
    repairs: 0,
    touched: state.sequence,
  };
  state.entries.set(key, entry);
  return entry;
}

/** Takes a whole list of what is wanted: a key that it lacks is unwanted. */
export function wantExactly(state: EngineState, peers: readonly Peer[]): void {
  const wanted = new Set<string>();
  for (const peer of peers) wanted.add(peer.key);
  for (const entry of [...state.entries.values()]) if (!wanted.has(entry.key)) want(state, entry, undefined);
  for (const peer of peers) want(state, entryOf(state, peer.key), peer);
}

/** Takes what is wanted of one key; undefined if nothing is. After a shutdown nothing is wanted any more. */
export function want(state: EngineState, entry: PeerEntry, peer: Peer | undefined): void {
  const wanted = state.isShutDown ? undefined : peer;
  const same =
    wanted === undefined
      ? entry.wanted === undefined
      : entry.wanted !== undefined && samePeer(entry.wanted, wanted);
  if (same && (entry.activity.kind === 'waiting' || entry.activity.kind === 'ready')) return;
  entry.wanted = wanted;
  if (!same) {
    setFailures(state, entry, 0);
    entry.repairs = 0;
  }
  reconsider(state, entry, reasonFor(state, entry));
}

/** Why an entry differs from what is wanted. */
export function reasonFor(state: EngineState, entry: PeerEntry): Reason {
  if (entry.wanted === undefined) return state.isShutDown ? 'shutdown' : 'gone';
  if (entry.applied.kind === 'absent') return 'new';
  return samePeer(entry.applied.peer, entry.wanted) ? 'restart' : 'changed';
}

/** Makes an entry ready if there is something to do about it. What is running is looked at again when it ends. */
export function reconsider(state: EngineState, entry: PeerEntry, reason: Reason): void {
  if (entry.activity.kind === 'running') return;
  if (decide(entry, state.abilities).kind === 'nothing') {
    setFailures(state, entry, 0);
    setActivity(state, entry, { kind: 'idle' });
    dropIfEmpty(state, entry);
  } else {
    setActivity(state, entry, { kind: 'ready', reason });
  }
}

/** The entry may not be in the kernel any more: it is ensured again. */
export function doubt(state: EngineState, entry: PeerEntry): void {
  if (entry.applied.kind !== 'present') return;
  setApplied(state, entry, { kind: 'unsure', peer: entry.applied.peer });
  if (state.hasSnapshot) reconsider(state, entry, 'drifted');
}

/** Forgets a key of which nothing is wanted and nothing is in the kernel. */
export function dropIfEmpty(state: EngineState, entry: PeerEntry): void {
  if (entry.wanted === undefined && entry.applied.kind === 'absent' && entry.activity.kind === 'idle') {
    setFailures(state, entry, 0);
    state.entries.delete(entry.key);
    state.removedAt = state.sequence += 1;
  }
}
