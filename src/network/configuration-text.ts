import { formatAddress, formatCidr } from './cidr.ts';
import { networksOf, type NetworkConfiguration } from './configuration.ts';
import { presentValues } from './per-family.ts';

/** A network for messages: `10.50.0.0/16`, or both families joined by `and`. */
export function describeNetwork(configuration: NetworkConfiguration): string {
  return networksOf(configuration).map(formatCidr).join(' and ');
}

/** The subnets that a network hands out: `10.50.1.0 to 10.50.255.0, each /24`. */
export function describeRanges(configuration: NetworkConfiguration): string {
  return presentValues(configuration)
    .map(
      ({ subnetMin, subnetMax, subnetLength }) =>
        `${formatAddress(subnetMin)} to ${formatAddress(subnetMax)}, each /${subnetLength}`,
    )
    .join(' and ');
}
