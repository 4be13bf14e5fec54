import type { LabPlace } from '../../process/places.ts';
import type { Device } from '../facts.ts';
import type { Encapsulation, Suspicion } from '../report.ts';
import type { KernelRoute } from './route-question.ts';

/** A route that refuses packets on purpose, as an `unreachable` route does. Undefined for a route that leads somewhere. */
export function refusingRoute(
  place: string,
  route: KernelRoute,
  destination: string,
  command: string,
): Suspicion | undefined {
  if (!['unreachable', 'blackhole', 'prohibit', 'throw'].includes(route.type)) return undefined;
  return {
    place,
    stops: true,
    entry: 'route',
    what: `the route ${route.text} of ${place} refuses packets to ${destination}`,
    shows: command,
    repairs: null,
  };
}

/** A device that is down. Undefined for one that is up. */
export function downDevice(place: string, device: Device): Suspicion | undefined {
  if (device.isUp) return undefined;
  return {
    place,
    stops: true,
    entry: 'device',
    what: `the device ${device.name} of ${place} is down`,
    shows: `ip link show dev ${device.name}`,
    repairs: `ip link set dev ${device.name} up`,
  };
}

/**
 * A device that sends packets of at most its MTU. Undefined for a packet that fits.
 *
 * @param size bytes of the packet
 * @param mayFragment whether the packet may be sent in fragments, as an encapsulated packet may
 */
export function tooSmallToSend(
  place: string,
  device: Device,
  size: number,
  mayFragment: boolean,
): Suspicion | undefined {
  if (size <= device.mtu) return undefined;
  return {
    place,
    stops: !mayFragment,
    entry: 'mtu',
    what: `the packet has ${size} bytes, but the device ${device.name} of ${place} has the MTU ${device.mtu}`,
    shows: `ip link show dev ${device.name}`,
    repairs: null,
  };
}

/**
 * The end of a link, which drops what is larger than its MTU. Undefined for a packet that fits.
 *
 * @param size bytes of the packet
 * @param from the device at the other end of the link
 */
export function tooSmallToReceive(
  place: string,
  landing: Device,
  from: Device,
  size: number,
): Suspicion | undefined {
  const sent = Math.min(size, from.mtu);
  if (sent <= landing.mtu) return undefined;
  return {
    place,
    stops: true,
    entry: 'mtu',
    what: `the packet has ${sent} bytes on the wire, but the device ${landing.name} of ${place} has the MTU ${landing.mtu} and drops larger ones`,
    shows: `ip link show dev ${landing.name}`,
    repairs: `ip link set dev ${landing.name} mtu ${from.mtu}`,
  };
}

/** An encapsulated packet that is sent to another host than the node of its destination. */
export interface Misled {
  readonly place: string;
  readonly outer: Encapsulation;
  /** The destination of the packet inside. */
  readonly inner: string;
  /** The node of that destination. */
  readonly node: string;
  /** The address that this node has in the underlay, in the family of the wrong one; undefined if it has none. */
  readonly right: string | undefined;
  /** The host that has the wrong address; undefined if no host of the lab has it. */
  readonly owner: string | undefined;
  readonly shows: string;
  readonly repairs: string | null;
}

/** A forwarding entry that leads to the wrong node. */
export function wrongDestination(misled: Misled): Suspicion {
  const { place, outer, inner, node, right, owner, shows, repairs } = misled;
  const isVxlan = outer.kind === 'vxlan';
  const whose = owner === undefined ? 'which no host of the lab has' : `which is ${owner}`;
  const where = right === undefined ? '' : ` (${right})`;
  return {
    place,
    stops: false,
    entry: isVxlan ? 'fdb' : 'peer',
    what: `the ${isVxlan ? 'FDB entry' : 'peer entry'} on ${outer.device} of ${place} sends packets for ${inner} to ${outer.destination}, ${whose}, but ${inner} is on ${node}${where}`,
    shows,
    repairs,
  };
}

/** A place without a device that takes the packets of an encapsulation. */
export function missingReceiver(place: string, by: Encapsulation): Suspicion {
  const what = by.vni === null ? by.kind : `${by.kind} with VNI ${by.vni}`;
  const port = by.port === null ? '' : ` and port ${by.port}`;
  return {
    place,
    stops: true,
    entry: 'device',
    what: `${place} does not have a device that takes ${what}${port}`,
    shows: 'ip -details link show',
    repairs: null,
  };
}

/** An Ethernet header, inside an encapsulation, for another MAC address than that of the device that takes it. */
export function wrongInnerMac(place: string, device: Device, destination: string, mac: string): Suspicion {
  return {
    place,
    stops: true,
    entry: 'neighbour',
    what: `packets for ${destination} come to ${place} with the MAC ${mac}, but ${device.name} has ${device.mac}`,
    shows: `ip link show dev ${device.name}`,
    repairs: null,
  };
}

/** An address, next on the way of a packet, that no place has. */
export function unownedAddress(place: string, device: Device, next: string, destination: string): Suspicion {
  return {
    place,
    stops: true,
    entry: 'address',
    what: `no place of the lab has the address ${next}, to which ${place} sends packets for ${destination} on ${device.name}`,
    shows: neighbourCommand(next, device),
    repairs: null,
  };
}

/** A neighbour entry with another MAC address than the device that has the IP address. */
export function wrongNeighbour(
  { place, device, next, mac }: { place: string; device: Device; next: string; mac: string },
  target: LabPlace,
  landing: { readonly name: string; readonly mac: string },
): Suspicion {
  return {
    place,
    stops: true,
    entry: 'neighbour',
    what: `the neighbour entry of ${next} on ${device.name} of ${place} has the MAC ${mac}, but ${landing.name} of ${target.name} has ${landing.mac}`,
    shows: neighbourCommand(next, device),
    repairs: `ip neigh replace ${next} lladdr ${landing.mac} dev ${device.name}`,
  };
}

/** The command that shows the neighbour entry of an address on a device. */
export function neighbourCommand(address: string, device: Device): string {
  return `ip neigh show ${address} dev ${device.name}`;
}
