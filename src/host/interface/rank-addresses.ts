import { isLinkLocal, isLoopback } from '../../network/address-scope.ts';
import { addressBits, type Family } from '../../network/cidr.ts';
import { familyKey, type PerFamily } from '../../network/per-family.ts';
import type { Link, LinkAddress } from './ip-output.ts';

/** The addresses of a node at its last start. */
export interface AddressMemory {
  /** Every address that the node's interfaces had. */
  readonly seen: readonly string[];
  /** The addresses that the node used, if it was started with the same options; empty otherwise. */
  readonly used: PerFamily<string>;
}

/** An address that a node may use. */
interface RankedAddress {
  readonly address: LinkAddress;
  /** The reason why a better address is used in its place, as a clause about the address; undefined if only the order decides. */
  readonly flaw: string | undefined;
  /** Whether the node used the address at its last start, so that it stays in spite of a flaw. */
  readonly isKept: boolean;
}

/**
 * The addresses of one family that a node may use on a link, the best first: the address of its last start; then permanent ones, in the
 * kernel's order; then those that may disappear. Loopback addresses are not among them.
 */
export function rankAddresses(
  link: Link,
  family: Family,
  memory: AddressMemory | undefined,
): readonly RankedAddress[] {
  const own = link.addresses.filter((address) => address.family === family && !isLoopback(address));
  const graded = own.map((address) => {
    const flaw = findFlaw(address, own, memory);
    const isKept = memory?.used[familyKey(family)] === address.text && (flaw?.grade ?? 0) < transient;
    return { grade: isKept ? -1 : (flaw?.grade ?? 0), ranked: { address, flaw: flaw?.because, isKept } };
  });
  // The sort is stable: equal grades stay in the kernel's order.
  return graded.toSorted((a, b) => a.grade - b.grade).map(({ ranked }) => ranked);
}

/** The grade from which an address is not kept, because the kernel or the network is about to drop it. */
const transient = 4;

interface Flaw {
  /** The grade from 1 to 5; a higher one is worse. */
  readonly grade: number;
  readonly because: string;
}

/** The worst flaw of an address: it may disappear, or is less useful than another. */
function findFlaw(
  address: LinkAddress,
  own: readonly LinkAddress[],
  memory: AddressMemory | undefined,
): Flaw | undefined {
  const { text, lifetime, prefix, preferred, family } = address;
  if (isLinkLocal(address)) return { grade: 5, because: 'it is a link-local address' };
  if (!preferred) {
    return { grade: transient, because: 'it is deprecated, temporary, or not yet known to be unique' };
  }
  if (memory !== undefined && !memory.seen.includes(text)) {
    return { grade: 3, because: 'it comes and goes: this node did not have it at its last start' };
  }
  const neighbour = own.find((other) => other.prefix < prefix && !isLinkLocal(other));
  if (prefix === addressBits(family) && neighbour !== undefined) {
    const why = `it is a /${prefix} next to ${neighbour.text}/${neighbour.prefix}, as a virtual address is`;
    return { grade: 2, because: `it may come and go: ${why}` };
  }
  if (lifetime === undefined) return undefined;
  return { grade: 1, because: `it may come and go: its lifetime ends in ${lifetime} s` };
}
