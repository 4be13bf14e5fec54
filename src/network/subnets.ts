import { addressBits, lastAddress, networkOf, overlaps, type Cidr } from './cidr.ts';
import type { SubnetRange } from './configuration.ts';

/** The number of addresses in a subnet of the range. */
function subnetSize(range: SubnetRange): bigint {
  return 1n << BigInt(addressBits(range.network.family) - range.subnetLength);
}

/** How many subnets may be leased, from SubnetMin to SubnetMax, both included. */
export function countSubnets(range: SubnetRange): bigint {
  return (range.subnetMax.value - range.subnetMin.value) / subnetSize(range) + 1n;
}

/** The subnet at an index, counted from 0 at SubnetMin. Throws a RangeError outside 0 … {@link countSubnets} − 1. */
export function subnetAt(range: SubnetRange, index: bigint): Cidr {
  if (index < 0n || index >= countSubnets(range))
    throw new RangeError(`the network does not have a subnet ${index}`);
  return {
    family: range.network.family,
    value: range.subnetMin.value + index * subnetSize(range),
    prefix: range.subnetLength,
  };
}

/** Whether a subnet is one that the range may hand out: of its length, on a boundary, from SubnetMin to SubnetMax. */
export function isOfRange(range: SubnetRange, subnet: Cidr): boolean {
  return (
    subnet.family === range.network.family &&
    subnet.prefix === range.subnetLength &&
    networkOf(subnet, subnet.prefix).value === subnet.value &&
    subnet.value >= range.subnetMin.value &&
    subnet.value <= range.subnetMax.value
  );
}

/** Whether a subnet, of whatever length, takes something away from the range. */
export function touchesRange(range: SubnetRange, subnet: Cidr): boolean {
  return (
    subnet.family === range.network.family &&
    subnet.value <= lastAddress({ ...range.subnetMax, prefix: range.subnetLength }).value &&
    (subnet.value >= range.subnetMin.value || lastAddress(subnet).value >= range.subnetMin.value)
  );
}

/** Whether a subnet overlaps none of the others. */
export function isFree(subnet: Cidr, occupied: readonly Cidr[]): boolean {
  return !occupied.some((other) => overlaps(subnet, other));
}

/**
 * The first `limit` subnets of the range that overlap none of `occupied`, in ascending order. Takes one step for each
 * free subnet and at most one for each occupied one, however long or short those are.
 */
export function findFreeSubnets(range: SubnetRange, occupied: readonly Cidr[], limit: number): Cidr[] {
  const index = indexOccupied(range, occupied);
  const free: Cidr[] = [];
  let candidate: Cidr = { ...range.subnetMin, prefix: range.subnetLength };
  while (candidate.value <= range.subnetMax.value && free.length < limit) {
    const obstacle = findObstacle(index, candidate);
    if (obstacle === undefined) free.push(candidate);
    candidate = { ...candidate, value: lastAddress(obstacle ?? candidate).value + 1n };
  }
  return free;
}

/**
 * The occupied subnets, as network addresses by prefix length. The shortest length comes first, so that the largest
 * obstacle is found first.
 */
type OccupiedIndex = readonly (readonly [prefix: number, networks: ReadonlySet<bigint>])[];

function indexOccupied(range: SubnetRange, occupied: readonly Cidr[]): OccupiedIndex {
  const byPrefix = new Map<number, Set<bigint>>();
  for (const subnet of occupied) {
    if (!touchesRange(range, subnet)) continue;
    // Of a longer subnet it only matters which of the range's own it spoils.
    const spoilt = subnet.prefix > range.subnetLength ? networkOf(subnet, range.subnetLength) : subnet;
    const networks = byPrefix.get(spoilt.prefix) ?? new Set();
    byPrefix.set(spoilt.prefix, networks.add(spoilt.value));
  }
  return [...byPrefix].sort(([a], [b]) => a - b);
}

function findObstacle(index: OccupiedIndex, candidate: Cidr): Cidr | undefined {
  for (const [prefix, networks] of index) {
    const network = networkOf(candidate, prefix);
    if (networks.has(network.value)) return network;
  }
  return undefined;
}
