import { contains, type Cidr } from '../../network/cidr.ts';
import { encapsulationOf } from '../../network/encapsulation.ts';
import type { Link } from './ip-output.ts';

/** The interface that overlay traffic uses. */
interface UnderlayLink {
  readonly name: string;
  readonly mtu: number;
  /** Whether peers are reached over IPv6 only, so that a tunnel's outer header is an IPv6 header. */
  readonly ipv6Only: boolean;
}

export interface OverlayMtu {
  /** The MTU for pods, in bytes. */
  readonly mtu: number;
  /** The origin of the MTU, as a clause. */
  readonly because: string;
}

/** The kinds of devices that carry packets to this node's pods only. */
const localKinds = ['bridge', 'veth'];

/**
 * Finds the MTU that pods may use, for a recipe that does not declare its overhead: the smallest of the overlay devices' MTUs. An overlay
 * device has an address inside the network. Its MTU is its own setting, or the part of the underlay's MTU that its overhead leaves, if that
 * is less.
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
 * The bytes that a device puts around each packet; undefined if only the device itself knows. WireGuard's peers may be reached over either
 * family, so the longer header counts, as in flannel and wg-quick.
 */
function overheadOf({ kind = '' }: Link, overIpv6: boolean): number | undefined {
  const bytes = encapsulationOf(kind);
  const isIpv6 = overIpv6 || kind === 'wireguard';
  return isIpv6 ? (bytes?.ipv6 ?? bytes?.ipv4) : (bytes?.ipv4 ?? bytes?.ipv6);
}
