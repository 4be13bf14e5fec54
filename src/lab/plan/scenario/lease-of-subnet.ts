import { parseLeaseKey } from '../../../lease/wire.ts';
import { formatCidr } from '../../../network/cidr.ts';
import { presentValues } from '../../../network/per-family.ts';

/** Finds the key of the lease that has a subnet, given as text in canonical form, in one of its families. */
export function leaseOfSubnet(keys: readonly string[], subnet: string): string | undefined {
  return keys.find((key) => {
    const subnets = parseLeaseKey(key);
    return subnets !== undefined && presentValues(subnets).map(formatCidr).includes(subnet);
  });
}
