import { EtcdLeaseInvalidError } from 'etcd3';

import { StoreError } from '../store.ts';
import type { Cluster } from './cluster/cluster.ts';

/** An etcd lease to which one key is to be attached. */
export interface Grant {
  readonly id: string;
  /** The time of expiry, in milliseconds since the epoch, and not later than etcd's. */
  readonly expiresAt: number;
}

/** @param action completes "cannot", for messages */
export async function grantLease(cluster: Cluster, action: string, ttlSeconds: number): Promise<Grant> {
  return cluster.request(action, async (client) => {
    const before = Date.now();
    const { ID: id, TTL: ttl } = await client.leaseClient.leaseGrant({ TTL: ttlSeconds });
    return { id, expiresAt: before + Number(ttl) * 1000 };
  });
}

/** Revokes an etcd lease without keys. A failure does not matter, because the lease expires. */
export async function revokeLease(cluster: Cluster, id: string): Promise<void> {
  await ignoreOutage(() =>
    cluster.request('revoke a lease', (client) => client.leaseClient.leaseRevoke({ ID: id })),
  );
}

/** Revokes an etcd lease unless another key is attached to it, as {@link revokeLease} does. */
export async function revokeUnlessUsed(cluster: Cluster, id: string): Promise<void> {
  await ignoreOutage(async () => {
    const { TTL: secondsLeft, keys } = await cluster.request('look at a lease', (client) =>
      client.leaseClient.leaseTimeToLive({ ID: id, keys: true }),
    );
    if (Number(secondsLeft) > 0 && keys.length === 0) await revokeLease(cluster, id);
  });
}

async function ignoreOutage(work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    // The lease may have expired meanwhile.
    if (!(error instanceof StoreError || error instanceof EtcdLeaseInvalidError)) throw error;
  }
}
