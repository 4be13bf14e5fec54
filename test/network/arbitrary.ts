import fc from 'fast-check';
import { addressBits, networkOf, type Cidr, type Family } from '../../src/network/cidr.ts';

/** Networks that often contain or overlap each other: few of their leading bits are set. */
export const arbitraryCidr: fc.Arbitrary<Cidr> = fc
  .tuple(fc.constantFrom<Family>(4, 6), fc.nat(7), fc.nat(4))
  .map(([family, leading, prefix]) =>
    networkOf({ family, value: BigInt(leading) << BigInt(addressBits(family) - 3) }, prefix),
  );

/** Networks with room for four subnets, and a length for these. */
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
  });
