import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareUnderlay } from '../../../src/host/interface/compare-underlay.ts';
import { underlay, underlayLink } from '../../daemon/bench.ts';

test('an interface that is as it was is the same, whatever else it has got', () => {
  assert.deepEqual(compareUnderlay(underlay, underlayLink), { kind: 'same' });
  const more = { family: 4 as const, value: 0xac1e0009n, text: '172.30.0.9', preferred: true };
  const link = { ...underlayLink, addresses: [more, ...underlayLink.addresses] };
  assert.deepEqual(compareUnderlay(underlay, link), { kind: 'same' });
  assert.deepEqual(compareUnderlay(underlay, { ...underlayLink, mtu: 0 }), { kind: 'same' });
});

test('another MTU is a change that the network can follow, in either direction', () => {
  for (const mtu of [1400, 9000]) {
    assert.deepEqual(compareUnderlay(underlay, { ...underlayLink, mtu }), {
      kind: 'changed',
      underlay: { ...underlay, mtu },
      because: `the MTU of weft0 is ${mtu} now and was 1500`,
    });
  }
});

test('without its address, down or gone it cannot be used, whatever its MTU', () => {
  for (const [link, because] of [
    [undefined, /^the interface weft0 does not exist any more$/],
    [{ ...underlayLink, up: false, mtu: 1400 }, /^the interface weft0 is down$/],
    [
      { ...underlayLink, addresses: [] },
      /^the interface weft0 does not have the address 172\.30\.0\.1 any more/,
    ],
  ] as const) {
    const sight = compareUnderlay(underlay, link);
    assert.equal(sight.kind, 'unusable');
    assert.match(sight.because, because);
  }
  const dual = { ...underlay, address6: 'fd00::1' };
  const sight = compareUnderlay(dual, underlayLink);
  assert.match(sight.kind === 'unusable' ? sight.because : '', /address fd00::1 any more/);
});
