import { peerSubnets, type LeaseSubnets, type Peer } from '../../lease/lease.ts';
import { formatAddress, parseCidr, type Address } from '../../network/cidr.ts';
import { presentValues } from '../../network/per-family.ts';

/** An address of a peer that a probe sends a packet to. */
export interface ProbeTarget {
  /** The key of the peer's lease. */
  readonly key: string;
  /** The subnet that the address is in. */
  readonly subnet: string;
  readonly address: string;
}

/**
 * The addresses to probe, one for each subnet of each peer. A recipe that puts the network address of the node's subnet on
 * a device does so on every node, so that address is probed. With any other recipe it is the first address after it,
 * which the bridge of the pods usually has.
 *
 * @param own the subnets of this node
 * @param addresses all addresses on this node's devices, canonical
 */
export function listTargets(
  peers: Iterable<Peer>,
  own: LeaseSubnets,
  addresses: ReadonlySet<string>,
): ProbeTarget[] {
  const onDevice = presentValues(own).filter((subnet) => addresses.has(formatAddress(subnet)));
  const families = new Set(onDevice.map(({ family }) => family));
  return [...peers].flatMap((peer) =>
    presentValues(peerSubnets(peer)).flatMap((text) => {
      const cidr = parseCidr(text);
      if (cidr === undefined) return [];
      const address = families.has(cidr.family) ? cidr : nextOf(cidr);
      return [{ key: peer.key, subnet: text, address: formatAddress(address) }];
    }),
  );
}

function nextOf({ family, value }: Address): Address {
  return { family, value: value + 1n };
}
