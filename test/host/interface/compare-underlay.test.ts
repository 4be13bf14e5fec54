import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compareChoice, compareUnderlay } from '../../../src/host/interface/compare-underlay.ts';
import { linkAddress, underlay, underlayLink } from '../../daemon/bench.ts';

test('an interface that is as it was is the same, whatever else it has got', () => {
  assert.deepEqual(compareUnderlay(underlay, underlayLink), { kind: 'same' });
  const more = linkAddress('172.30.0.9');
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

test('without its address or gone it is lost, and down it cannot be used, whatever its MTU', () => {
  for (const [link, kind, because] of [
    [undefined, 'lost', /^the interface weft0 does not exist any more$/],
    [{ ...underlayLink, up: false, mtu: 1400 }, 'unusable', /^the interface weft0 is down$/],
    [
      { ...underlayLink, addresses: [linkAddress('172.30.0.2')] },
      'lost',
      /^the interface weft0 does not have the address 172\.30\.0\.1 any more/,
    ],
  ] as const) {
    const sight = compareUnderlay(underlay, link);
    assert.equal(sight.kind, kind);
    assert.match('because' in sight ? sight.because : '', because);
  }
  const dual = { ...underlay, addresses: { ...underlay.addresses, ipv6: 'fd00::1' } };
  const sight = compareUnderlay(dual, underlayLink);
  assert.match(sight.kind === 'lost' ? sight.because : '', /address fd00::1 any more/);
});

test('another choice names each difference', () => {
  const now = { ...underlay, name: 'weft1', mtu: 1400, addresses: { ipv4: '172.30.0.22', ipv6: undefined } };
  assert.deepEqual(compareChoice(underlay, now), {
    kind: 'changed',
    underlay: now,
    because:
      'the interface is weft1 now and was weft0, the address is 172.30.0.22 now and was 172.30.0.1, the MTU is 1400 now and was 1500',
  });
  const dual = { ...underlay, addresses: { ipv4: '172.30.0.1', ipv6: 'fd00::1' } };
  const sight = compareChoice(dual, { ...dual, addresses: { ipv4: '172.30.0.1', ipv6: 'fd00::2' } });
  assert.equal('because' in sight ? sight.because : '', 'the address is fd00::2 now and was fd00::1');
  assert.deepEqual(compareChoice(underlay, { ...underlay, because: 'it is there again' }), { kind: 'same' });
});
