import { readLinks, readRoutesInto } from '../../host/interface/links.ts';
import type { Cidr } from '../../network/cidr.ts';
import { findDroppers, type Dropper } from '../firewall/droppers.ts';
import { listForwardedPackets } from '../firewall/forwarded-packets.ts';
import { readForwardRules } from './rules.ts';

/** A network of this node, and the node's own subnet there. */
export interface ForwardedRange {
  readonly network: Cidr;
  readonly own: Cidr;
}

/** A chain that drops packets of a network. */
export interface NetworkDropper extends Dropper {
  readonly network: Cidr;
}

/**
 * Finds the chains at the kernel's forward hook that drop packets of these networks. heddle's own rules count as they are now. Throws a
 * `ProgramError` or a Failure if a program fails.
 */
export async function readForwardDroppers(
  ranges: readonly ForwardedRange[],
): Promise<readonly NetworkDropper[]> {
  const families = ranges.map(({ network }) => network.family);
  const [rules, links, routes] = await Promise.all([
    readForwardRules(families),
    readLinks(),
    Promise.all(ranges.map(({ own }) => readRoutesInto(own))),
  ]);
  const all = links.map(({ name }) => name);
  return ranges.flatMap(({ network, own }, index) => {
    const ofPods = new Set(routes[index]?.flatMap(({ device }) => device ?? []));
    const packets = listForwardedPackets(network, own, { all, ofPods: [...ofPods] });
    return findDroppers(rules, network.family, packets).map((dropper) => ({ ...dropper, network }));
  });
}
