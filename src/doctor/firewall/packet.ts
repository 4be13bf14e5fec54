import { contains, parseAddress, parseCidr, type Family } from '../../network/cidr.ts';

/** An encapsulated packet of a peer, as it arrives at this host. */
export interface ArrivingPacket {
  readonly family: Family;
  readonly protocol: 'udp';
  /** The port that it is sent to. */
  readonly port: number;
  /** The interface that it arrives on. */
  readonly device: string;
  /** The address of the peer that sends it; undefined if no peer is known. */
  readonly from: string | undefined;
  /** The address of this host that it is sent to. */
  readonly to: string | undefined;
}

/** Whether a packet matches; undefined if that depends on more than is known here. */
export type Match = boolean | undefined;

/**
 * The fate of a packet in a chain. `maybe`: a rule decides that cannot be judged here. `continue`: no rule decides.
 */
export type Fate = 'accept' | 'drop' | 'maybe' | 'continue';

/** Whether all of some conditions hold. */
export function matchAll(matches: readonly Match[]): Match {
  if (matches.includes(false)) return false;
  return matches.includes(undefined) ? undefined : true;
}

export function invert(match: Match): Match {
  return match === undefined ? undefined : !match;
}

/** Whether an address lies in a network, both as text. A host's own address may stand for its network. */
export function matchAddress(address: string | undefined, network: string): Match {
  const known = parseAddress(address ?? '');
  const range = parseCidr(network.includes('/') ? network : `${network}/${network.includes(':') ? 128 : 32}`);
  return known === undefined || range === undefined ? undefined : contains(range, known);
}

/** Whether a device has a name, or a name with the beginning before a final plus or asterisk. */
export function matchDevice(device: string, pattern: string): boolean {
  return /[+*]$/.test(pattern) ? device.startsWith(pattern.slice(0, -1)) : device === pattern;
}
