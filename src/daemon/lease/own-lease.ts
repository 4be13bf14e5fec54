import type { OwnSubnets } from '../../lease/roster.ts';

/** The part of this node's lease that the follower of the store needs. */
export interface OwnLease extends OwnSubnets {
  /** The wanted attributes of the lease. */
  readonly value: string;
  /** Whether the lease has expired by this node's clock, because it could not be renewed. */
  readonly isOver: boolean;
  /** The time before its end at which a lease is renewed, in milliseconds. No lease expires in a shorter outage. */
  readonly marginMs: number;
  /** Writes the lease again, after the store reported that it is gone or changed. Waits first if that happens often. */
  reclaim(): Promise<void>;
  /** Writes the lease now if its last write failed. Call when the store answers another request after an outage. */
  storeAnswered(): void;
}
