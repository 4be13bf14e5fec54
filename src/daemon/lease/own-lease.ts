import type { OwnSubnets } from '../../lease/roster.ts';

/** This node's own lease, as far as whoever follows the store has to know of it. */
export interface OwnLease extends OwnSubnets {
  /** The wanted attributes of the lease. */
  readonly value: string;
  /** Whether its time is over by this node's clock: it could not be renewed. */
  readonly isOver: boolean;
  /** How long before its end leases are renewed, in milliseconds: none ends in an outage that is shorter. */
  readonly marginMs: number;
  /** The store says that the lease is gone, or not as it was written: writes it again, not at once if that happens often. */
  reclaim(): Promise<void>;
}
