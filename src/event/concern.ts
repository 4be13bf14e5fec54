/** The kinds of concern. docs/operations.md explains each one. */
export type ConcernKind =
  /** The lease of this node has expired, so another node may take its subnet. */
  | 'lease-expired'
  /** Another machine writes the lease of this node again and again. */
  | 'lease-contested'
  /** Leases of other nodes have the public address of this node. */
  | 'own-address'
  /** Leases of other nodes have the MAC address or the key of this node. */
  | 'own-identity'
  /** Several leases of other nodes have the same public address. */
  | 'shared-address'
  /** Several other nodes have the same MAC address or key. */
  | 'shared-identity'
  /** The clock of this node differs from that of the file system with the store. */
  | 'clock'
  /** Peers that answered probes before do not answer any more. */
  | 'peer-silent'
  /** The interface of this node is down, gone, or has lost the address that this node uses. */
  | 'underlay'
  /** This host does not forward packets of a family of the network. */
  | 'forwarding'
  /** A chain of the firewall that is not heddle's drops packets of the network. */
  | 'firewall'
  /** The container runtime takes another CNI list than heddle's. */
  | 'cni-order'
  /** Pods that run have the MTU or the subnet from before a change. */
  | 'outdated-pods'
  /** The network configuration in the store is not the one that this node runs. */
  | 'network-changed'
  /** Other nodes run another backend type, or another value of a parameter that must be the same. */
  | 'unreachable'
  /** With `--compile verify`: what was compiled differs from what the shell does. */
  | 'compile';

/**
 * A reason why packets may not flow although every command succeeded. No retry cures it: the operator has to act. While
 * there is one, the node is degraded.
 */
export interface Concern {
  readonly kind: ConcernKind;
  /** The subject, such as an address or the key of a lease: distinguishes concerns of one kind. */
  readonly about: string;
  /** The problem, as a clause. */
  readonly because: string;
  /** The cure, as a clause. */
  readonly hint: string;
}
