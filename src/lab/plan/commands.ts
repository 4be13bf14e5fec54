import { presentValues } from '../../network/per-family.ts';
import type { PodNetworks } from './pod-networks.ts';
import {
  hostsOf,
  linksOf,
  mainInterface,
  type Attachment,
  type HostPlan,
  type LinkPlan,
  type NatPlan,
  type NodePlan,
  type RoutePlan,
  type SegmentPlan,
  type Topology,
} from './topology.ts';

/** The interface of a host on the underlay that its program uses, and of a pod in its node's subnet. */
export const nodeInterface = mainInterface;
/** The bridge that a CNI plugin would make in a node, and its port to the pod. */
const podBridge = 'cbr0';
const podPort = 'pod';
/** The interfaces of a node that belong to its pod. */
export const podDevices: ReadonlySet<string> = new Set([podBridge, podPort]);
/** The table of nftables in a router that translates addresses, in each family. */
export const natTable = 'heddle-nat';

/**
 * Lines for one `ip -batch` in the lab's own network namespace: every namespace, the switches, and a port for each link. The lab's
 * namespace itself is the switches, or the router of an underlay of cables.
 */
export function underlayCommands(topology: Topology): readonly string[] {
  const { segments, nodes } = topology;
  const namespaces = [...hostsOf(topology).map(({ name }) => name), ...nodes.map(({ pod }) => pod)];
  return [
    ...namespaces.map((namespace) => `netns add ${namespace}`),
    ...segments.flatMap(({ kind, name }) =>
      kind === 'switch' ? [`link add name ${name} type bridge`, `link set dev ${name} up`] : [],
    ),
    ...linksOf(topology).flatMap((link) => linkCommands(link, segmentOf(link, segments))),
  ];
}

function segmentOf({ segment }: LinkPlan, segments: readonly SegmentPlan[]): SegmentPlan {
  const found = segments.find(({ name }) => name === segment);
  if (found === undefined) throw new Error(`the segment ${segment} is not planned`);
  return found;
}

function linkCommands(link: LinkPlan, segment: SegmentPlan): readonly string[] {
  const { port, host, impairment } = link;
  const mtu = impairment.mtu === undefined ? '' : ` mtu ${impairment.mtu}`;
  const add = `link add name ${port}${mtu} type veth peer name ${link.interface}${mtu} netns ${host}`;
  switch (segment.kind) {
    case 'switch':
      return [add, `link set dev ${port} master ${segment.name} up`];
    case 'cable':
      return [
        add,
        `link set dev ${port} up`,
        ...presentValues(segment.routers).map(({ address, prefix }) => addAddress(address, prefix, port)),
      ];
  }
}

/** Lines for `ip -batch` in a host's network namespace. */
export function hostCommands({ links, routes }: HostPlan): readonly string[] {
  return [
    'link set lo up',
    ...links.flatMap((link) => attachCommands(link.interface, presentValues(link))),
    ...routes.map((route) => routeCommand('add', route)),
  ];
}

/** Lines for `ip -batch` in a host's network namespace, which replace the addresses of its main link. */
export function moveCommands({ links: [main], routes }: HostPlan): readonly string[] {
  return [
    `addr flush dev ${main.interface} scope global`,
    ...attachCommands(main.interface, presentValues(main)),
    // A default route of IPv6 outlives the address.
    ...routes.map((route) => routeCommand('replace', route)),
  ];
}

/** Lines for `ip -batch` in the lab's own network namespace, which disconnect a host's cables. */
export function cutCommands({ links }: Pick<HostPlan, 'links'>): readonly string[] {
  return links.map(({ port }) => `link set dev ${port} down`);
}

/** Lines that undo {@link cutCommands}. A router's IPv6 address disappeared with its port, so it is added again. */
export function joinCommands(
  { links }: Pick<HostPlan, 'links'>,
  segments: readonly SegmentPlan[],
): readonly string[] {
  return links.flatMap((link) => {
    const segment = segmentOf(link, segments);
    const router = segment.kind === 'cable' ? segment.routers.ipv6 : undefined;
    const address = router ? [`addr replace ${router.address}/${router.prefix} dev ${link.port} nodad`] : [];
    return [`link set dev ${link.port} up`, ...address];
  });
}

/** The input of `nft -f -` in a router's network namespace: its own address outside for those inside, and back. */
export function natRules(nat: NatPlan): string {
  const families = [
    ['ip', nat.outside.ipv4, nat.inside.ipv4],
    ['ip6', nat.outside.ipv6, nat.inside.ipv6],
  ] as const;
  return families
    .flatMap(([family, outside, inside]) => {
      if (outside === undefined) return [];
      const forward = `chain prerouting { type nat hook prerouting priority -100; iifname "${nat.interface}" ${family} daddr ${outside} dnat to ${inside}; }`;
      return [
        `table ${family} ${natTable} {`,
        ...(inside === undefined ? [] : [forward]),
        `chain postrouting { type nat hook postrouting priority 100; oifname "${nat.interface}" snat to ${outside}; }`,
        '}',
        '',
      ];
    })
    .join('\n');
}

/** Lines for `ip -batch` in a node's network namespace, which make the objects that a CNI plugin would make from the subnet file. */
export function podBridgeCommands(node: NodePlan, networks: PodNetworks): readonly string[] {
  const { mtu } = networks;
  return [
    `link add name ${podBridge} mtu ${mtu} type bridge`,
    ...presentValues(networks).map(({ gateway, prefix }) => addAddress(gateway, prefix, podBridge)),
    `link add name ${podPort} mtu ${mtu} type veth peer name ${nodeInterface} mtu ${mtu} netns ${node.pod}`,
    `link set dev ${podPort} master ${podBridge} up`,
    `link set dev ${podBridge} up`,
  ];
}

/** Lines that undo {@link podBridgeCommands}. The pod's interface disappears with its port. */
export function podRemovalCommands(): readonly string[] {
  return [`link del dev ${podPort}`, `link del dev ${podBridge}`];
}

/** Lines for `ip -batch` in a pod's network namespace. */
export function podCommands(networks: PodNetworks): readonly string[] {
  const families = presentValues(networks);
  return [
    'link set lo up',
    ...attachCommands(
      nodeInterface,
      families.map(({ pod, prefix }) => ({ address: pod, prefix })),
    ),
    ...families.map(({ gateway }) =>
      routeCommand('add', { destination: gateway.includes(':') ? '::/0' : '0.0.0.0/0', via: gateway }),
    ),
  ];
}

/** Lines that give an interface its addresses, and bring it up. */
function attachCommands(device: string, attachments: readonly Attachment[]): readonly string[] {
  return [
    ...attachments.map(({ address, prefix }) => addAddress(address, prefix, device)),
    `link set dev ${device} up`,
  ];
}

/** A line that adds an address. `nodad` skips duplicate address detection, which would keep an IPv6 address unusable for a second. */
function addAddress(address: string, prefix: number, device: string): string {
  return `addr add ${address}/${prefix} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
}

/** A line for a route. `ip -batch` keeps its first family, so a default must be spelled out as `::/0`. */
function routeCommand(verb: 'add' | 'replace', { destination, via }: RoutePlan): string {
  return `route ${verb} ${destination} via ${via}`;
}
