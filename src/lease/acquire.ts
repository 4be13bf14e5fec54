import type { NetworkConfiguration, SubnetRange } from '../network/configuration.ts';
import {
  eachFamily,
  mapFamilies,
  presentValues,
  zipFamilies,
  type PerFamily,
} from '../network/per-family.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';
import { countSubnets, isOfRange, OccupiedSubnets } from '../network/subnets.ts';
import type { Lease, LeaseSubnets } from './lease.ts';

/** The number of free subnets from which flannel picks one at random, so that nodes that start together rarely pick the same one. */
const choices = 100;

/** The node that asks for subnets. The public addresses are its own. */
interface Seeker extends PublicAddresses {
  readonly configuration: NetworkConfiguration;
}

/** The facts that decide between several subnets that a node could have. */
interface Preference {
  /** The subnets of the last run. */
  readonly hint: LeaseSubnets | undefined;
  /** Returns a number from 0 up to, not including, 1. */
  readonly random: () => number;
}

/** The numbers behind a refusal. Leases count if they overlap the range, whatever their length. */
export interface ExhaustedRange {
  readonly range: SubnetRange;
  /** The number of subnets in the range. */
  readonly total: number;
  readonly leased: number;
  readonly reserved: number;
  readonly blocked: number;
}

/**
 * The next step to get a lease. `misfits` are leases of this node that no longer fit the configuration. The caller drops them, and the plan
 * counts their subnets as free. `unfitReservations` do not fit either, but an operator made them, so they stay and keep their range.
 */
export type AcquisitionPlan = {
  readonly misfits: readonly Lease[];
  readonly unfitReservations: readonly Lease[];
} & (
  | { readonly kind: 'reuse'; readonly lease: Lease }
  | { readonly kind: 'create'; readonly subnets: LeaseSubnets }
  | ({ readonly kind: 'exhausted' } & ExhaustedRange)
);

/** How a subnet is held: by a lease, by a reservation, or by something that is not a readable lease. */
type Hold = 'leased' | 'reserved' | 'blocked';

/** The occupied part of one family's range, with the number of its holders. */
interface Occupation {
  readonly range: SubnetRange;
  readonly subnets: OccupiedSubnets;
  readonly holders: Record<Hold, number>;
}

/**
 * The facts by which a node chooses its subnets: its own leases, and which ranges are occupied. The survey takes one lease after the other,
 * and keeps one number for each lease of another node.
 */
export class SubnetSurvey {
  readonly #seeker: Seeker;
  readonly #occupied: PerFamily<Occupation>;
  /** The leases of this node that fit the configuration. */
  readonly #fitting: Lease[] = [];
  readonly #misfits: Lease[] = [];
  readonly #unfitReservations: Lease[] = [];

