import { contains, formatCidr, overlaps, parseAddress, type Cidr } from '../../network/cidr.ts';
import { listPublicAddresses } from '../../network/public-addresses.ts';
import type { ChosenInterface } from './choose-interface.ts';
import type { HostRoute, Link } from './ip-output.ts';

/** The kernel's state, and the data that identifies what an earlier run of this network left there. */
export interface OverlapFacts {
  readonly links: readonly Link[];
  /** The routes of the main routing table, for every family of the network. */
  readonly routes: readonly HostRoute[];
  /** The subnets that this node had in earlier runs. */
  readonly ownSubnets: readonly Cidr[];
  /** Whether an earlier run may have left its network up: then routes into the overlay are its own. */
  readonly mayStand: boolean;
}

/** A part of the host that lies inside an overlay network. */
export interface Overlap {
  /** The overlay network: `10.50.0.0/16`. */
  readonly network: string;
  /** The part of the host: `the route 10.50.0.0/24 on eth0`. */
  readonly what: string;
}

/**
 * Finds a route or an address of this host whose packets the overlay would take, or a public address of this node inside the overlay.
 * Devices and routes that an earlier run of the overlay left do not count. Undefined if there is none.
 */
export function findOverlap(
  networks: readonly Cidr[],
  underlay: Pick<ChosenInterface, 'publicIp' | 'publicIpv6'>,
  facts: OverlapFacts,
): Overlap | undefined {
  for (const network of networks) {
    const what =
      findPublicAddress(network, underlay) ?? findOwnAddress(network, facts) ?? findRoute(network, facts);
    if (what !== undefined) return { network: formatCidr(network), what };
  }
  return undefined;
}

function findPublicAddress(
  network: Cidr,
  underlay: Pick<ChosenInterface, 'publicIp' | 'publicIpv6'>,
): string | undefined {
  const inside = listPublicAddresses(underlay).find((text) => {
    const address = parseAddress(text);
    return address !== undefined && contains(network, address);
  });
  return inside === undefined ? undefined : `the public address ${inside} of this node`;
}

function findOwnAddress(network: Cidr, { links, ownSubnets }: OverlapFacts): string | undefined {
  for (const link of links) {
    if (isOfOverlay(link, network, ownSubnets)) continue;
    const address = link.addresses.find((own) => contains(network, own));
    if (address !== undefined) return `the address ${address.text} of ${link.name}`;
  }
  return undefined;
}

function findRoute(network: Cidr, { links, routes, ownSubnets, mayStand }: OverlapFacts): string | undefined {
  const foreign = new Set(
    links.filter((link) => !isOfOverlay(link, network, ownSubnets)).map(({ name }) => name),
  );
  const hit = routes.find(
    (route) =>
      route.type === 'unicast' &&
      !isDefaultRoute(route) &&
      overlaps(network, route.destination) &&
      (route.device === undefined || foreign.has(route.device)) &&
      !isToPeer(route, network, ownSubnets) &&
      !(mayStand && route.protocol !== 'kernel' && contains(network, route.destination)),
  );
  if (hit === undefined) return undefined;
  const via = hit.gateway === undefined ? '' : ` via ${hit.gateway}`;
  return `the route ${formatCidr(hit.destination)}${via}${hit.device === undefined ? '' : ` on ${hit.device}`}`;
}

/** Whether a route is the default route, or one of the two halves that some VPNs use in its place. Every network lies inside them. */
export function isDefaultRoute({ destination }: Pick<HostRoute, 'destination'>): boolean {
  return destination.prefix <= 1;
}

/**
 * Whether a device belongs to the overlay, or carries its pods: it has an address of this node's subnet. A bridge of pods may still have an
 * address of an earlier subnet.
 */
function isOfOverlay(link: Link, network: Cidr, ownSubnets: readonly Cidr[]): boolean {
  if (link.addresses.some((address) => ownSubnets.some((subnet) => contains(subnet, address)))) return true;
  const hadSubnet = ownSubnets.some((subnet) => contains(network, subnet));
  return hadSubnet && link.kind === 'bridge' && link.addresses.some((address) => contains(network, address));
}

/** Whether an earlier run made a route: to a pod of this node, or through a gateway to a peer's subnet. */
function isToPeer(
  { destination, gateway, protocol, metric }: HostRoute,
  network: Cidr,
  ownSubnets: readonly Cidr[],
): boolean {
  if (protocol === 'kernel' || !contains(network, destination)) return false;
  if (ownSubnets.some((subnet) => contains(subnet, destination))) return true;
  if (gateway === undefined) return false;
  // The shipped recipes give each route its own metric, which is the subnet's address.
  if (destination.family === 4 && metric !== undefined && BigInt(metric) === destination.value) return true;
  return ownSubnets.some((subnet) => contains(network, subnet) && subnet.prefix === destination.prefix);
}
