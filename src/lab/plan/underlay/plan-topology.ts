import {
  addressBits,
  formatAddress,
  formatCidr,
  overlaps,
  parseAddress,
  parseCidr,
  type Cidr,
  type Family,
} from '../../../network/cidr.ts';
import { eachFamily, mapFamilies, noFamily, presentValues } from '../../../network/per-family.ts';
import type { FamilyKey, PerFamily } from '../../../network/per-family.ts';
import type { TopologyKind } from '../request.ts';
import {
  linksOf,
  mainInterface,
  portOf,
  type Attachment,
  type HostPlan,
  type LinkPlan,
  type NatPlan,
  type RoutePlan,
  type SegmentPlan,
  type Topology,
} from '../topology.ts';
import { findNextHops, type RoutingHost } from './find-routes.ts';
import { leastIpv6Mtu } from './impairment.ts';
import {
  labRouter,
  type LinkModel,
  type NatModel,
  type RouterModel,
  type SegmentModel,
  type TopologyModel,
} from './model.ts';

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

/** The reason why a topology cannot be planned. */
export type PlanProblem =
  /** The overlay takes every block of a family. */
  | { readonly problem: 'exhausted'; readonly family: Family }
  /** A segment of a file overlaps the overlay. */
  | { readonly problem: 'overlaps'; readonly segment: string; readonly subnet: string }
  /** A segment does not have an address for each of its hosts. */
  | { readonly problem: 'full'; readonly segment: string; readonly subnet: string }
  /** The MTU of a link is too small for IPv6. */
  | { readonly problem: 'small-mtu'; readonly link: string; readonly mtu: number };

/** Plans an underlay whose addresses are outside the overlay's `networks`. */
export function planTopology(request: {
  readonly underlay: TopologyKind;
  readonly model: TopologyModel;
  readonly networks: readonly Cidr[];
  /** The name of the store's host; absent if the store does not have a server. */
  readonly storeHost?: string | undefined;
}): Topology | PlanProblem {
  const { model, networks, storeHost, underlay } = request;
  const subnets = planSubnets(model.segments, networks);
  if (!(subnets instanceof Map)) return subnets;
  const { nodes, routers } = model;
  const hosts = [
    ...nodes,
    ...(storeHost === undefined ? [] : [{ name: storeHost, links: [model.store] }]),
    ...routers,
  ];
  const addresses = planAddresses(hosts, subnets);
  if ('problem' in addresses) return addresses;
  const graph = routers.map(toRoutingHost);
  const planHost = ({ name, links }: PlannedHost): HostPlan => {
    const planned = links.map((link, index) => planLink(name, link, index, addresses, subnets));
    const [main, ...others] = planned;
    if (main?.ipv4 === undefined) throw new Error(`${name} does not have a link with IPv4`);
    return {
      name,
      ipv4: main.ipv4,
      ipv6: main.ipv6,
      links: [main, ...others],
      routes: planRoutes(name, links, graph, addresses, subnets),
    };
  };
  const plannedRouters = routers
    .filter(({ name }) => name !== labRouter)
    .map((router) => {
      const host = planHost(router);
      return { ...host, nat: router.nat && planNat(router.nat, router.links, host, addresses) };
    });
  const topology: Topology = {
    underlay,
    segments: model.segments
      .filter(
        ({ name, isCable }) => !isCable || hosts.some((host) => host.name !== labRouter && isOn(host, name)),
      )
      .map(({ name, isCable }): SegmentPlan =>
        isCable ? { kind: 'cable', name, routers: addresses.at(labRouter, name) } : { kind: 'switch', name },
      ),
    nodes: nodes.map((node) => {
      const host = planHost(node);
      return { ...host, pod: `${node.name}-pod`, publicAddresses: publicAddresses(host, plannedRouters) };
    }),
    routers: plannedRouters,
    storeHost: storeHost === undefined ? undefined : planHost({ name: storeHost, links: [model.store] }),
  };
  return findSmallMtu(topology) ?? topology;
}

