import type { Cidr } from '../network/cidr.ts';
import type { NetworkConfiguration, SubnetRange } from '../network/configuration.ts';
import { zipFamilies, type FamilyKey } from '../network/per-family.ts';
import type { PublicAddresses } from '../network/public-addresses.ts';
import { countSubnets, findFreeSubnets, isFree, isOfRange, touchesRange } from '../network/subnets.ts';
import type { Lease, LeaseSubnets } from './lease.ts';

/** The number of free subnets from which flannel picks one at random, so that nodes that start together rarely pick the same one. */
const choices = 100;

/** The facts that decide a node's subnets. The public addresses are the node's. */
export interface AcquisitionInput extends PublicAddresses {
  readonly configuration: NetworkConfiguration;
  /** Every lease in the store, including reservations. */
  readonly leases: readonly Lease[];
  /** Subnets that are held by something other than a readable lease. They are not free, and they belong to no node. */
  readonly blocked: readonly LeaseSubnets[];
  /** The key of the lease that this node wrote last, and no other node since. It is this node's lease with any address. */
  readonly earlierKey: string | undefined;
  /** The subnets in the subnet file of the last run. */
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

/**
 * Chooses a subnet by flannel's order of preference: a lease or reservation that already carries this node's public address; the subnet of
 * the last run, or of its lease that no longer fits, if it is free; one at random among the first hundred free ones. The chosen subnet does
 * not overlap any lease. If this node has several leases, the last run's comes first, then a reservation.
 */
export function planAcquisition(input: AcquisitionInput): AcquisitionPlan {
  const mine = input.leases.filter((lease) => isOfNode(lease, input));
  const fitting = mine.filter((lease) => fitsConfiguration(input.configuration, lease.subnets));
  const unfit = mine.filter((lease) => !fitsConfiguration(input.configuration, lease.subnets));
  const misfits = unfit.filter(({ expiresAt }) => expiresAt !== undefined);
  const unfitReservations = unfit.filter(({ expiresAt }) => expiresAt === undefined);
  const reused = chooseOwnLease(fitting, input.hint);
  if (reused !== undefined) return { kind: 'reuse', lease: reused, misfits, unfitReservations };

  const dropped = new Set(misfits);
  const others = input.leases.filter((lease) => !dropped.has(lease));
  const hint = input.hint ?? misfits[0]?.subnets;
  return { ...chooseNewSubnets({ ...input, hint }, others), misfits, unfitReservations };
}

/** Whether a lease belongs to a node. flannel knows a node by its public IPv4 address; only a lease without one is known by IPv6. */
function isOfNode(
  { key, attributes }: Lease,
  { publicIp, publicIpv6, earlierKey }: AcquisitionInput,
): boolean {
  if (key === earlierKey) return true;
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

function chooseNewSubnets(input: AcquisitionInput, others: readonly Lease[]): NewSubnets {
  const { configuration } = input;
  const ipv4 = chooseInFamily(configuration.ipv4, 'ipv4', input, others);
  if (ipv4.kind === 'exhausted') return ipv4;
  const ipv6 = chooseInFamily(configuration.ipv6, 'ipv6', input, others);
  if (ipv6.kind === 'exhausted') return ipv6;
  return { kind: 'create', subnets: { ipv4: ipv4.subnet, ipv6: ipv6.subnet } };
}

type Choice =
  | { readonly kind: 'chosen'; readonly subnet: Cidr | undefined }
  | ({ readonly kind: 'exhausted' } & ExhaustedRange);

function chooseInFamily(
  range: SubnetRange | undefined,
  family: FamilyKey,
  { hint, blocked, random }: AcquisitionInput,
  others: readonly Lease[],
): Choice {
  if (range === undefined) return { kind: 'chosen', subnet: undefined };
  const blockedHere = pickFamily(blocked, family);
  const occupied = [
    ...pickFamily(
      others.map(({ subnets }) => subnets),
      family,
    ),
    ...blockedHere,
  ];
  const hinted = hint?.[family];
  if (hinted !== undefined && isOfRange(range, hinted) && isFree(hinted, occupied)) {
    return { kind: 'chosen', subnet: hinted };
  }
  const free = findFreeSubnets(range, occupied, choices);
  const subnet = free[Math.min(Math.floor(random() * free.length), free.length - 1)];
  if (subnet !== undefined) return { kind: 'chosen', subnet };
  return { kind: 'exhausted', ...countOccupied(range, family, others, blockedHere) };
}

function countOccupied(
  range: SubnetRange,
  family: FamilyKey,
  others: readonly Lease[],
  blocked: readonly Cidr[],
): ExhaustedRange {
  const touching = others.filter(({ subnets }) => {
    const subnet = subnets[family];
    return subnet !== undefined && touchesRange(range, subnet);
  });
  const reserved = touching.filter(({ expiresAt }) => expiresAt === undefined).length;
  return {
    range,
    total: Number(countSubnets(range)),
    leased: touching.length - reserved,
    reserved,
    blocked: blocked.filter((subnet) => touchesRange(range, subnet)).length,
  };
}

function pickFamily(all: readonly LeaseSubnets[], family: FamilyKey): Cidr[] {
  return all.map((subnets) => subnets[family]).filter((subnet) => subnet !== undefined);
}
