import type { PeerStatus } from '../../daemon/report/peer-status.ts';
import type { NodeStatus } from '../../daemon/report/status.ts';
import type { Lease } from '../../lease/lease.ts';
import { describeSubnets } from '../../lease/roster.ts';

/** The meaning of a lease for the daemon of this node. */
export type LeaseRole =
  /** The lease of this node. */
  | { readonly state: 'own'; readonly because: null }
  /** A peer, as `heddle status` shows it; the reason of its last failure. */
  | { readonly state: PeerStatus['state']; readonly because: string | null }
  /** Data that this node does not accept, or a node that this one does not connect to. */
  | { readonly state: 'rejected' | 'not-a-peer'; readonly because: string };

/** The part of a status that says what the leases are. */
export type LeaseView = Pick<NodeStatus, 'lease' | 'recipe' | 'peers' | 'rejections'>;

/** A function that says what each lease is for the daemon with this status. */
export function roleFinder({
  lease: own,
  recipe,
  peers,
  rejections,
}: LeaseView): (lease: Lease) => LeaseRole {
  const peerOf = new Map(peers.map((peer) => [peer.key, peer]));
  const reasonOf = new Map(rejections.map(({ key, because }) => [key, because]));
  return ({ key, subnets, attributes }) => {
    if (own !== null && describeSubnets(subnets) === own.subnet) return { state: 'own', because: null };
    const rejection = reasonOf.get(key);
    if (rejection !== undefined) return { state: 'rejected', because: rejection };
    const peer = peerOf.get(key);
    if (peer !== undefined) return { state: peer.state, because: peer.lastOutcome?.trouble ?? null };
    return { state: 'not-a-peer', because: describeStranger(attributes.backendType, recipe?.type) };
  };
}

function describeStranger(type: string, ownType: string | undefined): string {
  if (type === '') return 'it is a reservation';
  if (type !== ownType) return `its type is ${type}`;
  return 'its node runs the type with other parameters, or it is new';
}