function findSmallMtu(topology: Topology): PlanProblem | undefined {
  for (const { name, ipv6, impairment } of linksOf(topology)) {
    const { mtu } = impairment;
    if (ipv6 && mtu !== undefined && mtu < leastIpv6Mtu) return { problem: 'small-mtu', link: name, mtu };
  }
  return undefined;
}

interface PlannedHost {
  readonly name: string;
  readonly links: readonly LinkModel[];
}

type Subnets = ReadonlyMap<string, PerFamily<Cidr>>;

function isOn({ links }: PlannedHost, segment: string): boolean {
  return links.some((link) => link.segment === segment);
}

/** Chooses the subnets of each segment. */
function planSubnets(
  segments: readonly SegmentModel[],
  networks: readonly Cidr[],
): Map<string, PerFamily<Cidr>> | PlanProblem {
  const given = segments.flatMap(({ subnets }) => presentValues(subnets));
  for (const { name, subnets } of segments) {
    const subnet = presentValues(subnets).find((each) => networks.some((network) => overlaps(network, each)));
    if (subnet) return { problem: 'overlaps', segment: name, subnet: formatCidr(subnet) };
  }
  const hasIpv6 = [...networks, ...given].some(({ family }) => family === 6);
  const taken = [...networks, ...given];
  const blocks = eachFamily((family) => {
    if (family === 'ipv6' && !hasIpv6) return undefined;
    return chooseBlock(family, taken);
  });
  // A block is not needed if every segment has its own subnet.
  const lacks = (family: FamilyKey): boolean =>
    blocks[family] === undefined && segments.some(({ subnets }) => subnets[family] === undefined);
  if (lacks('ipv4')) return { problem: 'exhausted', family: 4 };
  if (hasIpv6 && lacks('ipv6')) return { problem: 'exhausted', family: 6 };
  return new Map(
    segments.map(({ name, number, subnets }) => [
      name,
      eachFamily((family) => {
        const block = blocks[family];
        return subnets[family] ?? (block && subnetOf(block, family, number));
      }),
    ]),
  );
}

function chooseBlock(family: FamilyKey, taken: readonly Cidr[]): Cidr | undefined {
  for (const text of addressPlans[family].blocks) {
    const block = parseCidr(text);
    if (block && !taken.some((network) => overlaps(network, block))) return block;
  }
  return undefined;
}

function subnetOf(block: Cidr, family: FamilyKey, number: number): Cidr {
  const prefix = addressPlans[family].segmentPrefix;
  const hostBits = BigInt(addressBits(block.family) - prefix);
  return { family: block.family, value: block.value + (BigInt(number) << hostBits), prefix };
}

/** The addresses of hosts on segments. */
interface Addresses {
  /** The addresses of a host on a segment; none if the host is not on it. */
  at(host: string, segment: string): PerFamily<Attachment>;
}

/** Gives each host an address on each of its segments: first those that the model has, then the numbers that are free. */
function planAddresses(hosts: readonly PlannedHost[], subnets: Subnets): Addresses | PlanProblem {
  const known = new Map<string, PerFamily<Attachment>>();
  for (const [segment, families] of subnets) {
    const links = hosts.flatMap(({ name, links: all }) =>
      all.filter((link) => link.segment === segment).map((link) => ({ host: name, link })),
    );
    const plans = mapFamilies(families, (subnet, family) => numberHosts(subnet, family, links));
    const full = mapFamilies(families, (subnet, family) =>
      (plans[family]?.size ?? 0) < links.length ? subnet : undefined,
    );
    const [first] = presentValues(full);
    if (first) return { problem: 'full', segment, subnet: formatCidr(first) };
    for (const { host } of links) {
      known.set(
        `${host} ${segment}`,
        mapFamilies(plans, (byHost) => byHost.get(host)),
      );
    }
  }
  return { at: (host, segment) => known.get(`${host} ${segment}`) ?? noFamily };
}

