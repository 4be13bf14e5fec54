/** The options that `addStoreOptions` adds, as commander hands them over. */
export interface StoreFlags {
  readonly store?: 'files' | 'etcd';
  readonly storeDir: string;
  readonly etcdEndpoints: string;
  readonly etcdPrefix: string;
  readonly etcdCafile?: string;
  readonly etcdCertfile?: string;
  readonly etcdKeyfile?: string;
  readonly etcdUsername?: string;
  readonly etcdPassword?: string;
  readonly etcdPasswordFile?: string;
}
