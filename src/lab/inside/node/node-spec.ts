import { presentValues } from '../../../network/per-family.ts';
import type { NodePlan } from '../../plan/topology.ts';
import type { LabSpec } from '../../protocol.ts';

/** The spec of a lab as one node sees it: with the node's own recipe, parameters and public addresses. */
export function specOfNode(spec: LabSpec, node: NodePlan): LabSpec {
  const settings = spec.nodeSettings[node.name];
  return {
    ...spec,
    recipe: settings?.recipe ?? spec.recipe,
    parameters: [...spec.parameters, ...(settings?.parameters ?? [])],
    daemonOptions: [...publicOptions(node), ...spec.daemonOptions],
  };
}

/** The options for the addresses that a router forwards to a node. */
export function publicOptions({ ipv4, ipv6, publicAddresses }: NodePlan): readonly string[] {
  const own = presentValues({ ipv4, ipv6 }).map(({ address }) => address);
  return presentValues(publicAddresses)
    .filter((address) => !own.includes(address))
    .flatMap((address) => [address.includes(':') ? '--public-ipv6' : '--public-ip', address]);
}
