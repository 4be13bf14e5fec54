import { addressBits, lastAddress, networkOf, type Cidr } from './cidr.ts';
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
function touchesRange(range: SubnetRange, subnet: Cidr): boolean {
  return (
    subnet.family === range.network.family &&
    subnet.value <= lastAddress({ ...range.subnetMax, prefix: range.subnetLength }).value &&
    (subnet.value >= range.subnetMin.value || lastAddress(subnet).value >= range.subnetMin.value)
  );
}

/**
 * The occupied part of a range. It holds one number for each subnet, so that a store with many thousand leases can be read page by page: a
 * page can be dropped once its subnets are added.
 */
export class OccupiedSubnets {
  readonly #range: SubnetRange;
  /** Network addresses by prefix length. */
  readonly #networks = new Map<number, Set<bigint>>();

  constructor(range: SubnetRange) {
    this.#range = range;
  }

  /** Adds a subnet of any length. Returns whether it takes something away from the range. */
  add(subnet: Cidr): boolean {
    const range = this.#range;
    if (!touchesRange(range, subnet)) return false;
    // Of a longer subnet it only matters which of the range's own it spoils.
    const spoilt = subnet.prefix > range.subnetLength ? networkOf(subnet, range.subnetLength) : subnet;
    const networks = this.#networks.get(spoilt.prefix) ?? new Set();
    this.#networks.set(spoilt.prefix, networks.add(spoilt.value));
    return true;
  }

  /** Whether a subnet may be handed out: it is one of the range's own, and nothing overlaps it. */
  isFree(subnet: Cidr): boolean {
    return isOfRange(this.#range, subnet) && findObstacle(this.#byLength, subnet) === undefined;
  }

  /**
   * The first `limit` free subnets of the range, in ascending order. Takes one step for each free subnet and at most one for each occupied
   * one, however long or short those are.
   */
  findFree(limit: number): Cidr[] {
    const { subnetMin, subnetMax, subnetLength } = this.#range;
    const byLength = this.#byLength;
    const free: Cidr[] = [];
    let candidate: Cidr = { ...subnetMin, prefix: subnetLength };
    while (candidate.value <= subnetMax.value && free.length < limit) {
      const obstacle = findObstacle(byLength, candidate);
      if (obstacle === undefined) free.push(candidate);
      candidate = { ...candidate, value: lastAddress(obstacle ?? candidate).value + 1n };
    }
    return free;
  }

  /** The shortest length comes first, so that the largest obstacle is found first. */
  get #byLength(): readonly (readonly [prefix: number, networks: ReadonlySet<bigint>])[] {
    return [...this.#networks].sort(([a], [b]) => a - b);
  }
}

function findObstacle(
  byLength: readonly (readonly [prefix: number, networks: ReadonlySet<bigint>])[],
  candidate: Cidr,
): Cidr | undefined {
  for (const [prefix, networks] of byLength) {
    const network = networkOf(candidate, prefix);
    if (networks.has(network.value)) return network;
  }
  return undefined;
}
