import type { CommandTrouble } from '../../event/trouble.ts';
import type { LeaseSubnets, Peer } from '../../lease/lease.ts';
import { formatPeerLine } from '../../contract/peer-line.ts';
import { formatCidr, parseCidr } from '../../network/cidr.ts';
import { presentValues } from '../../network/per-family.ts';
import { inSlices, type Haste } from '../../time/in-slices.ts';
import type { CommandRunner } from './command-runner.ts';

/** The result of CheckCommand. */
export type PeersInPlace =
  | { readonly kind: 'listed'; readonly subnets: ReadonlySet<string> }
  /** The command failed: the network itself is broken. */
  | { readonly kind: 'broken'; readonly trouble: CommandTrouble }
  /** The recipe has no CheckCommand. */
  | { readonly kind: 'unknown' };

/**
 * Runs CheckCommand. The command reads the peers that should be in place, in the format of SubnetBatchCommand's add
 * lines, and prints one SUBNET a line for each peer that is fully in place, or both subnets of a dual-stack peer. Lines that are not a subnet, and this
 * node's own subnet, are skipped.
 *
 * @param haste how much of the event loop the work on many thousand peers may take
 */
export async function checkPeersInPlace(
  commands: CommandRunner,
  own: LeaseSubnets,
  expected: readonly Peer[],
  haste: Haste,
  signal?: AbortSignal,
): Promise<PeersInPlace> {
  if (!commands.has('CheckCommand')) return { kind: 'unknown' };
  const lines: string[] = [];
  /** The subnets that need no reading. */
  const known = new Set<string>();
  await inSlices(expected, haste, (peer) => {
    const line = formatPeerLine('add', peer, commands.backendData);
    if (line !== undefined) lines.push(line);
    if (peer.subnet !== undefined) known.add(peer.subnet);
    if (peer.ipv6Subnet !== undefined) known.add(peer.ipv6Subnet);
  });
  const result = await commands.runLines('CheckCommand', own, lines, signal);
  if (result.kind === 'trouble') return { kind: 'broken', trouble: result.trouble };
  const subnets = new Set<string>();
  await inSlices(result.stdout.split('\n'), haste, (line) => {
    if (known.has(line)) {
      subnets.add(line);
      return;
    }
    const cidr = parseCidr(line.trim());
    if (cidr !== undefined) subnets.add(formatCidr(cidr));
  });
  for (const cidr of presentValues(own)) subnets.delete(formatCidr(cidr));
  return { kind: 'listed', subnets };
}
