import assert from 'node:assert/strict';
import { test } from 'node:test';
import { identitiesOf } from '../../src/lease/identities.ts';
import type { Json } from '../../src/lease/lease.ts';
import type { BackendDataFormat } from '../../src/recipe/recipe.ts';
import { vxlanRules } from './fixtures.ts';

const key = 'xTIBA5rboUvnH4htodjb6e697QjLERt1NAB4mZqp8Dg=';
const text: BackendDataFormat = { format: 'text', pattern: undefined };

function found(data: Json | undefined, format: BackendDataFormat, v6?: Json): readonly string[] {
  const identities = identitiesOf({ backendData: data, backendV6Data: v6 }, format);
  return identities.map(({ field, value }) => `${field}=${value}`);
}

test('the declared json fields that have the form of a MAC address or a key identify a node', () => {
  const data = { VNI: 1, VtepMAC: '02:42:ac:11:00:02', Other: key };
  assert.deepEqual(found(data, vxlanRules.backendData), ['VtepMAC=02:42:ac:11:00:02']);
  assert.deepEqual(found({ VNI: key, VtepMAC: 7 }, vxlanRules.backendData), [`VNI=${key}`]);
  for (const odd of [undefined, null, [], 'text', { VtepMAC: { deep: 1 } }])
    assert.deepEqual(found(odd, vxlanRules.backendData), []);
});

test('the names of fields, and MAC addresses, may be in another case', () => {
  assert.deepEqual(found({ vtepMAC: '02:42:AC:11:00:02' }, vxlanRules.backendData), [
    'VtepMAC=02:42:ac:11:00:02',
  ]);
});

test('each family has its own, and a value of both counts once', () => {
  const v4 = { VNI: 1, VtepMAC: '02:42:ac:11:00:02' };
  assert.deepEqual(found(v4, vxlanRules.backendData, v4).length, 1);
  assert.deepEqual(found(v4, vxlanRules.backendData, { VtepMAC: '02:42:ac:11:00:03' }).length, 2);
});

test('each line of text in the form of a MAC address or a key identifies a node, and a value of the whole cluster does not', () => {
  assert.deepEqual(found(`${key}\n51820`, text), [`backend data=${key}`]);
  for (const shared of ['1', 'eu-central-1', '192.168.100.100', '51820', 'hello', ''])
    assert.deepEqual(found(shared, text), [], shared);
  for (const own of ['26:70:41:4d:fe:1b', 'f'.repeat(64), '3f2b8c1e-90ab-4cde-8f01-23456789abcd'])
    assert.equal(found(own, text).length, 1, own);
});
