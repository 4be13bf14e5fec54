import { formatAddress, formatCidr, networkOf, parseAddress, parseCidr, type Cidr } from '../network/cidr.ts';

/** One family's part of the subnet file. */
export interface SubnetOfNetwork {
  readonly network: Cidr;
  readonly subnet: Cidr;
}

/** What the subnet file tells the CNI plugin, and this node after a restart. */
export interface SubnetEnvironment {
  readonly ipv4: SubnetOfNetwork | undefined;
  readonly ipv6: SubnetOfNetwork | undefined;
  /** What pods may use. */
  readonly mtu: number;
  readonly ipMasq: boolean;
}

/** Prints the subnet file as flanneld does: the subnet as its first address, not as its network address. */
export function renderSubnetEnvironment({ ipv4, ipv6, mtu, ipMasq }: SubnetEnvironment): string {
  return [
    ...(ipv4 === undefined ? [] : renderFamily('', ipv4)),
    ...(ipv6 === undefined ? [] : renderFamily('IPV6_', ipv6)),
    `FLANNEL_MTU=${mtu}`,
    `FLANNEL_IPMASQ=${ipMasq}`,
    '',
  ].join('\n');
}

function renderFamily(infix: string, { network, subnet }: SubnetOfNetwork): string[] {
  const first = formatAddress({ family: subnet.family, value: subnet.value + 1n });
  return [
    `FLANNEL_${infix}NETWORK=${formatCidr(network)}`,
    `FLANNEL_${infix}SUBNET=${first}/${subnet.prefix}`,
  ];
}

/**
 * Reads a subnet file, flanneld's or heddle's, as a hint of the subnet that this node had. Undefined if it is not whole:
 * a hint that cannot be read is none.
 */
export function parseSubnetEnvironment(text: string): SubnetEnvironment | undefined {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, name, value] = /^\s*(FLANNEL_[A-Z0-9_]+)=(.*?)\s*$/.exec(line) ?? [];
    if (name !== undefined && value !== undefined) values.set(name, value);
  }
  const ipv4 = parseFamily(values, '');
  const ipv6 = parseFamily(values, 'IPV6_');
  const mtu = Number(values.get('FLANNEL_MTU'));
  if ((ipv4 ?? ipv6) === undefined || !Number.isSafeInteger(mtu) || mtu <= 0) return undefined;
  return { ipv4, ipv6, mtu, ipMasq: values.get('FLANNEL_IPMASQ') === 'true' };
}

function parseFamily(values: ReadonlyMap<string, string>, infix: string): SubnetOfNetwork | undefined {
  const family = infix === '' ? 4 : 6;
  // flanneld before 0.21 may name several networks; the first one is the one that counts here.
  const network = parseCidr(values.get(`FLANNEL_${infix}NETWORK`)?.split(',')[0] ?? '');
  const [host = '', prefix = ''] = (values.get(`FLANNEL_${infix}SUBNET`) ?? '').split('/');
  const address = parseAddress(host);
  const length = /^\d{1,3}$/.test(prefix) ? Number(prefix) : Infinity;
  if (network?.family !== family || address?.family !== family) return undefined;
  if (length > (family === 4 ? 32 : 128)) return undefined;
  return { network, subnet: networkOf(address, length) };
}
