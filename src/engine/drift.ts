import type { Peer } from '../lease/lease.ts';
import type { EngineState, Entry } from './state.ts';

/** How the kernel, as CheckCommand saw it, differs from what the engine believes. */
export interface Drift {
  /** Peers that were added and are not there any more. */
  readonly missing: readonly Entry[];
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
  const confirmed: Entry[] = [];
  const known = new Set<string>();
  for (const entry of state.entries.values()) {
    const { applied, wanted } = entry;
    if (wanted !== undefined) known.add(subnetOf(wanted));
    if (applied.kind === 'absent') continue;
    known.add(subnetOf(applied.peer));
    if (entry.activity.kind === 'running' || entry.touched > since) continue;
    const inPlace = present.has(subnetOf(applied.peer));
    if (applied.kind === 'present' && !inPlace) missing.push(entry);
    if (applied.kind === 'unsure' && inPlace) confirmed.push(entry);
  }
  const extra = state.removedAt <= since ? [...present].filter((subnet) => !known.has(subnet)) : [];
  return { missing, confirmed, extra };
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
