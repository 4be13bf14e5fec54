/** The options of {@link openEtcdStore}. File names are read once, when the store is opened. */
export interface EtcdStoreOptions extends TlsFiles {
  /** The members of one cluster: `https://10.0.0.1:2379`. Without a scheme: https if any TLS file is given. */
  readonly endpoints: readonly string[];
  /** The prefix of flannel's keys. Default `/coreos.com/network`. */
  readonly prefix?: string | undefined;
  readonly user?: EtcdUser | undefined;
  readonly timing?: Partial<EtcdTiming> | undefined;
  /** The number of leases in one page of a listing. Default 1000. */
  readonly pageSize?: number | undefined;
}

/** The files that TLS is to use. */
export interface TlsFiles {
  /** The PEM file with the authorities that sign the members' certificates. Default: those that Node knows. */
  readonly caFile?: string | undefined;
  /** The PEM file with this node's certificate, for members that ask for one; goes with `keyFile`. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** The user to log in as. The file holds the password as its first line, and nothing else. */
export type EtcdUser = { readonly name: string } & (
  { readonly password: string } | { readonly passwordFile: string }
);

/** The longest times of silence, in milliseconds. */
export interface EtcdTiming {
  /** The time for the answer of one member to one request. Default 5 s. */
  readonly requestMs: number;
  /**
   * The interval of probes on a connection with a pending request. Default 10 s; members take less than their `--grpc-keepalive-min-time`,
   * 5 s, for an attack.
   */
  readonly keepaliveMs: number;
  /** The time after which a connection with an unanswered probe is given up. Default 5 s. */
  readonly keepaliveTimeoutMs: number;
}

export const defaultPrefix = '/coreos.com/network';

export const defaultTiming: EtcdTiming = {
  requestMs: 5_000,
  keepaliveMs: 10_000,
  keepaliveTimeoutMs: 5_000,
};
