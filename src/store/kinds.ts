import { Failure } from '../diagnostic/failure.ts';
import { etcdKind } from './etcd/kind.ts';
import { filesKind } from './files/kind.ts';
import { kubernetesKind } from './kubernetes/kind.ts';
import type { StoreChoice, StoreKind, StoreKinds } from './kind.ts';

/**
 * Every kind of store. The help shows their options in this order. The first is the default. If variables of other kinds are set, the first
 * of those kinds is chosen.
 */
export const storeKinds: StoreKinds = [filesKind, etcdKind, kubernetesKind];

/** The kind of a choice. Throws a {@link Failure} for an unknown one: a newer heddle may have written the choice. */
export function storeKindOf({ kind: name }: StoreChoice, kinds: StoreKinds = storeKinds): StoreKind {
  const found = kinds.find((kind) => kind.name === name);
  if (found !== undefined) return found;
  const known = kinds.map((kind) => kind.name).join(', ');
  throw new Failure('store', `this version of heddle does not know the store kind ${name}, only ${known}`, {
    hint: 'use the version of heddle that brought the network up',
  });
}
