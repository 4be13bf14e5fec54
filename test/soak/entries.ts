/** A lease as the store holds it: the key without its prefix, and the value. */
export interface StoredLease {
  readonly key: string;
  readonly value: string;
}

/** What `ip -j route`, `ip -j neigh` and `bridge -j fdb` print, reduced to what a peer is made of. */
export interface KernelView {
  readonly routes: readonly {
    readonly dst: string;
    readonly gateway?: string;
    readonly dev?: string;
    readonly flags?: readonly string[];
  }[];
  readonly neighbours: readonly {
    readonly dst: string;
    readonly lladdr?: string;
    readonly state?: readonly string[];
  }[];
  readonly fdb: readonly { readonly mac: string; readonly dst?: string }[];
}

export interface Difference {
  /** Entries that the kernel has and that no lease asks for. */
  readonly stale: readonly string[];
  /** Entries that a lease asks for and that the kernel lacks. */
  readonly missing: readonly string[];
}

/**
 * The entries that flannel's vxlan makes of the leases on one node, one text an entry. It knows nothing of heddle's own code.
 *
 * @param own the node's public address: its own lease is not a peer
 */
export function entriesOf(leases: readonly StoredLease[], own: string): string[] {
  return leases.flatMap(({ key, value }) => {
    const { PublicIP: publicIp, BackendData: data } = JSON.parse(value) as {
      readonly PublicIP: string;
      readonly BackendData: { readonly VtepMAC: string };
    };
    if (publicIp === own) return [];
    const vtep = key.replace(/-\d+$/, '');
    return [
      `route ${key.replace('-', '/')} via ${vtep} dev flannel.1 onlink`,
      `neigh ${vtep} lladdr ${data.VtepMAC} PERMANENT`,
      `fdb ${data.VtepMAC} dst ${publicIp}`,
    ];
  });
}

/** The entries that the kernel has, in the same form. */
export function entriesIn({ routes, neighbours, fdb }: KernelView): string[] {
  return [
    ...routes.map(({ dst, gateway = '-', dev = '-', flags = [] }) =>
      ['route', dst, 'via', gateway, 'dev', dev, ...flags].join(' '),
    ),
    ...neighbours
      .filter(({ lladdr }) => lladdr !== undefined)
      .map(({ dst, lladdr = '', state = [] }) => `neigh ${dst} lladdr ${lladdr} ${state.join(' ')}`),
    ...fdb.filter(({ dst }) => dst !== undefined).map(({ mac, dst = '' }) => `fdb ${mac} dst ${dst}`),
  ];
}

/** Compares two lists as multisets: an entry that the kernel has twice is stale once. */
export function compareEntries(wanted: readonly string[], actual: readonly string[]): Difference {
  return { stale: without(actual, wanted), missing: without(wanted, actual) };
}

function without(entries: readonly string[], others: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const other of others) left.set(other, (left.get(other) ?? 0) + 1);
  return entries
    .filter((entry) => {
      const count = left.get(entry) ?? 0;
      if (count > 0) left.set(entry, count - 1);
      return count === 0;
    })
    .sort();
}
