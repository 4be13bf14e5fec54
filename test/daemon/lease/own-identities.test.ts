import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OwnIdentities } from '../../../src/daemon/lease/own-identities.ts';
import { encodeAttributes } from '../../../src/lease/wire.ts';
import { vxlanRules } from '../../lease/fixtures.ts';

function valueWith(VtepMAC: string): string {
  return encodeAttributes({
    publicIp: '172.30.0.1',
    publicIpv6: undefined,
    backendType: 'vxlan',
    backendData: { VNI: 1, VtepMAC },
    backendV6Data: undefined,
  });
}

test('the identities of a node follow its lease', () => {
  const own = { key: '10.50.1.0-24', value: valueWith('02:42:ac:11:00:01') };
  const identities = new OwnIdentities(own, vxlanRules.backendData);
  const values = (): readonly string[] => identities.now.map(({ value }) => value);
  assert.deepEqual(values(), ['02:42:ac:11:00:01']);
  assert.equal(identities.now, identities.now);
  own.value = valueWith('02:42:AC:11:00:02');
  assert.deepEqual(values(), ['02:42:ac:11:00:02']);
  own.value = '{';
  assert.deepEqual(values(), []);
});
