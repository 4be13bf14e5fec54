import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { Failure } from '../../../src/diagnostic/failure.ts';
import type { LeaseAttributes } from '../../../src/lease/lease.ts';
import { encodeAttributes } from '../../../src/lease/wire.ts';
import {
  annotationChanges,
  annotationNames,
  annotationRemovals,
  readAnnotations,
} from '../../../src/store/kubernetes/annotations.ts';

const names = annotationNames('flannel.alpha.coreos.com');

const vxlan: LeaseAttributes = {
  publicIp: '172.30.0.1',
  publicIpv6: undefined,
  backendType: 'vxlan',
  backendData: { VNI: 1, VtepMAC: 'aa:c0:4f:28:74:94' },
  backendV6Data: undefined,
};

const p = 'flannel.alpha.coreos.com/';

test('the prefix follows the rule of flannel', () => {
  for (const [prefix, first] of [
    ['flannel.alpha.coreos.com', 'flannel.alpha.coreos.com/public-ip'],
    ['flannel.alpha.coreos.com/', 'flannel.alpha.coreos.com/public-ip'],
    ['example.com/blue', 'example.com/blue-public-ip'],
    ['example.com/blue-', 'example.com/blue-public-ip'],
    ['a_b.c-d.e/x_1', 'a_b.c-d.e/x_1-public-ip'],
  ] as const) {
    assert.equal(annotationNames(prefix).publicIp, first);
  }
  for (const prefix of ['', 'a/b/c', 'example', 'Example.com', 'example.com/B', 'a.b c/', '/x']) {
    assert.throws(() => annotationNames(prefix), Failure, prefix);
  }
});

test('the annotations are those of flannel, byte for byte', () => {
  assert.deepEqual(annotationChanges(vxlan, {}, names), {
    [`${p}backend-data`]: '{"VNI":1,"VtepMAC":"aa:c0:4f:28:74:94"}',
    [`${p}backend-type`]: 'vxlan',
    [`${p}kube-subnet-manager`]: 'true',
    [`${p}public-ip`]: '172.30.0.1',
  });
  const hostGateway = { ...vxlan, backendType: 'host-gw', backendData: undefined };
  assert.deepEqual(annotationChanges(hostGateway, {}, names), {
    [`${p}backend-data`]: 'null',
    [`${p}backend-type`]: 'host-gw',
    [`${p}kube-subnet-manager`]: 'true',
    [`${p}public-ip`]: '172.30.0.1',
  });
  const both = {
    ...vxlan,
    publicIpv6: 'fd00:99::1',
    backendV6Data: { VNI: 1, VtepMAC: '02:00:00:00:00:01' },
  };
  assert.deepEqual(annotationChanges(both, annotationChanges(vxlan, {}, names), names), {
    [`${p}backend-v6-data`]: '{"VNI":1,"VtepMAC":"02:00:00:00:00:01"}',
    [`${p}public-ipv6`]: 'fd00:99::1',
  });
  const text = { ...vxlan, backendType: 'extension', backendData: '<a> & "b"' };
  assert.equal(annotationChanges(text, {}, names)[`${p}backend-data`], '"\\u003ca\\u003e \\u0026 \\"b\\""');
});

test('an address that an operator overwrites is published instead, and an empty one is not', () => {
  const overwrite = { [`${p}public-ip-overwrite`]: '203.0.113.5' };
  assert.equal(annotationChanges(vxlan, overwrite, names)[`${p}public-ip`], '203.0.113.5');
  assert.equal(
    annotationChanges(vxlan, { [`${p}public-ip-overwrite`]: '' }, names)[`${p}public-ip`],
    '172.30.0.1',
  );
  const standing = { ...overwrite, [`${p}public-ip`]: '203.0.113.5' };
  assert.equal(annotationChanges(vxlan, standing, names)[`${p}public-ip`], undefined);
});

test('data that is not JSON is named, and nothing else of the network is needed', () => {
  assert.deepEqual(readAnnotations({ [`${p}backend-data`]: '{' }, names), {
    reason: `its annotation ${p}backend-data is not JSON`,
  });
  assert.deepEqual(readAnnotations({}, names), { value: '{"PublicIP":"0.0.0.0","PublicIPv6":null}' });
});

const ipv4 = fc.ipV4().filter((address) => address !== '0.0.0.0');
const attributes: fc.Arbitrary<LeaseAttributes> = fc.record({
  publicIp: ipv4,
  publicIpv6: fc.constantFrom(undefined, '2001:db8::1'),
  backendType: fc.constantFrom('vxlan', 'host-gw', 'wireguard', 'extension', 'ipip'),
  backendData: fc.oneof(fc.string(), fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.integer()))),
  backendV6Data: fc.constantFrom('v6', { VNI: 2 }),
});

test('what is written is read back as etcd would hold it, and is written once', () => {
  fc.assert(
    fc.property(attributes, fc.dictionary(fc.string(), fc.string()), (written, others) => {
      const changes = annotationChanges(written, others, names);
      const standing = { ...others, ...changes };
      const { publicIpv6 } = written;
      const expected = publicIpv6 === undefined ? { ...written, backendV6Data: undefined } : written;
      assert.deepEqual(readAnnotations(standing, names), { value: encodeAttributes(expected) });
      assert.deepEqual(annotationChanges(written, standing, names), {});
      const removed = Object.keys(annotationRemovals(standing, names));
      assert.deepEqual(removed.sort(), Object.keys(changes).sort());
    }),
  );
});
