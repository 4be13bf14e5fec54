import type { NetworkConfiguration } from '../network/configuration.ts';
import { mapFamilies, zipFamilies, type PerFamily } from '../network/per-family.ts';
import type { Lease, LeaseSubnets } from './lease.ts';
import { SubnetTrie } from './subnet-trie.ts';

/** A lease as the store returned it, or the reason why it could not be read. */
export type LeaseReading =
  | { readonly kind: 'lease'; readonly lease: Lease }
  | { readonly kind: 'malformed'; readonly key: string; readonly reason: string };

export function keyOf(read: LeaseReading): string {
  return read.kind === 'lease' ? read.lease.key : read.key;
}

/** A list of leases whose pages are coming. Leases that only the whole list can decide wait in it, in the order of the list. */
export class OpenList {
  readonly #seen = new Set<string>();
  readonly #held: LeaseReading[] = [];
  readonly #claims: PerFamily<SubnetTrie>;

  constructor(network: NetworkConfiguration) {
    this.#claims = mapFamilies(network, (range) => new SubnetTrie(range.network));
  }

  /** The keys of the pages so far. */
  get seen(): ReadonlySet<string> {
    return this.#seen;
  }

  /** The leases that wait, in the order of the list. */
  get held(): readonly LeaseReading[] {
    return this.#held;
  }

  note(read: LeaseReading): void {
    this.#seen.add(keyOf(read));
  }

  hold(read: LeaseReading): void {
    this.#held.push(read);
  }

  /** Notes subnets that this key may get at the end of the list, so that later leases that overlap them must wait as well. */
  claim(key: string, subnets: LeaseSubnets): void {
    for (const [claims, subnet] of zipFamilies(this.#claims, subnets))
      if (subnet !== undefined) claims?.insert(subnet, key);
  }

  /** Whether a part of these subnets is claimed. */
  isClaimed(subnets: LeaseSubnets): boolean {
    return zipFamilies(this.#claims, subnets).some(
      ([claims, subnet]) => subnet !== undefined && claims?.findOverlap(subnet) !== undefined,
    );
  }
}
