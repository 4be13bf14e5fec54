import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { addressBits, overlaps, type Cidr, type Family } from '../../network/cidr.ts';
import { isDefaultRoute } from './find-overlap.ts';

/** The kernel's lists of routes: of the main table for IPv4, of all tables for IPv6. They do not tell who made a route. */
const files = { 4: '/proc/net/route', 6: '/proc/net/ipv6_route' } as const;

/**
 * Whether a route of this network namespace, other than a default route, may lead into a network. To read a file takes a tenth of the time
 * that a program takes. True if the file cannot be read.
 */
export async function mayHaveRouteInto(network: Cidr): Promise<boolean> {
  try {
    const text = await readFile(files[network.family], 'utf8');
    return parseDestinations(text, network.family, endianness()).some(
      (destination) => !isDefaultRoute({ destination }) && overlaps(network, destination),
    );
  } catch {
    return true;
  }
}

/**
 * Reads the destinations in `/proc/net/route` or `/proc/net/ipv6_route`.
 *
 * @param order the byte order of the machine: the kernel prints an IPv4 address as the number that it has in memory
 */
export function parseDestinations(text: string, family: Family, order: 'LE' | 'BE'): readonly Cidr[] {
  return text.split('\n').flatMap((line): readonly Cidr[] => {
    const fields = line.trim().split(/\s+/);
    const [address, length] = family === 6 ? fields : [fields[1], fields[7]];
    // A line without both is the headline, or empty.
    if (!isHexadecimal(address) || !isHexadecimal(length)) return [];
    if (family === 6) return [{ family, value: BigInt(`0x${address}`), prefix: Number.parseInt(length, 16) }];
    const mask = inNetworkOrder(length, order).toString(2).replaceAll('0', '');
    return [{ family, value: inNetworkOrder(address, order), prefix: mask.length }];
  });
}

function isHexadecimal(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]+$/i.test(text);
}

function inNetworkOrder(digits: string, order: 'LE' | 'BE'): bigint {
  const bytes = digits.padStart(addressBits(4) / 4, '0').match(/../g) ?? [];
  return BigInt(`0x${(order === 'LE' ? bytes.toReversed() : bytes).join('')}`);
}
