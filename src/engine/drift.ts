import type { Peer } from '../lease/lease.ts';
import { sharersOf } from './state.ts';
import type { EngineState, Entry } from './state.ts';

/**
 * How often a peer is put back from which another, with the same MAC, key or address, takes its place each time: as often
 * as it takes to know that they do.
 */
const mostRepairs = 2;

/** Two peers that are wanted and cannot both be in place. */
export interface Displacement {
  readonly entry: Entry;
  readonly by: Entry;
}

/** How the kernel, as CheckCommand saw it, differs from what the engine believes. */
export interface Drift {
  /** Peers that were added and are not there any more. */
  readonly missing: readonly Entry[];
  /** Peers that are missing, and left so, because putting them back would only take another's place. */
  readonly displaced: readonly Displacement[];
  /** Peers that were put back before and stayed. */
  readonly lasting: readonly Entry[];
  /** Peers of which it was in doubt whether they are there, and which are. */
  readonly confirmed: readonly Entry[];
  /** Subnets in place that belong to no peer that is wanted or known. */
  readonly extra: readonly string[];
}

/**
 * Compares what is in place with what is believed to be. What changed after `since`, or is changing, is not judged: the
 * check may have looked before or after.
 */
export function findDrift(state: EngineState, present: ReadonlySet<string>, since: number): Drift {
  const missing: Entry[] = [];
  const displaced: Displacement[] = [];
  const lasting: Entry[] = [];
  const confirmed: Entry[] = [];
  const known = new Set<string>();
  for (const entry of state.entries.values()) {
    const { applied, wanted } = entry;
    if (wanted !== undefined) known.add(subnetOf(wanted));
    if (applied.kind === 'absent') continue;
    known.add(subnetOf(applied.peer));
    if (entry.activity.kind === 'running' || entry.touched > since) continue;
    const inPlace = present.has(subnetOf(applied.peer));
    if (applied.kind === 'present' && !inPlace) {
      const by = findDisplacer(state, entry, applied.peer, present);
      if (by === undefined) missing.push(entry);
      else displaced.push({ entry, by });
    }
    if (applied.kind === 'unsure' && inPlace) confirmed.push(entry);
    if (inPlace && entry.repairs > 0 && !isRivalMissing(state, applied.peer, present)) lasting.push(entry);
  }
  const extra = state.removedAt <= since ? [...present].filter((subnet) => !known.has(subnet)) : [];
  return { missing, displaced, lasting, confirmed, extra };
}

function findDisplacer(
  state: EngineState,
  entry: Entry,
  peer: Peer,
  present: ReadonlySet<string>,
): Entry | undefined {
  if (entry.repairs < mostRepairs) return undefined;
  return rivalsOf(state, peer).find((rival) => isIn(present, rival));
}

function isRivalMissing(state: EngineState, peer: Peer, present: ReadonlySet<string>): boolean {
  return rivalsOf(state, peer).some((rival) => !isIn(present, rival));
}

/** The other wanted peers that hold something which this one needs as well. */
function rivalsOf(state: EngineState, peer: Peer): Entry[] {
  return sharersOf(state, peer).flatMap((key) => {
    const entry = state.entries.get(key);
    return entry?.wanted === undefined ? [] : [entry];
  });
}

function isIn(present: ReadonlySet<string>, { wanted }: Entry): boolean {
  return wanted !== undefined && present.has(subnetOf(wanted));
}

/** Every peer that is in the kernel or may be, with the values it was added with. */
export function appliedPeers(state: EngineState): Peer[] {
  return [...state.entries.values()].flatMap(({ applied }) =>
    applied.kind === 'absent' ? [] : [applied.peer],
  );
}

/** The subnets of the peers that are surely in the kernel, as CheckCommand would print them. */
export function subnetsInPlace(state: EngineState): ReadonlySet<string> {
  const peers = [...state.entries.values()].filter(({ applied }) => applied.kind === 'present');
  return new Set(peers.flatMap(({ applied }) => (applied.kind === 'absent' ? [] : [subnetOf(applied.peer)])));
}

/** What CheckCommand prints for a peer: its IPv4 subnet, or its IPv6 subnet in an IPv6-only network. */
export function subnetOf(peer: Peer): string {
  return peer.subnet ?? peer.ipv6Subnet ?? '';
}

/** A peer of which only the subnet is known: enough for a SubnetRemoveCommand that looks for the rest in the kernel. */
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
