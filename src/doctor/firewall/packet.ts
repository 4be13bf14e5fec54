import { contains, overlaps, parseAddress, parseCidr, type Cidr, type Family } from '../../network/cidr.ts';

/** One end of a packet's way: an address as text, any address in or outside a range, or undefined for any address at all. */
type PacketEnd = string | { readonly range: Cidr; readonly isOutside: boolean } | undefined;

/** A device by its name, or any device but these. */
export type PacketDevice = string | { readonly isNot: readonly string[] };

/** A packet of a new connection that the rules judge. */
export interface Packet {
  readonly family: Family;
  readonly protocol: 'udp' | 'tcp';
  /** The port that it is sent to. */
  readonly port: number;
  /** The device that it arrives on. */
  readonly device: PacketDevice;
  /** The device that it leaves by; undefined if it is for this host. */
  readonly outDevice?: PacketDevice;
  readonly from: PacketEnd;
  readonly to: PacketEnd;
}

/** An encapsulated packet of a peer, as it arrives at this host. */
export interface ArrivingPacket extends Packet {
  readonly protocol: 'udp';
  /** The address of the peer that sends it; undefined if no peer is known. */
  readonly from: string | undefined;
  /** The address of this host that it is sent to. */
  readonly to: string | undefined;
}

/** Whether a packet matches; undefined if that depends on more than is known here. */
export type Match = boolean | undefined;

/** Whether all of some conditions hold. */
export function matchAll(matches: readonly Match[]): Match {
  if (matches.includes(false)) return false;
  return matches.includes(undefined) ? undefined : true;
}

export function invert(match: Match): Match {
  return match === undefined ? undefined : !match;
}

/** Whether an end of a packet's way lies in a network, as text. A host's own address may stand for its network. */
export function matchAddress(end: PacketEnd, network: string): Match {
  const given = parseCidr(network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`);
  if (given === undefined || end === undefined) return undefined;
  if (typeof end === 'object')
    return end.isOutside ? matchOutside(end.range, given) : matchRange(end.range, given);
  const known = parseAddress(end);
  return known === undefined ? undefined : contains(given, known);
}

/** Whether any address of a range lies in a network; undefined if only some do. */
function matchRange(range: Cidr, network: Cidr): Match {
  if (!overlaps(range, network)) return false;
  return network.prefix <= range.prefix ? true : undefined;
}

/** Whether any address outside a range lies in a network. */
function matchOutside(range: Cidr, network: Cidr): Match {
  if (network.prefix === 0) return network.family === range.family;
  return overlaps(range, network) && range.prefix <= network.prefix ? false : undefined;
}

/** Whether a device has a name, or a name with the beginning before a final plus or asterisk. */
export function matchDevice(device: PacketDevice, pattern: string): Match {
  const isPattern = /[+*]$/.test(pattern);
  if (typeof device === 'string')
    return isPattern ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
  if (isPattern) return pattern.length === 1 ? true : undefined;
  return device.isNot.includes(pattern) ? false : undefined;
}

/** Whether the device that a packet leaves by has a name, as {@link matchDevice} does. */
export function matchOutDevice({ outDevice }: Packet, pattern: string): Match {
  return outDevice === undefined ? undefined : matchDevice(outDevice, pattern);
}
