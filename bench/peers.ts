import type { FamilyKey } from '../src/network/per-family.ts';

/** The address families of a bench. */
export type BenchFamily = FamilyKey | 'dual';
export const benchFamilies: readonly BenchFamily[] = ['ipv4', 'ipv6', 'dual'];

/** Whether a bench with this choice has an address family. */
export function hasFamily(choice: BenchFamily, family: FamilyKey): boolean {
  return choice === family || choice === 'dual';
}

/** A made-up node: its subnets, addresses and MAC or key, all different for each index. */
export interface MadeUpPeer {
  readonly subnet: string;
  readonly gateway: string;
  readonly publicIp: string;
  readonly ipv6Subnet: string;
  readonly ipv6Gateway: string;
  readonly publicIpv6: string;
  readonly mac: string;
  readonly publicKey: string;
}

/** The shipped recipes, and flannel's documented one for its extension backend. */
export type RecipeName = 'vxlan' | 'host-gw' | 'wireguard' | 'extension';

/** The networks that all peers are of. */
export const madeUpNetwork = '10.0.0.0/8';
export const madeUpIpv6Network = 'fd00:10::/48';

/** The indexes that {@link makeUpPeer} takes: 0 up to, not including, this. */
export const mostPeers = 65_000;

const hex = (value: number): string => value.toString(16).padStart(2, '0');

/**
 * The peer of an index, with a /24 of {@link madeUpNetwork} and an address of 172.16.0.0/12, a /64 of {@link madeUpIpv6Network} and an
 * address of fd00:99::/64.
 */
export function makeUpPeer(index: number): MadeUpPeer {
  const n = index + 512; // past this node's own subnet
  const [high, low] = [n >> 8, n & 0xff];
  const key = Buffer.alloc(32);
  key.writeUInt32BE(n, 8);
  key[31] = 0x40;
  return {
    subnet: `10.${high}.${low}.0/24`,
    gateway: `10.${high}.${low}.0`,
    publicIp: `172.${17 + (n >> 14)}.${(n >> 6) & 0xff}.${(n & 0x3f) + 1}`,
    ipv6Subnet: `fd00:10:0:${n.toString(16)}::/64`,
    ipv6Gateway: `fd00:10:0:${n.toString(16)}::`,
    publicIpv6: `fd00:99::${n.toString(16)}`,
    mac: `02:00:00:${hex(high)}:${hex(low)}:01`,
    publicKey: key.toString('base64'),
  };
}

/** The first peers, so many. */
export function makePeers(count: number): readonly MadeUpPeer[] {
  return Array.from({ length: count }, (_, index) => makeUpPeer(index));
}

/** The network configuration of a recipe. */
export function networkDocument(recipe: RecipeName, family: BenchFamily): object {
  return {
    ...(hasFamily(family, 'ipv4') ? { Network: madeUpNetwork } : { EnableIPv4: false }),
    ...(hasFamily(family, 'ipv6') && { EnableIPv6: true, IPv6Network: madeUpIpv6Network }),
    Backend: { Type: recipe },
  };
}

/** What the node of a peer would write on its lease. */
export function leaseFields(recipe: RecipeName, peer: MadeUpPeer, family: BenchFamily): object {
  const data = {
    vxlan: { VNI: 1, VtepMAC: peer.mac },
    'host-gw': undefined,
    wireguard: { PublicKey: peer.publicKey, Port: 51820 },
    extension: peer.mac,
  }[recipe];
  const hasIpv4 = hasFamily(family, 'ipv4');
  const hasIpv6 = hasFamily(family, 'ipv6');
  return {
    PublicIP: hasIpv4 ? peer.publicIp : '0.0.0.0',
    PublicIPv6: hasIpv6 ? peer.publicIpv6 : null,
    BackendType: recipe,
    ...(hasIpv4 && { BackendData: data }),
    ...(hasIpv6 && { BackendV6Data: data }),
  };
}

export function madeUpKey({ subnet, ipv6Subnet }: MadeUpPeer, family: BenchFamily): string {
  const parts = [
    hasFamily(family, 'ipv4') ? subnet : '0.0.0.0/0',
    ...(hasFamily(family, 'ipv6') ? [ipv6Subnet] : []),
  ];
  return parts.map((part) => part.replace('/', '-')).join('&');
}
