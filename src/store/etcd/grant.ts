import { EtcdLeaseInvalidError } from 'etcd3';

import { StoreError } from '../store.ts';
import type { Cluster } from './cluster/cluster.ts';

/** An etcd lease on which one key is to hang. */
export interface Grant {
  readonly id: string;
  /** Milliseconds since the epoch, not later than etcd sees it. */
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

/** Gives an etcd lease back on which no key hangs. It is of no account if that fails: it expires. */
export async function revokeLease(cluster: Cluster, id: string): Promise<void> {
  await ignoreOutage(() =>
    cluster.request('revoke a lease', (client) => client.leaseClient.leaseRevoke({ ID: id })),
  );
}

/** Gives an etcd lease back unless another key hangs on it, as {@link revokeLease} does. */
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
    // It may have expired meanwhile.
    if (!(error instanceof StoreError || error instanceof EtcdLeaseInvalidError)) throw error;
  }
}
