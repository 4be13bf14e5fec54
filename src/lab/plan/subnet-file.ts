import { addressBits, formatAddress, formatCidr, networkOf, parseAddress } from '../../network/cidr.ts';

/** One family of a node's subnet, as its bridge and its pod use it. */
export interface PodNetwork {
  /** In canonical form: `10.50.4.0/24`. */
  readonly subnet: string;
  /** The subnet's first address: the bridge's, and the pod's router. */
  readonly gateway: string;
  /** The address after it. */
  readonly pod: string;
  readonly prefix: number;
}

/** What a CNI plugin takes from flannel's subnet file. At least one family is present. */
export interface SubnetFile {
  readonly ipv4: PodNetwork | undefined;
  readonly ipv6: PodNetwork | undefined;
  readonly mtu: number;
}

/** Reads a subnet file (`FLANNEL_SUBNET=10.50.4.1/24` …), or says what it lacks. */
export function readPodNetworks(text: string): SubnetFile | { readonly lacks: string } {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const at = line.indexOf('=');
    if (at > 0) values.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
  }
  const mtu = Number(values.get('FLANNEL_MTU'));
  if (!Number.isInteger(mtu) || mtu < 68) return { lacks: 'a usable FLANNEL_MTU' };
  const ipv4 = podNetwork(values.get('FLANNEL_SUBNET'));
  const ipv6 = podNetwork(values.get('FLANNEL_IPV6_SUBNET'));
  if (!ipv4 && !ipv6) return { lacks: 'a usable FLANNEL_SUBNET or FLANNEL_IPV6_SUBNET' };
  return { ipv4, ipv6, mtu };
}

function podNetwork(text: string | undefined): PodNetwork | undefined {
  const [address = '', prefix = ''] = text?.split('/') ?? [];
  const gateway = parseAddress(address);
  const length = Number(prefix);
  if (gateway === undefined || !/^\d{1,3}$/.test(prefix)) return undefined;
  if (length > addressBits(gateway.family)) return undefined;
  return {
    subnet: formatCidr(networkOf(gateway, length)),
    gateway: formatAddress(gateway),
    pod: formatAddress({ family: gateway.family, value: gateway.value + 1n }),
    prefix: length,
  };
}

/** The families a subnet file has, IPv4 first. */
export function podNetworksOf(file: SubnetFile): readonly PodNetwork[] {
  return [file.ipv4, file.ipv6].filter((network) => network !== undefined);
}
