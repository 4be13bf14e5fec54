import { formatAddress, parseAddress } from '../../network/cidr.ts';
import { presentValues, type PerFamily } from '../../network/per-family.ts';
import type { TopologyKind } from './request.ts';
import type { Impairment } from './underlay/impairment.ts';

/** An address with the prefix length of its segment. */
export interface Attachment {
  readonly address: string;
  readonly prefix: number;
}

/** An interface of a host, and its port in the lab's own network namespace. */
export interface LinkPlan extends PerFamily<Attachment> {
  /** The name for people: `node1:eth0`. */
  readonly name: string;
  readonly host: string;
  readonly interface: string;
  readonly port: string;
  readonly segment: string;
  readonly impairment: Impairment;
}

/** A route of a host. */
export interface RoutePlan {
  /** A network in canonical form: `0.0.0.0/0`, `172.30.2.0/24`. */
  readonly destination: string;
  readonly via: string;
}

/** A host with a place of its own on the underlay. It always has IPv4, and IPv6 if the overlay has it. */
export interface HostPlan extends PerFamily<Attachment> {
  /** The name of the host's namespace, and its host name. */
  readonly name: string;
  /** The address of the main link. */
  readonly ipv4: Attachment;
  /** The links; the first is the main one. */
  readonly links: readonly [LinkPlan, ...LinkPlan[]];
  readonly routes: readonly RoutePlan[];
}

/** The plan of a node, `node1` … `nodeN` unless a file names it. */
export interface NodePlan extends HostPlan {
  /** The namespace of the node's pod. */
  readonly pod: string;
  /** The addresses at which others reach the node: its own, or those of the router that forwards to it. */
  readonly publicAddresses: PerFamily<string>;
}

/** The plan of a router, which is a host without a program. */
export interface RouterPlan extends HostPlan {
  readonly nat: NatPlan | undefined;
}

/** The address translation of a router. */
export interface NatPlan {
  /** The interface on which the router's own address replaces those behind it. */
  readonly interface: string;
  /** The router's address there. */
  readonly outside: PerFamily<string>;
  /** The address of the node that gets every packet for it. */
  readonly inside: PerFamily<string>;
}

/** A segment as a device of the lab's own network namespace. */
export type SegmentPlan =
  | { readonly kind: 'switch'; readonly name: string }
  /** A cable to the lab's own namespace, which routes: the addresses are those of the port. */
  | { readonly kind: 'cable'; readonly name: string; readonly routers: PerFamily<Attachment> };

/** The plan of a lab's underlay, decided before anything is made. */
export interface Topology {
  readonly underlay: TopologyKind;
  readonly segments: readonly SegmentPlan[];
  readonly nodes: readonly NodePlan[];
  readonly routers: readonly RouterPlan[];
  /** The host of the store's server, if it has one. */
  readonly storeHost: HostPlan | undefined;
}

/** The number by which the address of a host moves: more than there are nodes, and not the router's. */
const moveBy = 100n;

/** The plan of a host that moves to other addresses on the segment of its main link. */
export function moveHost(host: HostPlan): HostPlan {
  const move = (attachment: Attachment): Attachment => {
    const address = parseAddress(attachment.address);
    if (address === undefined) throw new Error(`${attachment.address} is not an address`);
    return { ...attachment, address: formatAddress({ ...address, value: address.value + moveBy }) };
  };
  const [main, ...others] = host.links;
  const ipv4 = move(host.ipv4);
  const ipv6 = host.ipv6 && move(host.ipv6);
  return { ...host, ipv4, ipv6, links: [{ ...main, ipv4, ipv6 }, ...others] };
}

/** The hosts that are attached to an underlay. */
export function hostsOf({
  nodes,
  storeHost,
  routers,
}: Pick<Topology, 'nodes' | 'storeHost' | 'routers'>): readonly HostPlan[] {
  return [...nodes, ...(storeHost ? [storeHost] : []), ...routers];
}

/** The links of an underlay. */
export function linksOf(topology: Pick<Topology, 'nodes' | 'storeHost' | 'routers'>): readonly LinkPlan[] {
  return hostsOf(topology).flatMap(({ links }) => links);
}

/** The own addresses of a host, those of its main link first. */
export function addressesOf({ links }: Pick<HostPlan, 'links'>): readonly string[] {
  return links.flatMap((link) => presentValues(link).map(({ address }) => address));
}

/** The port of an interface in the lab's own network namespace. */
export function portOf(host: string, device: string): string {
  return device === mainInterface ? host : `${host}.${device}`;
}

/** The main interface of a host on the underlay. */
export const mainInterface = 'eth0';
