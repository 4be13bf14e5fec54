/** The options of {@link openEtcdStore}. File names are read once, when the store is opened. */
export interface EtcdStoreOptions extends TlsFiles {
  /** The members of one cluster: `https://10.0.0.1:2379`. Without a scheme: https if any TLS file is given. */
  readonly endpoints: readonly string[];
  /** Above flannel's keys. Default `/coreos.com/network`. */
  readonly prefix?: string | undefined;
  readonly user?: EtcdUser | undefined;
  readonly timing?: Partial<EtcdTiming> | undefined;
  /** How many leases a listing asks for at once. Default 1000. */
  readonly pageSize?: number | undefined;
}

/** The files that TLS is to use. */
export interface TlsFiles {
  /** PEM file with the authorities that sign the members' certificates. Default: those that Node knows. */
  readonly caFile?: string | undefined;
  /** PEM file with this node's certificate, for members that ask for one; goes with `keyFile`. */
  readonly certFile?: string | undefined;
  readonly keyFile?: string | undefined;
}

/** Whom to log in as. A file holds the password as its first line, and nothing else. */
export type EtcdUser = { readonly name: string } & (
  { readonly password: string } | { readonly passwordFile: string }
);

/** How long silence is borne, in milliseconds. */
export interface EtcdTiming {
  /** For the answer of one member to one request. Default 5 s. */
  readonly requestMs: number;
  /**
   * A connection on which something is awaited is probed this often. Default 10 s; members take less than their
   * `--grpc-keepalive-min-time`, 5 s, for an attack.
   */
  readonly keepaliveMs: number;
  /** A connection on which a probe is not answered for so long is given up. Default 5 s. */
  readonly keepaliveTimeoutMs: number;
}

export const defaultPrefix = '/coreos.com/network';

export const defaultTiming: EtcdTiming = {
  requestMs: 5_000,
  keepaliveMs: 10_000,
  keepaliveTimeoutMs: 5_000,
};
