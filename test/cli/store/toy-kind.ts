import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';

import { Failure } from '../../../src/diagnostic/failure.ts';
import { etcdKind } from '../../../src/store/etcd/kind.ts';
import { openFilesStore } from '../../../src/store/files/store.ts';
import { filesKind } from '../../../src/store/files/kind.ts';
import type { StoreChoice, StoreKind, StoreKinds, StoreOptions, ValuesOf } from '../../../src/store/kind.ts';
import { StoreError, type LeaseStore } from '../../../src/store/store.ts';

export const token = 'swordfish';

const options = {
  isManaged: {
    name: '--loom-subnet-mgr',
    description: 'keep the leases on a loom',
    variable: 'FLANNELD_LOOM_SUBNET_MGR',
  },
  directory: { name: '--loom-path', placeholder: 'dir', description: 'where the loom stands' },
  networkFile: {
    name: '--net-config-path',
    placeholder: 'file',
    description: 'the network configuration',
    variable: 'FLANNELD_NET_CONFIG_PATH',
    default: '/etc/loom/net-conf.json',
  },
  token: {
    name: '--loom-token',
    placeholder: 'token',
    description: 'what the loom asks for',
    variable: 'FLANNELD_LOOM_TOKEN',
    secretField: ['access', 'token'],
  },
} as const satisfies StoreOptions;

export interface LoomChoice extends StoreChoice {
  readonly kind: 'loom';
  readonly isManaged: boolean;
  readonly directory: string;
  readonly networkFile: string;
  readonly access: { readonly token: string };
}

/**
 * A kind that differs from the real ones: a flag and options without its name choose it, it asks for a token, and it reads
 * the network configuration from a file. Its leases are files of a directory.
 */
const loomKind: StoreKind = {
  name: 'loom',
  options,
  mayBringNetwork: false,
  choose({ isManaged, directory, networkFile, token }: ValuesOf<typeof options>): Promise<LoomChoice> {
    if (directory === undefined || token === undefined) {
      return Promise.reject(new Failure('usage', 'a loom was chosen without its path and its token'));
    }
    const paths = { directory: resolve(directory), networkFile: resolve(networkFile) };
    return Promise.resolve({ kind: 'loom', isManaged, ...paths, access: { token } });
  },
  argumentsOf: ({ directory }: LoomChoice) => ['--loom', directory],
  networkEditor: ({ networkFile }: LoomChoice) => `an editor, in ${networkFile}`,
  async open({ directory, networkFile, access }: LoomChoice, mode) {
    if (access.token !== token) throw new StoreError('the loom refuses the token', { retryable: false });
    const leases = await openFilesStore(directory, { mode });
    return withNetworkFrom(leases, networkFile);
  },
};

function withNetworkFrom(leases: LeaseStore, file: string): LeaseStore {
  const refuse = (): Promise<never> =>
    Promise.reject(new StoreError(`the network configuration is in ${file}`, { retryable: false }));
  return {
    description: `loom in ${file}`,
    readNetwork: async () => ({ name: file, text: await readFile(file, 'utf8') }),
    createNetwork: refuse,
    withdrawNetwork: refuse,
    writeNetwork: refuse,
    list: (options) => leases.list(options),
    listPages: () => leases.listPages(),
    readLease: (key) => leases.readLease(key),
    watch: (cursor, signal) => leases.watch(cursor, signal),
    create: (...given) => leases.create(...given),
    replace: (...given) => leases.replace(...given),
    remove: (previous) => leases.remove(previous),
    discard: (key) => leases.discard(key),
    close: () => leases.close(),
  };
}

export const kindsWithLoom: StoreKinds = [filesKind, loomKind, etcdKind];
