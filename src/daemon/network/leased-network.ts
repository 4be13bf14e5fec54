import type { LeaseSubnets } from '../../lease/lease.ts';
import type { LeaseRecord } from '../../store/store.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import type { EarlierLease } from '../lease/held-lease.ts';

/** The network of a node that has its lease, before its first peer. */
export interface LeasedNetwork {
  readonly commands: CommandRunner;
  readonly record: LeaseRecord;
  readonly subnets: LeaseSubnets;
  /** Whether the lease of a network that is taken over had expired. The leases of peers may have expired then, too. */
  readonly hadEnded: boolean;
  /** Whether this start created the lease. If the start fails, it removes the lease. */
  readonly isCreated: boolean;
  /** Whether PostStartupCommand ran already, because only the commands of a running network were replaced. */
  readonly isDeviceUp: boolean;
}

/** The start values of a node's next network. */
export interface NetworkStart {
  /** The leased network, if the lease and the devices exist already. */
  readonly leasedNetwork?: LeasedNetwork;
  /** The subnets of peers that are already in place. */
  readonly inPlace?: ReadonlySet<string>;
  /** The subnets to ask for first. */
  readonly hint?: LeaseSubnets | undefined;
  /** The lease that an earlier daemon of this node wrote. */
  readonly earlier?: EarlierLease | undefined;
  /** Whether an earlier daemon's network of the same kind is up. */
  readonly isTakeover?: boolean;
}
