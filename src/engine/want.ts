import type { Reason } from '../event/event.ts';
import type { Peer } from '../lease/lease.ts';
import { decide } from './decide.ts';
import { samePeer, setActivity, setApplied, setFailures } from './state.ts';
import type { EngineState, PeerEntry } from './state.ts';

/** The entry of a key. It is created if there is none. */
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

/** Takes the whole list of wanted peers. A key that is not in it is unwanted. */
export function wantExactly(state: EngineState, peers: readonly Peer[]): void {
  const wanted = new Set<string>();
  for (const peer of peers) wanted.add(peer.key);
  for (const entry of [...state.entries.values()]) if (!wanted.has(entry.key)) want(state, entry, undefined);
  for (const peer of peers) want(state, entryOf(state, peer.key), peer);
}

/** Takes the wanted peer of one key; undefined if it is unwanted. After a shutdown, no peer is wanted. */
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

/** The reason why an entry differs from the wanted state. */
export function reasonFor(state: EngineState, entry: PeerEntry): Reason {
  if (entry.wanted === undefined) return state.isShutDown ? 'shutdown' : 'gone';
  if (entry.applied.kind === 'absent') return 'new';
  return samePeer(entry.applied.peer, entry.wanted) ? 'restart' : 'changed';
}

/** Makes an entry ready if there is work for it. A running entry is looked at again when its operation ends. */
export function reconsider(state: EngineState, entry: PeerEntry, reason: Reason): void {
  if (entry.activity.kind === 'running') return;
  if (decide(entry, state.abilities).kind === 'nothing') {
    setFailures(state, entry, 0);
    setActivity(state, entry, { kind: 'idle' });
    learnLink(state, entry);
    dropIfEmpty(state, entry);
  } else {
    setActivity(state, entry, { kind: 'ready', reason });
  }
}

/** A peer of unknown link, for example of a journal that does not have it, counts as added for its present link. */
function learnLink(state: EngineState, entry: PeerEntry): void {
  const { applied, wanted } = entry;
  if (applied.kind !== 'present' || applied.peer.link !== undefined || wanted?.link === undefined) return;
  setApplied(state, entry, { kind: 'present', peer: wanted });
}

/** Marks an entry as perhaps missing in the kernel, so that it is ensured again. */
export function doubt(state: EngineState, entry: PeerEntry): void {
  if (entry.applied.kind !== 'present') return;
  setApplied(state, entry, { kind: 'unsure', peer: entry.applied.peer });
  if (state.hasSnapshot) reconsider(state, entry, 'drifted');
}

/** Forgets a key without a wanted and without an applied peer. */
export function dropIfEmpty(state: EngineState, entry: PeerEntry): void {
  if (entry.wanted === undefined && entry.applied.kind === 'absent' && entry.activity.kind === 'idle') {
    setFailures(state, entry, 0);
    state.entries.delete(entry.key);
    state.removedAt = state.sequence += 1;
  }
}
