import { contains, type Cidr } from '../../network/cidr.ts';
import { encapsulationOf } from '../../network/encapsulation.ts';
import type { Link } from './ip-output.ts';

/** The interface that overlay traffic uses. */
interface UnderlayLink {
  readonly name: string;
  readonly mtu: number;
  /** Whether peers are reached over IPv6 only, so that a tunnel's outer header is IPv6's. */
  readonly ipv6Only: boolean;
}

export interface OverlayMtu {
  /** The MTU for pods, in bytes. */
  readonly mtu: number;
  /** Where it comes from, as a clause. */
  readonly because: string;
}

/** Devices that carry packets to pods of this node, and none to other nodes. */
const localKinds = ['bridge', 'veth'];

/**
 * Finds the MTU that pods may use, for a recipe that does not say what its encapsulation costs: the least of the overlay
 * devices', which are known by an address inside the network. Of each, what it is set to counts, or what the
 * underlay leaves it, if that is less.
 */
export function chooseOverlayMtu(
  links: readonly Link[],
  underlay: UnderlayLink,
  networks: readonly Cidr[],
): OverlayMtu {
  const offers = links
    .filter((link) => isOverlay(link, underlay, networks))
    .map((link) => offerOf(link, underlay));
  const [first, ...others] = offers;
  if (first === undefined) {
    return { mtu: underlay.mtu, because: `${underlay.name} carries pod packets without encapsulation` };
  }
  return others.reduce((least, offer) => (offer.mtu < least.mtu ? offer : least), first);
}

function isOverlay(link: Link, underlay: UnderlayLink, networks: readonly Cidr[]): boolean {
  if (link.name === underlay.name || link.loopback || localKinds.includes(link.kind ?? '')) return false;
  return link.addresses.some((address) => networks.some((network) => contains(network, address)));
}

function offerOf(link: Link, underlay: UnderlayLink): OverlayMtu {
  const overhead = overheadOf(link, underlay.ipv6Only || link.overIpv6);
  const left = underlay.mtu - (overhead ?? 0);
  if (overhead === undefined || link.mtu <= left) {
    return { mtu: link.mtu, because: `the MTU of ${link.name} is ${link.mtu}` };
  }
  return {
    mtu: left,
    because: `${link.kind ?? ''} on ${link.name} adds ${overhead} bytes, and the MTU of ${underlay.name} is ${underlay.mtu}`,
  };
}

/**
 * The bytes that a device puts around each packet; undefined where only the device itself can know. WireGuard's peers may
 * be reached over either family, so the longer one counts, as in flannel and wg-quick.
 */
function overheadOf({ kind = '' }: Link, overIpv6: boolean): number | undefined {
  const bytes = encapsulationOf(kind);
  const isIpv6 = overIpv6 || kind === 'wireguard';
  return isIpv6 ? (bytes?.ipv6 ?? bytes?.ipv4) : (bytes?.ipv4 ?? bytes?.ipv6);
}
