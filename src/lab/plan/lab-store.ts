import type { LabStoreKind } from './request.ts';

/** Where the leases of a lab are, as its nodes reach them. Paths are those that a node sees. */
export type LabStore =
  | { readonly kind: 'files'; readonly directory: string }
  | {
      readonly kind: 'etcd';
      /** `http://172.30.0.200:2379` */
      readonly endpoint: string;
      /** Present if etcd takes nobody without a certificate. */
      readonly tls?: { readonly caFile: string; readonly certFile: string; readonly keyFile: string };
    };

/** The programs that a lab needs to host a store. `tls` asks for certificates. */
export function programsOfStore(kind: LabStoreKind, tls: boolean): readonly string[] {
  switch (kind) {
    case 'files':
      return [];
    case 'etcd':
      return tls ? ['etcd', 'openssl'] : ['etcd'];
  }
}

/** Options of `heddle up`, and of every other command that opens a store. */
export function storeOptions(store: LabStore): readonly string[] {
  switch (store.kind) {
    case 'files':
      return ['--store', 'files', '--store-dir', store.directory];
    case 'etcd':
      return ['--store', 'etcd', '--etcd-endpoints', store.endpoint, ...tlsOptions(store)];
  }
}

function tlsOptions({ tls }: Extract<LabStore, { kind: 'etcd' }>): readonly string[] {
  if (tls === undefined) return [];
  const { caFile, certFile, keyFile } = tls;
  return ['--etcd-cafile', caFile, '--etcd-certfile', certFile, '--etcd-keyfile', keyFile];
}

/** The same for commands that people run in a lab: `heddle leases`, and `etcdctl` where there is one. */
export function storeVariables(store: LabStore): Readonly<Record<string, string>> {
  switch (store.kind) {
    case 'files':
      return { HEDDLE_STORE: 'files', HEDDLE_STORE_DIR: store.directory };
    case 'etcd':
      return etcdVariables(store);
  }
}

function etcdVariables({ endpoint, tls }: Extract<LabStore, { kind: 'etcd' }>): Record<string, string> {
  return {
    HEDDLE_STORE: 'etcd',
    FLANNELD_ETCD_ENDPOINTS: endpoint,
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: endpoint,
    ...(tls && {
      FLANNELD_ETCD_CAFILE: tls.caFile,
      FLANNELD_ETCD_CERTFILE: tls.certFile,
      FLANNELD_ETCD_KEYFILE: tls.keyFile,
      ETCDCTL_CACERT: tls.caFile,
      ETCDCTL_CERT: tls.certFile,
      ETCDCTL_KEY: tls.keyFile,
    }),
  };
}
