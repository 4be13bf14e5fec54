import { formatCidr } from '../../network/cidr.ts';
import type { NetworkConfiguration } from '../../network/configuration.ts';
import { presentValues } from '../../network/per-family.ts';
import { countSubnets, subnetAt } from '../../network/subnets.ts';
import type { NodePlan } from './topology.ts';

/** The subnets that a cluster has assigned to each node, by the node's name: one for each family, IPv4's first. */
export type PodCidrs = Readonly<Record<string, readonly string[]>>;

/**
 * Assigns subnets to nodes, as kube-controller-manager does in a cluster: the first node gets the first subnet of each family, and so on. If
 * a family has fewer subnets than there are nodes, returns their number.
 */
export function assignPodCidrs(
  configuration: NetworkConfiguration,
  nodes: readonly Pick<NodePlan, 'name'>[],
): PodCidrs | { readonly available: bigint } {
  const ranges = presentValues(configuration);
  for (const range of ranges) {
    const available = countSubnets(range);
    if (available < BigInt(nodes.length)) return { available };
  }
  return Object.fromEntries(
    nodes.map(({ name }, index) => [name, ranges.map((range) => formatCidr(subnetAt(range, BigInt(index))))]),
  );
}
