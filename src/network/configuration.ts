import type { Address, Cidr } from './cidr.ts';
import { presentValues, type PerFamily } from './per-family.ts';

/** Where one address family's subnets are taken from; checked by flannel's rules. */
export interface SubnetRange {
  readonly network: Cidr;
  /** The prefix length of each node's subnet. */
  readonly subnetLength: number;
  /** The first and the last subnet that may be leased, as their network addresses. */
  readonly subnetMin: Address;
  readonly subnetMax: Address;
}

/** A network configuration whose every value was checked. At least one family is present. */
export interface NetworkConfiguration extends PerFamily<SubnetRange> {
  readonly enableNftables: boolean;
}

/** The networks of the families that a configuration has, IPv4's first. */
export function networksOf(configuration: NetworkConfiguration): Cidr[] {
  return presentValues(configuration).map(({ network }) => network);
}
