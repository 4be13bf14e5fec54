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
import { presentValues, type PerFamily } from './per-family.ts';

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

/** The middle part of the names of a family's variables. */
const infixes: Readonly<Record<Family, string>> = { 4: '', 6: 'IPV6_' };

/** The address by which the subnet file names a subnet: its first, which the CNI plugin gives to the node's bridge. */
export function firstAddressOf({ family, value }: Cidr): Address {
  return { family, value: value + 1n };
}

/** Prints the subnet file as flanneld does: the subnet as its first address, not as its network address. */
export function renderSubnetEnvironment(environment: SubnetEnvironment): string {
  return [
    ...presentValues(environment).flatMap(renderFamily),
    `FLANNEL_MTU=${environment.mtu}`,
    `FLANNEL_IPMASQ=${environment.ipMasq}`,
    '',
  ].join('\n');
}

function renderFamily({ network, subnet }: SubnetOfNetwork): string[] {
  const infix = infixes[network.family];
  return [
    `FLANNEL_${infix}NETWORK=${formatCidr(network)}`,
    `FLANNEL_${infix}SUBNET=${formatAddress(firstAddressOf(subnet))}/${subnet.prefix}`,
  ];
}

/** Reads a subnet file, flanneld's or heddle's. `lacks` names what is missing or wrong in one that is not whole. */
export function parseSubnetEnvironment(text: string): SubnetEnvironment | { readonly lacks: string } {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*(FLANNEL_[A-Z0-9_]+)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  const mtu = Number(values.get('FLANNEL_MTU'));
  if (!Number.isSafeInteger(mtu) || mtu < leastMtu.ipv4) return { lacks: 'a usable FLANNEL_MTU' };
  const subnets = { ipv4: parseFamily(values, 4), ipv6: parseFamily(values, 6) };
  if (presentValues(subnets).length === 0) {
    return { lacks: 'a usable FLANNEL_SUBNET or FLANNEL_IPV6_SUBNET with its network' };
  }
  return { ...subnets, mtu, ipMasq: values.get('FLANNEL_IPMASQ') === 'true' };
}

function parseFamily(values: ReadonlyMap<string, string>, family: Family): SubnetOfNetwork | undefined {
  const infix = infixes[family];
  // flanneld before 0.21 may name several networks; the first one is the one that counts here.
  const network = parseCidr(values.get(`FLANNEL_${infix}NETWORK`)?.split(',')[0] ?? '');
  const [host = '', prefix = ''] = (values.get(`FLANNEL_${infix}SUBNET`) ?? '').split('/');
  const address = parseAddress(host);
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (network?.family !== family || address?.family !== family) return undefined;
  if (length > addressBits(family)) return undefined;
  return { network, subnet: networkOf(address, length) };
}