  constructor(seeker: Seeker) {
    this.#seeker = seeker;
    this.#occupied = mapFamilies(seeker.configuration, (range) => ({
      range,
      subnets: new OccupiedSubnets(range),
      holders: { leased: 0, reserved: 0, blocked: 0 },
    }));
  }

  /**
   * Adds a lease of the store. Returns whether it is this node's.
   *
   * @param isEarlier whether it is the lease that this node wrote last, and no other node since: it is this node's with any address
   */
  add(lease: Lease, isEarlier: boolean): boolean {
    const isReserved = lease.expiresAt === undefined;
    if (!isEarlier && !isOfNode(lease, this.#seeker)) {
      this.#occupy(lease.subnets, isReserved ? 'reserved' : 'leased');
      return false;
    }
    if (fitsConfiguration(this.#seeker.configuration, lease.subnets)) this.#fitting.push(lease);
    else if (isReserved) {
      this.#unfitReservations.push(lease);
      this.#occupy(lease.subnets, 'reserved');
    } else this.#misfits.push(lease);
    return true;
  }

  /** Adds subnets that are held by something other than a readable lease. They are not free, and they belong to no node. */
  block(subnets: LeaseSubnets): void {
    this.#occupy(subnets, 'blocked');
  }

  #occupy(held: LeaseSubnets, hold: Hold): void {
    for (const [occupation, subnet] of zipFamilies(this.#occupied, held))
      if (occupation !== undefined && subnet !== undefined && occupation.subnets.add(subnet))
        occupation.holders[hold] += 1;
  }

  /**
   * Chooses a subnet by flannel's order of preference: a lease or reservation that already carries this node's public address; the subnet of
   * the last run, or of its lease that no longer fits, if it is free; one at random among the first hundred free ones. The chosen subnet does
   * not overlap any lease. If this node has several leases, the last run's comes first, then a reservation.
   */
  plan({ hint, random }: Preference): AcquisitionPlan {
    const [misfits, unfitReservations] = [this.#misfits, this.#unfitReservations];
    const reused = chooseOwnLease(this.#fitting, hint);
    if (reused !== undefined) return { kind: 'reuse', lease: reused, misfits, unfitReservations };
    const chosen = this.#choose({ hint: hint ?? misfits[0]?.subnets, random });
    return { ...chosen, misfits, unfitReservations };
  }

  /**
   * Draws once for both families. Nodes that start together then get the same pair or two pairs that differ in both families, as long as all
   * leases have both; the store refuses the second one of the same pair, but not one that differs in a single family.
   */
  #choose({ hint, random }: Preference): NewSubnets {
    const options = mapFamilies(this.#occupied, ({ subnets }, family) => {
      const hinted = hint?.[family];
      return hinted !== undefined && subnets.isFree(hinted) ? [hinted] : subnets.findFree(choices);
    });
    for (const [occupation, free] of zipFamilies(this.#occupied, options))
      if (occupation !== undefined && free?.length === 0) return describeFull(occupation);
    const lengths = presentValues(options).map(({ length }) => length);
    const fewest = Math.min(...lengths.filter((length) => length > 1));
    const index = Number.isFinite(fewest) ? Math.min(Math.floor(random() * fewest), fewest - 1) : 0;
    return {
      kind: 'create',
      subnets: eachFamily((family) => options[family]?.[Math.min(index, options[family].length - 1)]),
    };
  }
}

/** Whether a lease has a node's address. flannel knows a node by its public IPv4 address; only a lease without one is known by IPv6. */
function isOfNode({ attributes }: Lease, { publicIp, publicIpv6 }: PublicAddresses): boolean {
  if (attributes.publicIp !== undefined) return attributes.publicIp === publicIp;
  return attributes.publicIpv6 !== undefined && attributes.publicIpv6 === publicIpv6;
}

/** Whether the configuration could hand these subnets out: it has exactly their families, and their lengths. */
export function fitsConfiguration(configuration: NetworkConfiguration, subnets: LeaseSubnets): boolean {
  return zipFamilies(configuration, subnets).every(([range, subnet]) => {
    if (range === undefined || subnet === undefined) return range === subnet;
    return isOfRange(range, subnet);
  });
}

function chooseOwnLease(fitting: readonly Lease[], hint: LeaseSubnets | undefined): Lease | undefined {
  const ofLastRun = hint && fitting.find(({ subnets }) => areSame(subnets, hint));
  return ofLastRun ?? fitting.find(({ expiresAt }) => expiresAt === undefined) ?? fitting[0];
}

function areSame(some: LeaseSubnets, others: LeaseSubnets): boolean {
  return zipFamilies(some, others).every(([a, b]) => a?.value === b?.value && a?.prefix === b?.prefix);
}

type NewSubnets =
  | { readonly kind: 'create'; readonly subnets: LeaseSubnets }
  | ({ readonly kind: 'exhausted' } & ExhaustedRange);

function describeFull({ range, holders }: Occupation): NewSubnets {
  return { kind: 'exhausted', range, total: Number(countSubnets(range)), ...holders };
}
