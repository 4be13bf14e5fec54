import { presentValues, type PerFamily } from './per-family.ts';

/** The addresses at which other nodes reach a node, by flannel's names for them. Canonical text. */
export interface PublicAddresses {
  readonly publicIp: string | undefined;
  readonly publicIpv6: string | undefined;
}

/** A node's public addresses by family. */
export function publicAddresses({ publicIp, publicIpv6 }: PublicAddresses): PerFamily<string> {
  return { ipv4: publicIp, ipv6: publicIpv6 };
}

/** The public addresses that a node has, IPv4's first. */
export function listPublicAddresses(node: PublicAddresses): string[] {
  return presentValues(publicAddresses(node));
}

/** The public address that names a node in events and in status: the first of its addresses, or '' if it has none. */
export function mainPublicAddress(node: PublicAddresses): string {
  return listPublicAddresses(node)[0] ?? '';
}
