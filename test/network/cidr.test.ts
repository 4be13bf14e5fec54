import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import {
  addressBits,
  contains,
  formatAddress,
  formatCidr,
  lastAddress,
  networkOf,
  overlaps,
  parseAddress,
  parseCidr,
  type Address,
  type Cidr,
  type Family,
} from '../../src/network/cidr.ts';
import { arbitraryCidr as narrowCidr } from './arbitrary.ts';

const address: fc.Arbitrary<Address> = fc
  .constantFrom<Family>(4, 6)
  .chain((family) =>
    fc.bigInt(0n, (1n << BigInt(addressBits(family))) - 1n).map((value) => ({ family, value })),
  );
const cidr = address.chain((it) => fc.nat(addressBits(it.family)).map((prefix) => networkOf(it, prefix)));

/** The bits that every address of a network begins with. */
function bits({ family, value, prefix }: Cidr): string {
  return value.toString(2).padStart(addressBits(family), '0').slice(0, prefix);
}

describe('an address', () => {
  test('is printed and read back unchanged', () => {
    fc.assert(fc.property(address, (it) => assert.deepEqual(parseAddress(formatAddress(it)), it)));
  });

  test('is printed in its canonical form', () => {
    const canonical = (text: string) => {
      const parsed = parseAddress(text);
      return parsed && formatAddress(parsed);
    };
    assert.equal(canonical('2001:DB8:0:0:0:0:0:1'), '2001:db8::1');
    assert.equal(canonical('::'), '::');
    assert.equal(canonical('0.0.0.0'), '0.0.0.0');
    assert.equal(parseAddress('::ffff:10.0.0.1')?.family, 6);
  });

  const malformed = [
    ...['', ' ', '1', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.4 ', ' 1.2.3.4', '0x7f.1.1.1'],
    ...[
      '1.2.3.4/8',
      'fe80::1%eth0',
      ':::',
      '1::2::3',
      'g::',
      '::1/64',
      '12345::',
      '１.2.3.4',
      '1.2.3.-4',
      '1e1.1.1.1',
    ],
  ];
  for (const text of malformed) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(parseAddress(text), undefined));
  }
});

describe('a network', () => {
  test('is printed and read back unchanged', () => {
    fc.assert(fc.property(cidr, (it) => assert.deepEqual(parseCidr(formatCidr(it)), it)));
  });

  for (const text of [
    '10.0.0.0',
    '10.0.0.0/',
    '10.0.0.0/33',
    '10.0.0.0/08',
    '10.0.0.1/24',
    '/8',
    '::1/64',
    '::/129',
    '::/-1',
    '::/1/1',
  ]) {
    test(`is not ${JSON.stringify(text)}`, () => assert.equal(parseCidr(text), undefined));
  }

  test('contains another if that begins with the same bits', () => {
    fc.assert(
      fc.property(narrowCidr, narrowCidr, (a, b) => {
        const expected = a.family === b.family && bits(b).startsWith(bits(a));
        assert.equal(contains(a, b), expected);
        assert.equal(overlaps(a, b), expected || (a.family === b.family && bits(a).startsWith(bits(b))));
        assert.equal(overlaps(a, b), overlaps(b, a));
      }),
    );
  });

  test('contains its first and last address, and neither neighbour', () => {
    fc.assert(
      fc.property(cidr, (it) => {
        const last = lastAddress(it);
        assert.ok(contains(it, { family: it.family, value: it.value }));
        assert.ok(contains(it, last));
        assert.equal(last.value - it.value + 1n, 2n ** BigInt(addressBits(it.family) - it.prefix));
        if (it.value > 0n) assert.ok(!contains(it, { family: it.family, value: it.value - 1n }));
        assert.ok(!contains(it, { family: it.family, value: last.value + 1n }));
      }),
    );
  });
});
