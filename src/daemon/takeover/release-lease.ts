import type { EmitEvent } from '../../event/event.ts';
import { LimitedStore, type StoreLimits } from '../../store/limited-store.ts';
import { openStore } from '../../store/open-store.ts';
import { withSecrets } from '../../store/secrets.ts';
import { StoreError, type LeaseStore } from '../../store/store.ts';
import { readHeldLease, releaseHeldLease, type HeldLease, type LeaseEnd } from '../lease/held-lease.ts';
import type { Deployment } from '../network/deployment.ts';

/**
 * Releases the lease of an earlier daemon, whether its network is still up or not. Undefined if no lease is known.
 *
 * @param limits the limits of the wait for the store; without them, the wait is unlimited
 * @param standing the network that was up until now: an older version noted its lease only there
 */
export async function releaseByItself(
  stateDirectory: string,
  limits: StoreLimits | undefined,
  emit: EmitEvent,
  standing?: Deployment,
): Promise<LeaseEnd | undefined> {
  const held = (await readHeldLease(stateDirectory)) ?? heldBy(standing);
  if (held === undefined) return undefined;
  let store: LeaseStore;
  try {
    store = await openStore(withSecrets(held.store, process.env), 'existing');
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { kind: 'unconfirmed', subnet: held.key, because: error.message };
  }
  const limited = limits === undefined ? store : new LimitedStore(store, limits);
  try {
    return await releaseHeldLease(stateDirectory, limited, held, emit);
  } finally {
    await limited.close();
  }
}

function heldBy(standing: Deployment | undefined): HeldLease | undefined {
  if (standing?.leaseKey == null) return undefined;
  const { store, leaseKey, publicIp, publicIpv6 } = standing;
  return { version: 1, store, key: leaseKey, publicIp, publicIpv6 };
}
