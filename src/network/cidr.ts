import ipaddr from 'ipaddr.js';

export type Family = 4 | 6;

/** An IP address as a number with its family. The text form is what {@link formatAddress} prints. */
export interface Address {
  readonly family: Family;
  /** 0 to 2³²−1, or 2¹²⁸−1. */
  readonly value: bigint;
}

/** A network: an address whose host bits are zero, and a prefix length. */
export interface Cidr extends Address {
  /** 0 to 32, or 128. */
  readonly prefix: number;
}

/** The number of bits of an address. */
export function addressBits(family: Family): 32 | 128 {
  return family === 4 ? 32 : 128;
}

const ipv4Part = '(0|[1-9]\\d?|1\\d\\d|2[0-4]\\d|25[0-5])';
const ipv4Form = new RegExp(`^${Array.from({ length: 4 }, () => ipv4Part).join('\\.')}$`);

/**
 * Reads an address strictly: four decimal parts without leading zeros, or RFC 4291 text without a zone.
 * A v4-mapped IPv6 address stays IPv6. Returns undefined for anything else.
 */
export function parseAddress(text: string): Address | undefined {
  const [, ...parts] = ipv4Form.exec(text) ?? [];
  if (parts.length > 0) {
    const value = parts.reduce((high, part) => high * 256 + Number(part), 0);
    return { family: 4, value: BigInt(value) };
  }
  if (!/^[0-9A-Fa-f:.]+$/.test(text) || !ipaddr.IPv6.isValid(text)) return undefined;
  let value = 0n;
  for (const part of ipaddr.IPv6.parse(text).parts) value = (value << 16n) | BigInt(part);
  return { family: 6, value };
}

/** Prints an address in its canonical form: dotted decimal, or RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) {
    const bits = Number(value);
    return `${bits >>> 24}.${(bits >>> 16) & 0xff}.${(bits >>> 8) & 0xff}.${bits & 0xff}`;
  }
  const bytes: number[] = [];
  for (let i = 15; i >= 0; i -= 1) bytes.push(Number((value >> BigInt(8 * i)) & 0xffn));
  return new ipaddr.IPv6(bytes).toRFC5952String();
}

function hostMask(family: Family, prefix: number): bigint {
  return (1n << BigInt(addressBits(family) - prefix)) - 1n;
}

/** Reads `address/prefix`. Returns undefined unless it is well formed and its host bits are zero. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([^/]+)\/(0|[1-9]\d{0,2})$/.exec(text);
  const address = parseAddress(match?.[1] ?? '');
  if (match === null || address === undefined) return undefined;
  const prefix = Number(match[2]);
  if (prefix > addressBits(address.family)) return undefined;
  if (BigInt.asUintN(addressBits(address.family) - prefix, address.value) !== 0n) return undefined;
  return { ...address, prefix };
}

export function formatCidr(cidr: Cidr): string {
  return `${formatAddress(cidr)}/${cidr.prefix}`;
}

/** The network of the given length that holds the address. */
export function networkOf(address: Address, prefix: number): Cidr {
  return { family: address.family, value: address.value & ~hostMask(address.family, prefix), prefix };
}

/** The last address of a network: its broadcast address in IPv4. */
export function lastAddress(cidr: Cidr): Address {
  return { family: cidr.family, value: cidr.value | hostMask(cidr.family, cidr.prefix) };
}

/** Whether an address, or the whole of a network, lies inside `outer`. */
export function contains(outer: Cidr, inner: Address | Cidr): boolean {
  if (outer.family !== inner.family) return false;
  if ('prefix' in inner && inner.prefix < outer.prefix) return false;
  const hostBits = BigInt(addressBits(outer.family) - outer.prefix);
  return inner.value >> hostBits === outer.value >> hostBits;
}

/** Whether two networks share an address. */
export function overlaps(a: Cidr, b: Cidr): boolean {
  return a.prefix <= b.prefix ? contains(a, b) : contains(b, a);
}
