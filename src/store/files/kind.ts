import { resolve } from 'node:path';
import type { StoreChoice, StoreKind, StoreOptions, ValuesOf } from '../kind.ts';

const options = {
  directory: {
    name: '--store-dir',
    placeholder: 'dir',
    description: 'the directory that holds the leases, shared by all nodes',
    variable: 'HEDDLE_STORE_DIR',
    default: '/var/lib/heddle/store',
  },
} as const satisfies StoreOptions;

interface FilesChoice extends StoreChoice {
  readonly kind: 'files';
  readonly directory: string;
}

/** The files kind: leases as files of a directory. */
export const filesKind: StoreKind = {
  name: 'files',
  options,
  mayBringNetwork: true,
  choose({ directory }: ValuesOf<typeof options>): Promise<FilesChoice> {
    return Promise.resolve({ kind: 'files', directory: resolve(directory) });
  },
  argumentsOf: filesArguments,
  async open({ directory }: FilesChoice, mode) {
    const { openFilesStore } = await import('./store.ts');
    return openFilesStore(directory, { mode });
  },
};

function filesArguments({ directory }: FilesChoice): readonly string[] {
  return ['--store-dir', directory];
}
