import type { HostInterfaces } from '../../host/interface/interface.ts';
import { readSubnetFile } from '../../host/subnet-file.ts';
import { identityReader } from '../../lease/identities.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { parseLeaseKey } from '../../lease/wire.ts';
import { mapFamilies } from '../../network/per-family.ts';
import { requireSubnet } from '../../store/acquire-lease.ts';
import type { ContentSlot, KnownContent } from '../../store/content-slot.ts';
import {
  clearPreviousNetwork,
  type PreviousNetwork,
  type PreviousNetworkContext,
} from './previous-network.ts';
import { findEarlierLease, type EarlierLease } from '../lease/held-lease.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';
import type { NetworkStart } from '../network/leased-network.ts';
import type { UpOptions } from '../setup/options.ts';

interface FirstStartContext extends PreviousNetworkContext {
  /** The slot for the known content of the store. */
  readonly contentSlot: ContentSlot;
  readonly signal: AbortSignal;
}

/**
 * Finds the start values of a daemon, from the network of an earlier one. Undefined if the daemon was told to stop meanwhile. Throws a
 * Failure.
 */
export async function findFirstStart(context: FirstStartContext): Promise<NetworkStart | undefined> {
  const previous = await clearPreviousNetwork(context);
  const { options, preparation } = context;
  const { earlier, hint } = await findLastRun(options, preparation.interfaces, previous);
  if (!(await awaitSubnet(hint, earlier, context))) return undefined;
  return { hint, earlier, isTakeover: previous?.isUp ?? false };
}

/** The lease of this node's last run, and the subnets to ask for first. */
interface LastRun {
  readonly earlier: EarlierLease | undefined;
  /** The subnets of the network that an earlier daemon left up, else of its lease, else in the subnet file. */
  readonly hint: LeaseSubnets | undefined;
}

/** Finds what this node had before. Changes nothing. */
export async function findLastRun(
  options: Pick<UpOptions, 'stateDirectory' | 'store' | 'subnetFile'>,
  interfaces: Pick<HostInterfaces, 'hardwareAddresses'>,
  previous: Pick<PreviousNetwork, 'leaseKey'> | undefined,
): Promise<LastRun> {
  const { stateDirectory, store, subnetFile } = options;
  const earlier = await findEarlierLease(stateDirectory, store, await interfaces.hardwareAddresses());
  const key = previous?.leaseKey ?? earlier?.key;
  return { earlier, hint: key == null ? await readHint(subnetFile) : parseLeaseKey(key) };
}

async function readHint(subnetFile: string): Promise<LeaseSubnets | undefined> {
  const environment = await readSubnetFile(subnetFile);
  return environment && mapFamilies(environment, ({ subnet }) => subnet);
}

/**
 * Throws a Failure if no subnet is free, before PreStartup makes a device in vain. False if the daemon was told to stop while the store was
 * away.
 */
async function awaitSubnet(
  hint: LeaseSubnets | undefined,
  earlier: EarlierLease | undefined,
  { preparation, contentSlot, signal }: FirstStartContext,
): Promise<boolean> {
  const { store, outages, network, underlay } = preparation;
  const { publicIp, publicIpv6 } = underlay;
  const { configuration } = network;
  const identitiesOf = identityReader(preparation.loaded.recipe.backendData);
  const applicant = { configuration, publicIp, publicIpv6, hint, earlier, identitiesOf };
  try {
    const see = (): Promise<KnownContent> => requireSubnet(store, applicant);
    contentSlot.keep(await outlastOutages(see, outages, signal));
    return true;
  } catch (error) {
    if (signal.aborted) return false;
    throw error;
  }
}
