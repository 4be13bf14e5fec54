import type { Cidr } from '../network/cidr.ts';
import type { PerFamily } from '../network/per-family.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';
import type { Json } from '../recipe/json/json.ts';

export type { Json };

/** The subnet or subnets that one node holds; at least one is present. They make up the lease's key. */
export type LeaseSubnets = PerFamily<Cidr>;

/** A node's own attributes in its lease: flannel's `LeaseAttrs`, decoded, its addresses canonical text. */
export interface LeaseAttributes extends PublicAddresses {
  /** The backend type. Empty for flannel's alloc and udp backends, which write none. */
  readonly backendType: string;
  readonly backendData: Json | undefined;
  readonly backendV6Data: Json | undefined;
}

/** The backend data of a lease by family. */
export function backendDataOf({
  backendData,
  backendV6Data,
}: Pick<LeaseAttributes, 'backendData' | 'backendV6Data'>): PerFamily<Json> {
  return { ipv4: backendData, ipv6: backendV6Data };
}

/** A lease whose shape was read. Its author is another machine, so no value may be acted on before `checkPeer`. */
export interface Lease {
  /** The last part of flannel's etcd key: `10.50.4.0-24`, or `10.50.4.0-24&2001:cafe:42:c::-64`. */
  readonly key: string;
  readonly subnets: LeaseSubnets;
  readonly attributes: LeaseAttributes;
  /** The time of expiry in milliseconds since the epoch; undefined for a reservation, which never expires. */
  readonly expiresAt: number | undefined;
}

/**
 * A peer's lease that passed every check of this node's recipe. Its values may be handed to commands. All of them are text in canonical
 * form, so two peers are the same if their JSON is.
 */
export interface Peer extends PublicAddresses {
  readonly key: string;
  readonly subnet: string | undefined;
  readonly ipv6Subnet: string | undefined;
  /** The exact stdin of SubnetAdd and SubnetRemove: each family's data, each followed by a newline. */
  readonly stdin: string;
  /** The values of the recipe's declared fields, as environment variables: `DATA_VTEP_MAC`, `DATA6_…`. */
  readonly fields: Readonly<Record<string, string>>;
  /** The links of this node on which the peer is, which the lease does not say; undefined before the first look. */
  readonly link?: PeerLink | undefined;
}

/** The links of this node on which a peer is. */
export interface PeerLink {
  /** The device on whose own link the public address of a family lies; undefined for an address that is routed. */
  readonly devices: PerFamily<string>;
  /** Whether the commands for the peer depend on the devices. */
  readonly matters: boolean;
}

/** The subnets of a peer by family, as text. */
export function peerSubnets({ subnet, ipv6Subnet }: Pick<Peer, 'subnet' | 'ipv6Subnet'>): PerFamily<string> {
  return { ipv4: subnet, ipv6: ipv6Subnet };
}
