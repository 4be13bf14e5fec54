import { presentValues } from '../../network/per-family.ts';
import type { PodNetworks } from './pod-networks.ts';
import { hostsOf, type Attachment, type HostPlan, type NodePlan, type Topology } from './topology.ts';

/** The interface of a host on the underlay, and of a pod in its node's subnet. */
export const nodeInterface = 'eth0';
/** The switch of a switched underlay, in the lab's own network namespace. */
const underlaySwitch = 'underlay';
/** The bridge that a CNI plugin would make in a node, and its port to the pod. */
const podBridge = 'cbr0';
const podPort = 'pod';
/** The interfaces of a node that belong to its pod. */
export const podDevices: ReadonlySet<string> = new Set([podBridge, podPort]);

/**
 * Lines for one `ip -batch` in the lab's own network namespace: every namespace, the switch or router, and a port for
 * each host. The lab's namespace is itself the switch or the router.
 */
export function underlayCommands(topology: Topology): readonly string[] {
  const { underlay, nodes } = topology;
  const hosts = hostsOf(topology);
  const lines = [...hosts.map(({ name }) => name), ...nodes.map(({ pod }) => pod)].map(
    (namespace) => `netns add ${namespace}`,
  );
  if (underlay === 'switched') {
    lines.push(`link add ${underlaySwitch} type bridge`, `link set ${underlaySwitch} up`);
  }
  for (const host of hosts) {
    const { name } = host;
    lines.push(`link add ${name} type veth peer name ${nodeInterface} netns ${name}`);
    lines.push(
      underlay === 'switched' ? `link set ${name} master ${underlaySwitch} up` : `link set ${name} up`,
    );
    for (const { router, prefix } of presentValues(host)) {
      if (router) lines.push(addAddress(router, prefix, name));
    }
  }
  return lines;
}

/** Lines for `ip -batch` in a host's network namespace. */
export function hostCommands(host: HostPlan): readonly string[] {
  return attachCommands(presentValues(host));
}

/** Lines for `ip -batch` in a host's network namespace, which replace its addresses on the underlay. */
export function moveCommands(moved: HostPlan): readonly string[] {
  const attach = attachCommands(presentValues(moved));
  // A default route of IPv6 outlives the address.
  return [
    `addr flush dev ${nodeInterface} scope global`,
    ...attach.map((line) => line.replace('route add', 'route replace')),
  ];
}

/** Lines for `ip -batch` in the lab's own network namespace, which disconnect a host's cable. */
export function cutCommands(host: HostPlan): readonly string[] {
  return [`link set ${host.name} down`];
}

/** Lines that undo {@link cutCommands}. A router's IPv6 address disappeared with its port, so it is added again. */
export function joinCommands(host: HostPlan): readonly string[] {
  const router = host.ipv6?.router;
  const address = router ? [`addr replace ${router}/${host.ipv6.prefix} dev ${host.name} nodad`] : [];
  return [`link set ${host.name} up`, ...address];
}

/** Lines for `ip -batch` in a node's network namespace, which make the objects that a CNI plugin would make from the subnet file. */
export function podBridgeCommands(node: NodePlan, networks: PodNetworks): readonly string[] {
  const { mtu } = networks;
  return [
    `link add ${podBridge} mtu ${mtu} type bridge`,
    ...presentValues(networks).map(({ gateway, prefix }) => addAddress(gateway, prefix, podBridge)),
    `link add ${podPort} mtu ${mtu} type veth peer name ${nodeInterface} mtu ${mtu} netns ${node.pod}`,
    `link set ${podPort} master ${podBridge} up`,
    `link set ${podBridge} up`,
  ];
}

/** Lines that undo {@link podBridgeCommands}. The pod's interface disappears with its port. */
export function podRemovalCommands(): readonly string[] {
  return [`link del ${podPort}`, `link del ${podBridge}`];
}

/** Lines for `ip -batch` in a pod's network namespace. */
export function podCommands(networks: PodNetworks): readonly string[] {
  return attachCommands(
    presentValues(networks).map(({ pod, prefix, gateway }) => ({ address: pod, prefix, router: gateway })),
  );
}

/** Lines that bring up a namespace with one interface. */
function attachCommands(attachments: readonly Attachment[]): readonly string[] {
  return [
    'link set lo up',
    ...attachments.map(({ address, prefix }) => addAddress(address, prefix, nodeInterface)),
    `link set ${nodeInterface} up`,
    ...attachments.flatMap(({ router }) => (router ? [defaultRoute(router)] : [])),
  ];
}

/** A line that adds an address. `nodad` skips duplicate address detection, which would keep an IPv6 address unusable for a second. */
function addAddress(address: string, prefix: number, device: string): string {
  return `addr add ${address}/${prefix} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
}

/** A line that adds the default route. `ip -batch` keeps its first family, so an IPv6 default must be spelled out. */
function defaultRoute(router: string): string {
  return router.includes(':') ? `route add ::/0 via ${router}` : `route add 0.0.0.0/0 via ${router}`;
}
