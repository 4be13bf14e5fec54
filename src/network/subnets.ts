import { addressBits, contains, networkOf, type Address, type Cidr } from './cidr.ts';
import type { SubnetRange } from './configuration.ts';

/** The number of addresses in a subnet of the range. */
function subnetSize(range: SubnetRange): bigint {
  return 1n << BigInt(addressBits(range.network.family) - range.subnetLength);
}

/** How many subnets may be leased, from SubnetMin to SubnetMax, both included. */
export function subnetCount(range: SubnetRange): bigint {
  return (range.subnetMax.value - range.subnetMin.value) / subnetSize(range) + 1n;
}

/** The subnet at an index, counted from 0 at SubnetMin. Throws a RangeError outside 0 … {@link subnetCount} − 1. */
export function subnetAt(range: SubnetRange, index: bigint): Cidr {
  if (index < 0n || index >= subnetCount(range)) throw new RangeError(`there is no subnet ${index}`);
  return {
    family: range.network.family,
    value: range.subnetMin.value + index * subnetSize(range),
    prefix: range.subnetLength,
  };
}

/** Whether a network is one that the range may lease: of its length, on a boundary, from SubnetMin to SubnetMax. */
export function fitsRange(range: SubnetRange, cidr: Cidr): boolean {
  return (
    cidr.prefix === range.subnetLength &&
    networkOf(cidr, cidr.prefix).value === cidr.value &&
    contains(range.network, cidr) &&
    cidr.value >= range.subnetMin.value &&
    cidr.value <= range.subnetMax.value
  );
}

/** The first address after a network's own: what flannel's subnet file names as the node's. */
export function firstHost(cidr: Cidr): Address {
  return { family: cidr.family, value: cidr.value + 1n };
}
