import type { Peer } from '../lease/lease.ts';
import { isInPlace, learnPrintedSubnets } from './in-place.ts';
import { setApplied, sharedResources, sharersOf } from './state.ts';
import type { EngineState, PeerEntry } from './state.ts';
import { doubt, entryOf, reconsider } from './want.ts';

/**
 * The number of times that a peer is put back although another peer takes its place each time, because both have the same MAC, key or
 * address. Two times are enough to be sure.
 */
const mostRepairs = 2;

/** The difference between the kernel, as CheckCommand saw it, and the engine's state. */
export interface Drift {
  /** Peers that were added and are missing now. They are added again. */
  readonly missing: readonly Peer[];
  /** Peers that are missing and stay so, because to put them back would only displace another peer. */
  readonly displaced: readonly Displacement[];
  /** Subnets in place that belong to no wanted or known peer. They are removed. Empty if the recipe cannot remove. */
  readonly extra: readonly string[];
}

/** Two wanted peers that cannot both be in place. */
export interface Displacement {
  readonly peer: Peer;
  readonly by: Peer;
  /** The values that both peers have: addresses, MAC addresses, keys, or all backend data. */
  readonly shared: readonly string[];
}

interface Comparison {
  readonly missing: readonly PeerEntry[];
  readonly displaced: readonly Displacement[];
  /** Peers that were put back before and stayed. */
  readonly lasting: readonly PeerEntry[];
  /** Doubtful peers that the check found in place. */
  readonly confirmed: readonly PeerEntry[];
  readonly extra: readonly string[];
}

/**
 * Compares the subnets in place with the engine's state, and has the difference repaired. A peer that changed after `since`, or is
 * changing, is not judged: the check may have looked before or after.
 */
export function judgePeers(state: EngineState, present: ReadonlySet<string>, since: number): Drift {
  const judged = [...state.entries.values()].filter((entry) => mayJudge(entry, since));
  const example = learnPrintedSubnets(state, present, judged);
  const { missing, displaced, lasting, confirmed, extra } = compare(state, present, since);
  for (const entry of lasting) entry.repairs = 0;
  const lost = missing.flatMap(({ wanted }) => wanted ?? []);
  for (const entry of missing) {
    entry.repairs += 1;
    doubt(state, entry);
  }
  if (example !== undefined) doubt(state, example);
  if (!state.hasSnapshot) {
    // After a restart, peers that the journal and the kernel have need no work. Nothing is wanted yet, so nothing is extra.
    for (const entry of confirmed) confirm(state, entry);
    return { missing: lost, displaced, extra: [] };
  }
  // Nothing can remove them.
  if (!state.abilities.canRemove) return { missing: lost, displaced, extra: [] };
  for (const subnet of extra) {
    const peer = strangerOf(subnet);
    const entry = entryOf(state, peer.key);
    setApplied(state, entry, { kind: 'unsure', peer });
    reconsider(state, entry, 'drifted');
  }
  return { missing: lost, displaced, extra };
}

function confirm(state: EngineState, entry: PeerEntry): void {
  if (entry.applied.kind === 'unsure')
    setApplied(state, entry, { kind: 'present', peer: entry.applied.peer });
}

function compare(state: EngineState, present: ReadonlySet<string>, since: number): Comparison {
  const missing: PeerEntry[] = [];
  const displaced: Displacement[] = [];
  const lasting: PeerEntry[] = [];
  const confirmed: PeerEntry[] = [];
  const known = new Set<string>();
  for (const entry of state.entries.values()) {
    const { applied, wanted } = entry;
    if (wanted !== undefined) addSubnets(known, wanted);
    if (applied.kind === 'absent') continue;
    if (applied.peer !== wanted) addSubnets(known, applied.peer);
    if (!mayJudge(entry, since)) continue;
    const inPlace = isInPlace(state, applied.peer, present);
    if (applied.kind === 'present' && !inPlace) {
      const by = findDisplacer(state, entry, applied.peer, present);
      if (by === undefined) missing.push(entry);
      else displaced.push(displacement(wanted ?? applied.peer, by));
    }
    if (applied.kind === 'unsure' && inPlace) confirmed.push(entry);
    if (inPlace && entry.repairs > 0 && !isRivalMissing(state, applied.peer, present)) lasting.push(entry);
  }
  const extra = state.removedAt <= since ? [...present].filter((subnet) => !known.has(subnet)) : [];
  return { missing, displaced, lasting, confirmed, extra };
}

function addSubnets(known: Set<string>, { subnet, ipv6Subnet }: Peer): void {
  if (subnet !== undefined) known.add(subnet);
  if (ipv6Subnet !== undefined) known.add(ipv6Subnet);
}

/** Whether a peer may be judged. The check may have seen a peer that changed after `since`, or is changing, before or after the change. */
function mayJudge(entry: PeerEntry, since: number): boolean {
  return entry.activity.kind !== 'running' && entry.touched <= since;
}

function findDisplacer(
  state: EngineState,
  entry: PeerEntry,
  peer: Peer,
  present: ReadonlySet<string>,
): Peer | undefined {
  if (entry.repairs < mostRepairs) return undefined;
  return rivalsOf(state, peer).find((rival) => isInPlace(state, rival, present));
}

function displacement(peer: Peer, by: Peer): Displacement {
  return { peer, by, shared: sharedResources(peer, by) };
}

function isRivalMissing(state: EngineState, peer: Peer, present: ReadonlySet<string>): boolean {
  return rivalsOf(state, peer).some((rival) => !isInPlace(state, rival, present));
}

/** The other wanted peers that share a kernel resource with this one. */
function rivalsOf(state: EngineState, peer: Peer): Peer[] {
  return sharersOf(state, peer).flatMap((key) => state.entries.get(key)?.wanted ?? []);
}

/** A peer of which only the subnet is known. This is enough for a SubnetRemoveCommand that looks for the rest in the kernel. */
export function strangerOf(subnet: string): Peer {
  const isIpv6 = subnet.includes(':');
  return {
    key: isIpv6 ? `0.0.0.0-0&${subnet.replace('/', '-')}` : subnet.replace('/', '-'),
    subnet: isIpv6 ? undefined : subnet,
    ipv6Subnet: isIpv6 ? subnet : undefined,
    publicIp: undefined,
    publicIpv6: undefined,
    stdin: '\n',
    fields: {},
  };
}
