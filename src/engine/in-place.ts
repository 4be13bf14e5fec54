import { peerSubnets, type Peer } from '../lease/lease.ts';
import { presentValues } from '../network/per-family.ts';
import type { EngineState, PeerEntry } from './state.ts';

/** The subnets of a peer, IPv4's first. */
export function subnetsOf(peer: Peer): string[] {
  return presentValues(peerSubnets(peer));
}

/** The subnet that names a peer: its IPv4 subnet, or its IPv6 subnet if it has no IPv4 subnet. */
export function namingSubnet(peer: Peer): string {
  return subnetsOf(peer)[0] ?? '';
}

/** Whether the output of CheckCommand says that a peer is in place. */
export function isInPlace(state: EngineState, peer: Peer, present: ReadonlySet<string>): boolean {
  const { subnet, ipv6Subnet } = peer;
  const second = subnet === undefined ? undefined : ipv6Subnet;
  if (!present.has(subnet ?? ipv6Subnet ?? '')) return false;
  return second === undefined || state.printedSubnets.kind !== 'each' || present.has(second);
}

/**
 * Learns the form of CheckCommand's output from one output. Returns a peer that must be added once more, so that the next output can tell.
 *
 * @param judged the entries that did not change since the command started
 */
export function learnPrintedSubnets(
  state: EngineState,
  present: ReadonlySet<string>,
  judged: readonly PeerEntry[],
): PeerEntry | undefined {
  if (state.printedSubnets.kind === 'each') return undefined;
  let example: PeerEntry | undefined;
  for (const entry of judged) {
    if (entry.applied.kind === 'absent') continue;
    const { subnet: first, ipv6Subnet: second } = entry.applied.peer;
    if (first === undefined || second === undefined) continue;
    if (present.has(second)) {
      state.printedSubnets = { kind: 'each' };
      return undefined;
    }
    if (entry.applied.kind !== 'present' || !present.has(first)) continue;
    if (state.printedSubnets.kind === 'trying' && state.printedSubnets.key === entry.key) {
      state.printedSubnets = { kind: 'first' };
      return undefined;
    }
    example ??= entry;
  }
  if (state.printedSubnets.kind === 'first' || !state.hasSnapshot || example === undefined) return undefined;
  if (state.printedSubnets.kind === 'trying' && isUnderWay(state, state.printedSubnets.key, judged))
    return undefined;
  state.printedSubnets = { kind: 'trying', key: example.key };
  return example;
}

/** Whether the peer under trial changed after the command started. */
function isUnderWay(state: EngineState, key: string, judged: readonly PeerEntry[]): boolean {
  const tried = state.entries.get(key);
  return tried?.wanted !== undefined && !judged.includes(tried);
}
