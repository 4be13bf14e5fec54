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

/** Options of `heddle up`, and of every other command that opens a store. */
export function storeOptions(store: LabStore): readonly string[] {
  if (store.kind === 'files') return ['--store', 'files', '--store-dir', store.directory];
  const { endpoint, tls } = store;
  const files = tls && [
    '--etcd-cafile',
    tls.caFile,
    '--etcd-certfile',
    tls.certFile,
    '--etcd-keyfile',
    tls.keyFile,
  ];
  return ['--store', 'etcd', '--etcd-endpoints', endpoint, ...(files ?? [])];
}

/** The same for commands that people run in a lab: `heddle leases`, and `etcdctl` where there is one. */
export function storeVariables(store: LabStore): Readonly<Record<string, string>> {
  if (store.kind === 'files') return { HEDDLE_STORE: 'files', HEDDLE_STORE_DIR: store.directory };
  const { endpoint, tls } = store;
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
