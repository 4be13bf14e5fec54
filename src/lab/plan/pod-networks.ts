import { formatAddress, formatCidr } from '../../network/cidr.ts';
import { mapFamilies, type PerFamily } from '../../network/per-family.ts';
import { firstAddressOf, type SubnetEnvironment, type SubnetOfNetwork } from '../../network/subnet-env.ts';

/** One family of a node's subnet, as its bridge and its pod use it. */
interface PodNetwork {
  /** The subnet in canonical form: `10.50.4.0/24`. */
  readonly subnet: string;
  /** The subnet's first address: the bridge's, and the pod's router. */
  readonly gateway: string;
  /** The pod's address, which follows the gateway's. */
  readonly pod: string;
  readonly prefix: number;
}

/** The networks that a CNI plugin reads from a node's subnet file. At least one family is present. */
export interface PodNetworks extends PerFamily<PodNetwork> {
  /** The MTU in bytes. */
  readonly mtu: number;
}

/** Plans a node's bridge and its pod from the node's subnet file. */
export function planPodNetworks(environment: SubnetEnvironment): PodNetworks {
  return { ...mapFamilies(environment, planPodNetwork), mtu: environment.mtu };
}

function planPodNetwork({ subnet }: SubnetOfNetwork): PodNetwork {
  const gateway = firstAddressOf(subnet);
  return {
    subnet: formatCidr(subnet),
    gateway: formatAddress(gateway),
    pod: formatAddress({ family: gateway.family, value: gateway.value + 1n }),
    prefix: subnet.prefix,
  };
}
