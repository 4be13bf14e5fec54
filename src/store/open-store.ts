import type { EtcdStoreOptions } from './etcd/options.ts';
import type { LeaseStore } from './store.ts';

/** Which store, and how to reach it. */
export type StoreChoice =
  | { readonly kind: 'files'; readonly directory: string }
  | ({ readonly kind: 'etcd' } & Omit<EtcdStoreOptions, 'timing' | 'pageSize'>);

/**
 * Opens a store; its library is loaded only now. `read-only` needs no right to write and makes nothing. Throws a
 * StoreError.
 */
export async function openStore(
  choice: StoreChoice,
  access: 'read-write' | 'read-only' = 'read-write',
): Promise<LeaseStore> {
  switch (choice.kind) {
    case 'files': {
      const { openFilesStore } = await import('./files/store.ts');
      return openFilesStore(choice.directory, { access });
    }
    case 'etcd': {
      const { openEtcdStore } = await import('./etcd/store.ts');
      return openEtcdStore(choice);
    }
  }
}

/** A choice without its password, to be kept in a file. */
export function withoutPassword(choice: StoreChoice): StoreChoice {
  if (choice.kind !== 'etcd' || choice.user === undefined || 'passwordFile' in choice.user) return choice;
  return { ...choice, user: { name: choice.user.name, password: '' } };
}
