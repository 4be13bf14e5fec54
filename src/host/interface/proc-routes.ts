import { readFile } from 'node:fs/promises';
import { endianness } from 'node:os';
import { LinkRoutes, type LinkRoute } from '../../network/link-routes.ts';
import { addressBits, contains, overlaps, type Cidr, type Family } from '../../network/cidr.ts';
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

/** A line of `/proc/net/route` or `/proc/net/ipv6_route`. */
interface ProcRoute {
  readonly destination: Cidr;
  readonly device: string;
  readonly metric: number;
  /** The kernel's `RTF_…` bits. */
  readonly flags: number;
}

/** Reads the destinations in `/proc/net/route` or `/proc/net/ipv6_route`; see {@link parseRoutes}. */
export function parseDestinations(text: string, family: Family, order: 'LE' | 'BE'): readonly Cidr[] {
  return parseRoutes(text, family, order).map(({ destination }) => destination);
}

/**
 * Reads `/proc/net/route` or `/proc/net/ipv6_route`.
 *
 * @param order the byte order of the machine: the kernel prints an IPv4 address as the number that it has in memory
 */
function parseRoutes(text: string, family: Family, order: 'LE' | 'BE'): readonly ProcRoute[] {
  return text.split('\n').flatMap((line): readonly ProcRoute[] => {
    const fields = line.trim().split(/\s+/);
    const [address, length] = family === 6 ? fields : [fields[1], fields[7]];
    const [device = '', metric, flags] =
      family === 6 ? [fields[9], fields[5], fields[8]] : [fields[0], fields[6], fields[3]];
    // A line without both is the headline, or empty.
    if (!isHexadecimal(address) || !isHexadecimal(length)) return [];
    const common = {
      device,
      metric: Number.parseInt(metric ?? '', family === 6 ? 16 : 10),
      flags: Number.parseInt(flags ?? '', 16),
    };
    if (family === 6) {
      const prefix = Number.parseInt(length, 16);
      return [{ ...common, destination: { family, value: BigInt(`0x${address}`), prefix } }];
    }
    const mask = inNetworkOrder(length, order).toString(2).replaceAll('0', '');
    const destination = { family, value: inNetworkOrder(address, order), prefix: mask.length };
    return [{ ...common, destination }];
  });
}

/** `RTF_GATEWAY` and `RTF_REJECT` of linux/route.h. */
const [throughGateway, refusing] = [0x2, 0x200];

/** Reads routes for the question on whose link an address lies; see {@link parseRoutes}. */
export function parseLinkRoutes(text: string, family: Family, order: 'LE' | 'BE'): readonly LinkRoute[] {
  return parseRoutes(text, family, order).map(({ destination, device, metric, flags }) => {
    const isDirect = (flags & (throughGateway | refusing)) === 0 && device !== '*';
    return { destination, metric, device: isDirect ? device : undefined };
  });
}

/**
 * Reads the routes of this network namespace: of the main table for IPv4, of all tables for IPv6. Routes into the `except` networks are
 * missing from the result, and so are those of a family that cannot be read.
 */
export async function readLinkRoutes(except: readonly Cidr[]): Promise<LinkRoutes> {
  const families = await Promise.all(
    ([4, 6] as const).map(async (family) => {
      const text = await readFile(files[family], 'utf8').catch(() => '');
      return parseLinkRoutes(text, family, endianness());
    }),
  );
  const isForeign = ({ destination }: LinkRoute) => !except.some((network) => contains(network, destination));
  return new LinkRoutes(families.flat().filter(isForeign));
}

function isHexadecimal(text: string | undefined): text is string {
  return text !== undefined && /^[0-9a-f]+$/i.test(text);
}

function inNetworkOrder(digits: string, order: 'LE' | 'BE'): bigint {
  const bytes = digits.padStart(addressBits(4) / 4, '0').match(/../g) ?? [];
  return BigInt(`0x${(order === 'LE' ? bytes.toReversed() : bytes).join('')}`);
}
