import {
  addressBits,
  formatAddress,
  formatCidr,
  networkOf,
  parseAddress,
  parseCidr,
  type Address,
  type Cidr,
  type Family,
} from './cidr.ts';
import { leastMtu } from './encapsulation.ts';
import { familyKey, presentValues, type PerFamily } from './per-family.ts';

/** One family's part of the subnet file. */
export interface SubnetOfNetwork {
  readonly network: Cidr;
  readonly subnet: Cidr;
}

/** The content of flannel's subnet file, for the CNI plugin and for this node after a restart. At least one family is present. */
export interface SubnetEnvironment extends PerFamily<SubnetOfNetwork> {
  /** The MTU for pods, in bytes. */
  readonly mtu: number;
  readonly ipMasq: boolean;
}

/** The names of the variables in the subnet file. */
export const subnetVariables = {
  network: { ipv4: 'FLANNEL_NETWORK', ipv6: 'FLANNEL_IPV6_NETWORK' },
  subnet: { ipv4: 'FLANNEL_SUBNET', ipv6: 'FLANNEL_IPV6_SUBNET' },
  mtu: 'FLANNEL_MTU',
  ipMasq: 'FLANNEL_IPMASQ',
} as const;

/** The address by which the subnet file names a subnet: its first, which the CNI plugin gives to the node's bridge. */
export function firstAddressOf({ family, value }: Cidr): Address {
  return { family, value: value + 1n };
}

/** Prints the subnet file as flanneld does: the subnet as its first address, not as its network address. */
export function renderSubnetEnvironment(environment: SubnetEnvironment): string {
  return [
    ...presentValues(environment).flatMap(renderFamily),
    `${subnetVariables.mtu}=${environment.mtu}`,
    `${subnetVariables.ipMasq}=${environment.ipMasq}`,
    '',
  ].join('\n');
}

function renderFamily({ network, subnet }: SubnetOfNetwork): string[] {
  const family = familyKey(network.family);
  return [
    `${subnetVariables.network[family]}=${formatCidr(network)}`,
    `${subnetVariables.subnet[family]}=${formatAddress(firstAddressOf(subnet))}/${subnet.prefix}`,
  ];
}

/** Reads a subnet file, flanneld's or heddle's. `lacks` names what is missing or wrong in one that is not whole. */
export function parseSubnetEnvironment(text: string): SubnetEnvironment | { readonly lacks: string } {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*(FLANNEL_[A-Z0-9_]+)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  const mtu = Number(values.get(subnetVariables.mtu));
  if (!Number.isSafeInteger(mtu) || mtu < leastMtu.ipv4) return { lacks: `a usable ${subnetVariables.mtu}` };
  const subnets = { ipv4: parseFamily(values, 4), ipv6: parseFamily(values, 6) };
  if (presentValues(subnets).length === 0) {
    return { lacks: 'a usable FLANNEL_SUBNET or FLANNEL_IPV6_SUBNET with its network' };
  }
  return { ...subnets, mtu, ipMasq: values.get(subnetVariables.ipMasq) === 'true' };
}

function parseFamily(values: ReadonlyMap<string, string>, family: Family): SubnetOfNetwork | undefined {
  const key = familyKey(family);
  // flanneld before 0.21 may name several networks; the first one is the one that counts here.
  const network = parseCidr(values.get(subnetVariables.network[key])?.split(',')[0] ?? '');
  const subnet = parseNamedSubnet(values.get(subnetVariables.subnet[key]) ?? '');
  if (network?.family !== family || subnet?.family !== family) return undefined;
  return { network, subnet };
}

/** Reads a subnet as the subnet file names it: by an address inside it, and its length. Undefined for any other text. */
export function parseNamedSubnet(text: string): Cidr | undefined {
  const [host = '', prefix = ''] = text.split('/');
  const address = parseAddress(host);
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (address === undefined || length > addressBits(address.family)) return undefined;
  return networkOf(address, length);
}