/** The address of each host in a subnet. Hosts for which there is none are left out. */
function numberHosts(
  subnet: Cidr,
  family: FamilyKey,
  links: readonly { readonly host: string; readonly link: LinkModel }[],
): ReadonlyMap<string, Attachment> {
  const last = (1n << BigInt(addressBits(subnet.family) - subnet.prefix)) - 2n;
  const taken = new Set<bigint>();
  for (const { link } of links) {
    const address = parseAddress(link.addresses[family] ?? '');
    if (address) taken.add(address.value - subnet.value);
  }
  const attachments = new Map<string, Attachment>();
  for (const { host, link } of links) {
    const own = parseAddress(link.addresses[family] ?? '');
    const number =
      own === undefined ? freeNumber(BigInt(link.number), last, taken) : own.value - subnet.value;
    if (number === undefined) continue;
    taken.add(number);
    const address = formatAddress({ family: subnet.family, value: subnet.value + number });
    attachments.set(host, { address, prefix: subnet.prefix });
  }
  return attachments;
}

function freeNumber(wanted: bigint, last: bigint, taken: ReadonlySet<bigint>): bigint | undefined {
  if (wanted <= last && !taken.has(wanted)) return wanted;
  // A segment has fewer hosts than this.
  for (let number = 1n; number <= last && number <= 512n; number += 1n) if (!taken.has(number)) return number;
  return undefined;
}

function planLink(
  host: string,
  { segment, impairment }: LinkModel,
  index: number,
  addresses: Addresses,
  subnets: Subnets,
): LinkPlan {
  const device = index === 0 ? mainInterface : `eth${index}`;
  if (!subnets.has(segment)) throw new Error(`the segment ${segment} is not planned`);
  return {
    name: `${host}:${device}`,
    host,
    interface: device,
    port: portOf(host, device),
    segment,
    impairment,
    ...addresses.at(host, segment),
  };
}

function toRoutingHost({ name, links, nat }: RouterModel): RoutingHost {
  return { name, segments: links.map(({ segment }) => segment), outside: nat?.outside };
}

/** Plans the routes to the segments that a host is not on: one default route for each family if they all go by one router. */
function planRoutes(
  name: string,
  links: readonly LinkModel[],
  graph: readonly RoutingHost[],
  addresses: Addresses,
  subnets: Subnets,
): readonly RoutePlan[] {
  const hops = [...findNextHops({ name, segments: links.map(({ segment }) => segment) }, graph)];
  const routes = eachFamily((family): readonly RoutePlan[] => {
    const found = hops.flatMap(([segment, { router, on }]) => {
      const [subnet, via] = [subnets.get(segment)?.[family], addresses.at(router, on)[family]?.address];
      return subnet === undefined || via === undefined ? [] : [{ destination: formatCidr(subnet), via }];
    });
    const [first] = found;
    if (first === undefined || found.some(({ via }) => via !== first.via)) return found;
    return [{ destination: family === 'ipv4' ? '0.0.0.0/0' : '::/0', via: first.via }];
  });
  return presentValues(routes).flat();
}

function planNat(
  { outside, forward }: NatModel,
  links: readonly LinkModel[],
  router: HostPlan,
  addresses: Addresses,
): NatPlan | undefined {
  const link = router.links.find(({ segment }) => segment === outside);
  if (link === undefined) return undefined;
  const inside = links
    .filter(({ segment }) => segment !== outside)
    .map(({ segment }) => addresses.at(forward ?? '', segment))
    .find(({ ipv4 }) => ipv4 !== undefined);
  return {
    interface: link.interface,
    outside: mapFamilies(link, ({ address }) => address),
    inside: mapFamilies(inside ?? noFamily, ({ address }) => address),
  };
}

/** The addresses at which others reach a host: those of a router that forwards to it, or its own. */
function publicAddresses(
  host: HostPlan,
  routers: readonly { readonly nat: NatPlan | undefined }[],
): PerFamily<string> {
  return mapFamilies(host, ({ address }, family) => {
    const nat = routers.map((router) => router.nat).find((each) => each?.inside[family] === address);
    return nat?.outside[family] ?? address;
  });
}
