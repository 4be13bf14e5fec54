import {
  addressBits,
  formatAddress,
  overlaps,
  parseAddress,
  parseCidr,
  type Cidr,
  type Family,
} from '../../network/cidr.ts';
import { familyKey, mapFamilies, type FamilyKey, type PerFamily } from '../../network/per-family.ts';
import type { UnderlayKind } from './request.ts';

/** An address with the prefix length of its segment, and the router there if the segment has one. */
export interface Attachment {
  readonly address: string;
  readonly prefix: number;
  readonly router: string | undefined;
}

/** A host with a place of its own on the underlay. It always has IPv4, and IPv6 if the overlay has it. */
export interface HostPlan extends PerFamily<Attachment> {
  /** The name of the host's namespace and of its port on the underlay, and its host name. */
  readonly name: string;
  readonly ipv4: Attachment;
}

/** The plan of a node, `node1` … `nodeN`. */
export interface NodePlan extends HostPlan {
  /** The namespace of the node's pod. */
  readonly pod: string;
}

/** The plan of a lab's underlay, decided before anything is made. */
export interface Topology {
  readonly underlay: UnderlayKind;
  readonly nodes: readonly NodePlan[];
  /** The host of the store's server, if it has one. */
  readonly storeHost: HostPlan | undefined;
}

/**
 * The blocks that an underlay may use, in order of preference, and the prefix length of its segments. One byte (IPv6: one group) of a block
 * numbers the segments.
 */
const addressPlans = {
  ipv4: {
    blocks: ['172.30.0.0/16', '192.168.0.0/16', '10.99.0.0/16', '100.64.0.0/16', '198.18.0.0/16'],
    segmentPrefix: 24,
  },
  ipv6: { blocks: ['fd00:99::/48', 'fd99:99::/48', '2001:db8:99::/48'], segmentPrefix: 64 },
} as const satisfies Readonly<Record<FamilyKey, object>>;

/** The last part of a router's address on its segment. No node has it, because there are at most 50 nodes. */
const routerNumber = 254n;

/** The place of the store's server among the nodes, which are at most 50. */
const storeNumber = 200;

/**
 * Plans an underlay whose addresses are outside the overlay's `networks`. If a family has no free block, returns that family.
 */
export function planTopology(request: {
  readonly nodes: number;
  readonly underlay: UnderlayKind;
  readonly networks: readonly Cidr[];
  /** The name of the store's host; absent if the store does not have a server. */
  readonly storeHost?: string | undefined;
}): Topology | { readonly exhausted: Family } {
  const hasIpv6 = request.networks.some((network) => network.family === 6);
  const wanted = { ipv4: true, ipv6: hasIpv6 || undefined };
  const { ipv4, ipv6 } = mapFamilies(wanted, (_, family) => chooseBlock(family, request.networks));
  if (ipv4 === undefined) return { exhausted: 4 };
  if (hasIpv6 && ipv6 === undefined) return { exhausted: 6 };

  const { underlay, storeHost } = request;
  const planHost = (name: string, number: number): HostPlan => ({
    name,
    ipv4: attach(ipv4, underlay, number),
    ipv6: ipv6 && attach(ipv6, underlay, number),
  });
  const nodes = Array.from({ length: request.nodes }, (_, index): NodePlan => {
    const name = `node${index + 1}`;
    return { ...planHost(name, index + 1), pod: `${name}-pod` };
  });
  return {
    underlay,
    nodes,
    storeHost: storeHost === undefined ? undefined : planHost(storeHost, storeNumber),
  };
}

function chooseBlock(family: FamilyKey, taken: readonly Cidr[]): Cidr | undefined {
  for (const text of addressPlans[family].blocks) {
    const block = parseCidr(text);
    if (block && !taken.some((network) => overlaps(network, block))) return block;
  }
  return undefined;
}

function attach(block: Cidr, underlay: UnderlayKind, number: number): Attachment {
  const prefix = addressPlans[familyKey(block.family)].segmentPrefix;
  const hostBits = BigInt(addressBits(block.family) - prefix);
  const segment = block.value + ((underlay === 'routed' ? BigInt(number) : 0n) << hostBits);
  const at = (host: bigint): string => formatAddress({ family: block.family, value: segment + host });
  return underlay === 'routed'
    ? { address: at(1n), prefix, router: at(routerNumber) }
    : { address: at(BigInt(number)), prefix, router: undefined };
}

/** The number by which the address of a host moves: more than there are nodes, and not the router's. */
const moveBy = 100n;

/** The plan of a host that moves to other addresses on its segment. */
export function moveHost(host: HostPlan): HostPlan {
  const move = (attachment: Attachment): Attachment => {
    const address = parseAddress(attachment.address);
    if (address === undefined) throw new Error(`${attachment.address} is not an address`);
    return { ...attachment, address: formatAddress({ ...address, value: address.value + moveBy }) };
  };
  return { ...host, ipv4: move(host.ipv4), ipv6: host.ipv6 && move(host.ipv6) };
}

/** The hosts that are attached to an underlay. */
export function hostsOf({ nodes, storeHost }: Topology): readonly HostPlan[] {
  return storeHost ? [...nodes, storeHost] : nodes;
}
