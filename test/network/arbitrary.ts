import fc from 'fast-check';
import {
  addressBits,
  networkOf,
  overlaps,
  parseCidr,
  type Cidr,
  type Family,
} from '../../src/network/cidr.ts';

/** Networks that often contain or overlap each other: few of their leading bits are set. */
export const arbitraryCidr: fc.Arbitrary<Cidr> = fc
  .tuple(fc.constantFrom<Family>(4, 6), fc.nat(7), fc.nat(4))
  .map(([family, leading, prefix]) =>
    networkOf({ family, value: BigInt(leading) << BigInt(addressBits(family) - 3) }, prefix),
  );

/** Networks that no overlay may use. */
const reserved = ['127.0.0.0/8', '224.0.0.0/4', '::1/128', 'fe80::/10', 'ff00::/8'].flatMap(
  (text) => parseCidr(text) ?? [],
);

function isUsable(network: Cidr): boolean {
  return reserved.every((other) => other.family !== network.family || !overlaps(other, network));
}

/** Networks that an overlay may use, with room for four subnets, and a length for these. */
export const networkAndLength: fc.Arbitrary<{ network: Cidr; length: number }> = fc
  .constantFrom<Family>(4, 6)
  .chain((family) => {
    const longest = addressBits(family) - 2;
    return fc
      .tuple(fc.bigInt(0n, (1n << BigInt(addressBits(family))) - 1n), fc.nat(longest - 2))
      .chain(([value, prefix]) =>
        fc
          .integer({ min: prefix + 2, max: longest })
          .map((length) => ({ network: networkOf({ family, value }, prefix), length })),
      );
  })
  .filter(({ network }) => isUsable(network));
