import { isUtf8 } from 'node:buffer';

import type { IEvent, IKeyValue } from 'etcd3';

import { largestLeaseValue, type LeaseRecord, type StoreChange } from '../store.ts';

/** The ID with which etcd writes that a key has no lease. */
const noLease = '0';

export function isReservation({ lease }: IKeyValue): boolean {
  return lease === noLease;
}

/**
 * Reads one of flannel's keys. The expiry of a key with an etcd lease needs another request, so its `expiresAt` is Infinity.
 */
export function readKeyValue(kv: IKeyValue, subnets: string): Exclude<StoreChange, { kind: 'delete' }> {
  const where = kv.key.toString();
  if (!isUtf8(kv.key)) return { kind: 'fault', fault: { where, reason: 'has a key that is not UTF-8' } };
  const key = where.slice(subnets.length);
  if (kv.value.length > largestLeaseValue) {
    const reason = `has a value that is larger than ${largestLeaseValue} bytes`;
    return { kind: 'fault', fault: { where, reason, key } };
  }
  if (!isUtf8(kv.value))
    return { kind: 'fault', fault: { where, reason: 'has a value that is not UTF-8', key } };
  const record: LeaseRecord = {
    key,
    value: kv.value.toString(),
    expiresAt: isReservation(kv) ? undefined : Infinity,
    revision: kv.mod_revision,
  };
  return { kind: 'put', record };
}

export function readEvent({ type, kv }: IEvent, subnets: string): StoreChange {
  if (type === 'Put') return readKeyValue(kv, subnets);
  return { kind: 'delete', key: kv.key.toString().slice(subnets.length) };
}
