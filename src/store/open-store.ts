import type { EtcdStoreOptions } from './etcd/options.ts';
import type { LeaseStore, OpenMode } from './store.ts';

/** Which store, and how to reach it. */
export type StoreChoice =
  | { readonly kind: 'files'; readonly directory: string }
  | ({ readonly kind: 'etcd' } & Omit<EtcdStoreOptions, 'timing' | 'pageSize'>);

/** Opens a store; its library is loaded only now. Throws a StoreError, or a Failure for malformed options of etcd. */
export async function openStore(choice: StoreChoice, mode: OpenMode = 'read-write'): Promise<LeaseStore> {
  switch (choice.kind) {
    case 'files': {
      const { openFilesStore } = await import('./files/store.ts');
      return openFilesStore(choice.directory, { mode });
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
