import { etcdHosting } from './etcd.ts';
import { filesHosting } from './files.ts';
import { kubernetesHosting } from './kubernetes.ts';
import type { StoreHosting } from './hosting.ts';

/** Every kind of store that a lab can host. The first is the default. */
export const storeHostings: readonly [StoreHosting, ...StoreHosting[]] = [
  filesHosting,
  etcdHosting,
  kubernetesHosting,
];

/** The hosting of a kind of this name. */
export function hostingOf(kind: string): StoreHosting {
  const hosting = storeHostings.find((each) => each.kind.name === kind);
  if (hosting === undefined) throw new Error(`a lab cannot host the store kind ${kind}`);
  return hosting;
}
