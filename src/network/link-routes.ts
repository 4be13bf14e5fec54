import { networkOf, parseAddress, type Address, type Cidr } from './cidr.ts';
import { mapFamilies, type PerFamily } from './per-family.ts';
import { publicAddresses, type PublicAddresses } from './public-addresses.ts';

/** A route of this host, as far as it says on whose link an address lies. */
export interface LinkRoute {
  readonly destination: Cidr;
  /** The device of a route that goes straight to the destination; undefined for a route through a gateway, and for one that refuses. */
  readonly device: string | undefined;
  /** Of two routes with the same destination, the one with the smaller metric counts. */
  readonly metric: number;
}

/** The routes of this host, for look-ups by longest prefix. */
export class LinkRoutes {
  /** The best route to each destination, for each prefix length of a family; the longest lengths first. */
  readonly #byLength: Readonly<Record<4 | 6, readonly (readonly [number, ReadonlyMap<bigint, LinkRoute>])[]>>;

  constructor(routes: readonly LinkRoute[]) {
    const lengthsOf = (family: 4 | 6) =>
      groupByLength(routes.filter((route) => route.destination.family === family));
    this.#byLength = { 4: lengthsOf(4), 6: lengthsOf(6) };
  }

  /** The device on whose own link each public address of a node lies; undefined for an address that is routed, or that no route leads to. */
  devicesOf(node: PublicAddresses): PerFamily<string> {
    return mapFamilies(publicAddresses(node), (text) => {
      const address = parseAddress(text);
      return address && this.#routeTo(address)?.device;
    });
  }

  #routeTo(address: Address): LinkRoute | undefined {
    for (const [length, routes] of this.#byLength[address.family]) {
      const route = routes.get(networkOf(address, length).value);
      if (route !== undefined) return route;
    }
    return undefined;
  }
}

function groupByLength(
  routes: readonly LinkRoute[],
): readonly (readonly [number, ReadonlyMap<bigint, LinkRoute>])[] {
  const lengths = new Map<number, Map<bigint, LinkRoute>>();
  for (const route of routes) {
    const { prefix, value } = route.destination;
    const ofLength = lengths.get(prefix) ?? new Map<bigint, LinkRoute>();
    lengths.set(prefix, ofLength);
    const known = ofLength.get(value);
    if (known === undefined || route.metric < known.metric) ofLength.set(value, route);
  }
  return [...lengths].sort(([a], [b]) => b - a);
}
