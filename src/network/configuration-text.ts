import { formatAddress, formatCidr } from './cidr.ts';
import type { NetworkConfiguration } from './configuration.ts';

/** A network for messages: `10.50.0.0/16`, or both families joined by `and`. */
export function describeNetwork({ ipv4, ipv6 }: NetworkConfiguration): string {
  return [ipv4, ipv6]
    .flatMap((range) => (range === undefined ? [] : [formatCidr(range.network)]))
    .join(' and ');
}

/** The subnets that a network hands out: `10.50.1.0 to 10.50.255.0, each /24`. */
export function describeRanges({ ipv4, ipv6 }: NetworkConfiguration): string {
  return [ipv4, ipv6]
    .filter((range) => range !== undefined)
    .map(
      ({ subnetMin, subnetMax, subnetLength }) =>
        `${formatAddress(subnetMin)} to ${formatAddress(subnetMax)}, each /${subnetLength}`,
    )
    .join(' and ');
}
