import { formatCidr } from './cidr.ts';
import type { NetworkConfiguration } from './configuration.ts';

/** A network for messages: `10.50.0.0/16`, or both families joined by `and`. */
export function describeNetwork({ ipv4, ipv6 }: NetworkConfiguration): string {
  return [ipv4, ipv6]
    .flatMap((range) => (range === undefined ? [] : [formatCidr(range.network)]))
    .join(' and ');
}
