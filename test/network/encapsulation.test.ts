import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encapsulationOf } from '../../src/network/encapsulation.ts';

test('each kind of device takes the bytes that flannel and the kernel count', () => {
  const expected = {
    vxlan: [50, 70],
    geneve: [50, 70],
    wireguard: [60, 80],
    gre: [24, undefined],
    gretap: [38, undefined],
    ipip: [20, undefined],
    sit: [20, undefined],
    ip6tnl: [undefined, 40],
    ip6gre: [undefined, 44],
    ip6gretap: [undefined, 58],
  };
  for (const [kind, [ipv4, ipv6]] of Object.entries(expected)) {
    assert.deepEqual(encapsulationOf(kind), { ipv4, ipv6 }, kind);
  }
});

test('the encapsulation of other kinds is unknown, whatever their name', () => {
  for (const kind of ['tun', 'bridge', '', 'constructor']) assert.equal(encapsulationOf(kind), undefined);
});
