import { writeSubnetFile } from '../../host/subnet-file.ts';
import type { SubnetOfNetwork } from '../../host/subnet-env.ts';
import type { Cidr } from '../../network/cidr.ts';
import type { SubnetRange } from '../../network/configuration.ts';
import type { LeasedNetwork } from './leased-network.ts';

/** Writes the subnet file for the CNI plugin. Throws a Failure. */
export async function publishSubnets(subnetFile: string, leased: LeasedNetwork): Promise<void> {
  const { network, mtu } = leased.commands.facts;
  await writeSubnetFile(subnetFile, {
    ipv4: subnetOf(network.ipv4, leased.subnets.ipv4),
    ipv6: subnetOf(network.ipv6, leased.subnets.ipv6),
    mtu,
    ipMasq: false,
  });
}

function subnetOf(range: SubnetRange | undefined, subnet: Cidr | undefined): SubnetOfNetwork | undefined {
  return range === undefined || subnet === undefined ? undefined : { network: range.network, subnet };
}
