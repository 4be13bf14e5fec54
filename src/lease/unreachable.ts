/** A lease of a node that runs a different network than this node, so that no packet gets from one to the other. */
interface UnreachableLease {
  readonly key: string;
  /** The key of the network configuration in which the nodes differ: `Type`, or a parameter. */
  readonly name: string;
  /** The value of that node, which is not to be trusted. */
  readonly value: string;
}

/** The leases of nodes that cannot be reached because of one key of the network configuration. */
export interface UnreachableGroup {
  readonly name: string;
  readonly leases: readonly UnreachableLease[];
}

/** Keeps the leases of nodes that run a different network than this node. */
export class UnreachableLeases {
  readonly #leases = new Map<string, UnreachableLease>();

  get size(): number {
    return this.#leases.size;
  }

  get groups(): UnreachableGroup[] {
    const groups = new Map<string, UnreachableLease[]>();
    for (const lease of this.#leases.values()) {
      const group = groups.get(lease.name) ?? [];
      group.push(lease);
      groups.set(lease.name, group);
    }
    return [...groups].map(([name, leases]) => ({ name, leases }));
  }

  /** @param difference undefined for a lease that is gone, or whose node can be reached */
  set(key: string, difference: { readonly name: string; readonly value: string } | undefined): void {
    if (difference === undefined) this.#leases.delete(key);
    else this.#leases.set(key, { key, ...difference });
  }
}
