import type { Address } from './cidr.ts';

/** 127.0.0.0/8 or ::1. */
export function isLoopback({ family, value }: Address): boolean {
  return family === 4 ? value >> 24n === 127n : value === 1n;
}

/** 169.254.0.0/16 (RFC 3927) or fe80::/10 (RFC 4291). */
export function isLinkLocal({ family, value }: Address): boolean {
  return family === 4 ? value >> 16n === 0xa9fen : value >> 118n === 0x3fan;
}

/** ::ffff:0:0/96 (RFC 4291, 2.5.5.2): one IPv4 address in two spellings, where only one may be compared. */
export function isV4Mapped({ family, value }: Address): boolean {
  return family === 6 && value >> 32n === 0xffffn;
}

/** The IPv4 address that flannel takes an address for where it needs one: a v4-mapped one counts. */
export function asIpv4(address: Address): Address | undefined {
  if (address.family === 4) return address;
  return isV4Mapped(address) ? { family: 4, value: BigInt.asUintN(32, address.value) } : undefined;
}

/** Why an address cannot be the underlay address of a host, or undefined if it can. */
export function describeUnusable(address: Address): string | undefined {
  const { family, value } = address;
  if (value === 0n) return 'the unspecified address';
  if (isLoopback(address)) return 'a loopback address';
  if (isV4Mapped(address)) return 'a v4-mapped address';
  if (family === 6) return value >> 120n === 0xffn ? 'a multicast address' : undefined;
  const first = Number(value >> 24n);
  if (first === 0) return 'in 0.0.0.0/8';
  if (first >= 224 && first <= 239) return 'a multicast address';
  return first >= 240 ? 'reserved or broadcast' : undefined;
}
