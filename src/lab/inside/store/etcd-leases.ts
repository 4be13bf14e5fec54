import { layOutKeys } from '../../../store/etcd/layout.ts';
import { defaultPrefix } from '../../../store/etcd/options.ts';
import type { HostedLeases } from '../../store/hosting.ts';
import { deleteKey, listKeysFrom, putKey } from './etcd-gateway.ts';

/** The leases in the etcd of a lab. */
export function etcdLeases(socketPath: string): HostedLeases {
  const { subnets } = layOutKeys(defaultPrefix);
  return {
    keys: async () => (await listKeysFrom(socketPath, subnets)).map((key) => key.slice(subnets.length)),
    put: (key, value) => putKey(socketPath, subnets + key, value),
    remove: (key) => deleteKey(socketPath, subnets + key),
  };
}
