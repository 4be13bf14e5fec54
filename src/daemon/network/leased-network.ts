import type { LeaseSubnets } from '../../lease/lease.ts';
import type { LeaseRecord } from '../../store/store.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import type { EarlierLease } from '../lease/held-lease.ts';

/** A node that has its lease; no peer yet. */
export interface LeasedNetwork {
  readonly commands: CommandRunner;
  readonly record: LeaseRecord;
  readonly subnets: LeaseSubnets;
  /** The lease of the network that is taken over had ended, as those of others may have. */
  readonly hadEnded: boolean;
  /** The lease was made by this start, which gives it back if it fails. */
  readonly isCreated: boolean;
  /** PostStartupCommand was run already: the network goes on with other commands. */
  readonly isDeviceUp: boolean;
}

/** The start values of a node's next network. */
export interface NetworkStart {
  /** The lease and the devices are there already. */
  readonly leasedNetwork?: LeasedNetwork;
  /** The subnets of peers that are in place already. */
  readonly inPlace?: ReadonlySet<string>;
  /** The subnets to ask for first. */
  readonly hint?: LeaseSubnets | undefined;
  /** The lease that an earlier daemon of this node wrote. */
  readonly earlier?: EarlierLease | undefined;
  /** An earlier daemon's network of the same kind is up. */
  readonly isTakeover?: boolean;
}
