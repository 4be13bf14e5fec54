import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  eachFamily,
  familyKey,
  mapFamilies,
  noFamily,
  presentValues,
  zipFamilies,
} from '../../src/network/per-family.ts';
import { listPublicAddresses, mainPublicAddress } from '../../src/network/public-addresses.ts';

test('the present values come IPv4 first, whatever the order of the keys', () => {
  assert.deepEqual(presentValues({ ipv6: 'six', ipv4: 'four' }), ['four', 'six']);
  assert.deepEqual(presentValues({ ipv4: undefined, ipv6: 0 }), [0]);
  assert.deepEqual(presentValues(noFamily), []);
});

test('a change reaches the families that have a value, and is given the key of each', () => {
  const taken = { ipv4: 1, ipv6: 2 };
  const add = (value: number, family: 'ipv4' | 'ipv6') => value + taken[family];
  assert.deepEqual(mapFamilies({ ipv4: 10, ipv6: 20 }, add), { ipv4: 11, ipv6: 22 });
  assert.deepEqual(mapFamilies({ ipv4: undefined, ipv6: 20 }, add), { ipv4: undefined, ipv6: 22 });
  assert.equal(familyKey(4), 'ipv4');
  assert.equal(familyKey(6), 'ipv6');
});

test('a value is made for each family, unless there is none', () => {
  assert.deepEqual(
    eachFamily((family) => family),
    { ipv4: 'ipv4', ipv6: 'ipv6' },
  );
  assert.deepEqual(
    eachFamily((family) => (family === 'ipv6' ? 6 : undefined)),
    { ipv4: undefined, ipv6: 6 },
  );
});

test('two pairs stand side by side in both families, with or without values', () => {
  assert.deepEqual(zipFamilies({ ipv4: 1, ipv6: undefined }, { ipv4: 'a', ipv6: 'b' }), [
    [1, 'a'],
    [undefined, 'b'],
  ]);
});

test('a node is named by its IPv4 address, else by its IPv6 address', () => {
  const both = { publicIp: '192.0.2.1', publicIpv6: '2001:db8::1' };
  assert.deepEqual(listPublicAddresses(both), ['192.0.2.1', '2001:db8::1']);
  assert.equal(mainPublicAddress(both), '192.0.2.1');
  assert.equal(mainPublicAddress({ ...both, publicIp: undefined }), '2001:db8::1');
  assert.equal(mainPublicAddress({ publicIp: undefined, publicIpv6: undefined }), '');
});
