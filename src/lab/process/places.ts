import { parseAddress, type Family } from '../../network/cidr.ts';
import { unknownNode } from '../plan/request.ts';
import type { HostStatus, LabNodeStatus, RouterStatus } from '../protocol.ts';

/** A network namespace of a lab. */
export interface LabPlace {
  readonly name: string;
  readonly kind: 'pod' | 'host' | 'underlay';
  /** The node that a pod belongs to; the place itself otherwise. */
  readonly node: string;
  /** The addresses that the place itself has, by which others reach it. */
  readonly addresses: readonly string[];
  /** The addresses of a router that forwards to the place. Others use them in place of its own. */
  readonly publicAddresses?: readonly string[];
  /** The translation of addresses, if the place is a router with NAT. */
  readonly nat?: NonNullable<RouterStatus['nat']>;
}

/** The name of the lab's own network namespace, which is the switch or the router. */
export const underlayPlace = 'underlay';

/** Lists the network namespaces of a lab. */
export function listPlaces({
  nodes,
  server,
  routers,
}: {
  readonly nodes: readonly LabNodeStatus[];
  readonly server: HostStatus | null;
  readonly routers: readonly RouterStatus[];
}): readonly LabPlace[] {
  const present = (addresses: readonly (string | null | undefined)[]): readonly string[] =>
    addresses.filter((address) => address !== null && address !== undefined);
  return [
    ...nodes.flatMap((node): readonly LabPlace[] => [
      {
        name: node.name,
        kind: 'host',
        node: node.name,
        addresses: node.addresses,
        publicAddresses: present([node.publicIp, node.publicIpv6]).filter(
          (address) => !node.addresses.includes(address),
        ),
      },
      {
        name: `${node.name}-pod`,
        kind: 'pod',
        node: node.name,
        addresses: present([node.pod, node.ipv6Pod]),
      },
    ]),
    ...(server === null
      ? []
      : [{ name: server.name, kind: 'host', node: server.name, addresses: server.addresses } as const]),
    ...routers.map(({ name, addresses, nat }): LabPlace => ({
      name,
      kind: 'host',
      node: name,
      addresses,
      ...(nat && { nat }),
    })),
    { name: underlayPlace, kind: 'underlay', node: underlayPlace, addresses: [] },
  ];
}

/** Finds one of these places by name. Throws a Failure that names the hosts among them. */
export function findPlace(lab: string, places: readonly LabPlace[], name: string): LabPlace {
  const place = places.find((each) => each.name === name);
  if (place) return place;
  const known = places.filter(({ kind }) => kind !== 'pod').map((each) => each.name);
  throw unknownNode(lab, name, known, "; append -pod for a node's pod");
}

/** The address of a place for others in a family; without a family, the first one. */
export function addressOf(place: LabPlace, family: Family | undefined): string | undefined {
  return reachedAt(place).find((address) => family === undefined || parseAddress(address)?.family === family);
}

/** The addresses at which others reach a place, the public ones first. */
export function reachedAt({ addresses, publicAddresses = [] }: LabPlace): readonly string[] {
  return [...publicAddresses, ...addresses];
}
