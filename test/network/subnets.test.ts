import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressBits, formatCidr, parseCidr } from '../../src/network/cidr.ts';
import type { SubnetRange } from '../../src/network/configuration.ts';
import { countSubnets, isOfRange, subnetAt } from '../../src/network/subnets.ts';
import { networkAndLength } from './arbitrary.ts';

function networkFrom(text: string) {
  const network = parseCidr(text);
  assert.ok(network, text);
  return network;
}

function rangeOf(network: string, subnetLength: number, min: string, max: string): SubnetRange {
  const [subnetMin, subnetMax] = [min, max].map((text) => networkFrom(`${text}/${subnetLength}`));
  assert.ok(subnetMin && subnetMax);
  return { network: networkFrom(network), subnetLength, subnetMin, subnetMax };
}

/** Ranges whose limits lie anywhere in the network, the first not after the last. */
const range: fc.Arbitrary<SubnetRange> = networkAndLength.chain(({ network, length }) => {
  const { family } = network;
  const size = 1n << BigInt(addressBits(family) - length);
  const last = (1n << BigInt(length - network.prefix)) - 1n;
  return fc.tuple(fc.bigInt(0n, last), fc.bigInt(0n, last)).map(([a, b]) => ({
    network,
    subnetLength: length,
    subnetMin: { family, value: network.value + (a < b ? a : b) * size },
    subnetMax: { family, value: network.value + (a < b ? b : a) * size },
  }));
});

test('a /16 has 255 subnets of /24 after its first', () => {
  const usual = rangeOf('10.50.0.0/16', 24, '10.50.1.0', '10.50.255.0');
  assert.equal(countSubnets(usual), 255n);
  assert.equal(formatCidr(subnetAt(usual, 0n)), '10.50.1.0/24');
  assert.equal(formatCidr(subnetAt(usual, 254n)), '10.50.255.0/24');
  assert.throws(() => subnetAt(usual, 255n), RangeError);
  assert.throws(() => subnetAt(usual, -1n), RangeError);
});

test('only subnets of the right length, within the limits, fit', () => {
  const narrow = rangeOf('10.50.0.0/16', 24, '10.50.4.0', '10.50.6.0');
  const fits = (text: string) => isOfRange(narrow, networkFrom(text));
  assert.deepEqual(['10.50.4.0/24', '10.50.5.0/24', '10.50.6.0/24'].map(fits), [true, true, true]);
  const misfits = [
    '10.50.3.0/24',
    '10.50.7.0/24',
    '10.50.4.0/25',
    '10.50.4.0/23',
    '10.51.4.0/24',
    'fd00::/24',
  ];
  assert.deepEqual(
    misfits.map(fits),
    misfits.map(() => false),
  );
  assert.equal(isOfRange(narrow, { family: 4, value: 0x0a_32_05_01n, prefix: 24 }), false);
});

test('every subnet of a range fits it, the ones next to it do not, and no two overlap', () => {
  fc.assert(
    fc.property(range, fc.bigInt(0n, 2n ** 128n), (it, pick) => {
      const count = countSubnets(it);
      const index = pick % count;
      const subnet = subnetAt(it, index);
      assert.ok(isOfRange(it, subnet));
      assert.deepEqual(subnetAt(it, 0n).value, it.subnetMin.value);
      const last = subnetAt(it, count - 1n);
      assert.deepEqual(last.value, it.subnetMax.value);
      const size = 1n << BigInt(addressBits(it.network.family) - it.subnetLength);
      if (index > 0n) assert.equal(subnetAt(it, index - 1n).value + size, subnet.value);
      assert.ok(!isOfRange(it, { ...last, value: last.value + size }));
      assert.ok(!isOfRange(it, { ...subnet, value: it.subnetMin.value - size }));
    }),
  );
});
