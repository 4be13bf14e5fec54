import assert from 'node:assert/strict';
import { describe, test } from 'node:test';

import fc from 'fast-check';

import type { Json, LeaseAttributes } from '../../src/lease/lease.ts';
import {
  decodeLease,
  encodeAttributes,
  encodeJson,
  leaseKey,
  parseLeaseKey,
  shownKey,
  type DecodedLease,
} from '../../src/lease/wire.ts';
import { networkOf, parseCidr } from '../../src/network/cidr.ts';

const key = '10.50.4.0-24';

function decode(value: string, at = key): DecodedLease {
  return decodeLease({ key: at, value, expiresAt: 1_700_000_000_000 });
}

function attributesOf(value: string): LeaseAttributes {
  const decoded = decode(value);
  assert.ok(decoded.kind === 'lease');
  return decoded.lease.attributes;
}

function reasonOf(value: string, at = key): string {
  const decoded = decode(value, at);
  assert.equal(decoded.kind, 'malformed', `${at} ${value.slice(0, 80)}`);
  return decoded.reason;
}

describe('a value as flannel writes it', () => {
  const samples = {
    vxlan:
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"}}',
    'host-gw': '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"host-gw"}',
    extension:
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"extension","BackendData":"26:70:41:4d:fe:1b"}',
    'alloc and udp': '{"PublicIP":"172.30.0.1","PublicIPv6":null}',
    'dual-stack vxlan':
      '{"PublicIP":"172.30.0.1","PublicIPv6":"fd00:99::1","BackendType":"vxlan","BackendData":{"VNI":1,"VtepMAC":"b2:4e:a5:f9:b5:a8"},"BackendV6Data":{"VNI":1,"VtepMAC":"0a:4e:a5:f9:b5:a9"}}',
    wireguard:
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"q2CCJuVUbn/Y9fkgqmqcbDJ4rHM8ZrxNNR1JVdrUCmM=","Port":51820}}',
    'wireguard without Port':
      '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"wireguard","BackendData":{"PublicKey":"q2CCJuVUbn/Y9fkgqmqcbDJ4rHM8ZrxNNR1JVdrUCmM="}}',
    'IPv6 only':
      '{"PublicIP":"0.0.0.0","PublicIPv6":"fd00:99::1","BackendType":"vxlan","BackendV6Data":{"VNI":1}}',
    'null data': '{"PublicIP":"172.30.0.1","PublicIPv6":null,"BackendType":"host-gw","BackendData":null}',
  };
  for (const [name, sample] of Object.entries(samples)) {
    test(`round-trips byte for byte: ${name}`, () => {
      assert.equal(encodeAttributes(attributesOf(sample)), sample);
    });
  }

  test('is decoded field by field', () => {
    assert.deepEqual(attributesOf(samples['dual-stack vxlan']), {
      publicIp: '172.30.0.1',
      publicIpv6: 'fd00:99::1',
      backendType: 'vxlan',
      backendData: { VNI: 1, VtepMAC: 'b2:4e:a5:f9:b5:a8' },
      backendV6Data: { VNI: 1, VtepMAC: '0a:4e:a5:f9:b5:a9' },
    });
    assert.deepEqual(attributesOf(samples['alloc and udp']), {
      publicIp: '172.30.0.1',
      publicIpv6: undefined,
      backendType: '',
      backendData: undefined,
      backendV6Data: undefined,
    });
  });

  test('escapes what Go escapes', () => {
    assert.equal(
      encodeJson('<a> & "b" \\ \u2028\u2029 \b\f\n\r\t\u0001 é 💡'),
      String.raw`"\u003ca\u003e \u0026 \"b\" \\ \u2028\u2029 \b\f\n\r\t\u0001 é 💡"`,
    );
    const sample = String.raw`{"PublicIP":"1.2.3.4","PublicIPv6":null,"BackendType":"extension","BackendData":"\u003cb\u003e \u0026 \u2028\n"}`;
    assert.equal(encodeAttributes(attributesOf(sample)), sample);
  });

  test('keeps the expiry, or that there is none', () => {
    const decoded = decodeLease({ key, value: samples['host-gw'], expiresAt: undefined });
    assert.equal(decoded.kind, 'lease');
    assert.equal(decoded.lease.expiresAt, undefined);
    assert.equal(decoded.lease.key, key);
  });
});

describe('a value as nobody should write it', () => {
  const bad: readonly (readonly [value: string, reason: RegExp])[] = [
    ['', /not JSON/],
    ['{"PublicIP":"172.30.0.1"', /not JSON/],
    ['[]', /not a JSON object/],
    ['"x"', /not a JSON object/],
    ['{"PublicIP":null}', /PublicIP is "null", which is not an IPv4 address/],
    ['{"PublicIP":17}', /PublicIP is "17"/],
    ['{"PublicIP":"fd00::1"}', /not an IPv4 address/],
    ['{"PublicIP":"010.0.0.1"}', /not an IPv4 address/],
    ['{"PublicIP":"1.2.3.4 "}', /not an IPv4 address/],
    ['{"PublicIP":["1.2.3.4"]}', /not an IPv4 address/],
    ['{"PublicIPv6":"::ffff:1.2.3.4"}', /PublicIPv6 is "::ffff:1.2.3.4", which is not an IPv6 address/],
    ['{"PublicIPv6":"::ffff:102:304"}', /not an IPv6 address/],
    ['{"PublicIPv6":"1.2.3.4"}', /not an IPv6 address/],
    ['{"PublicIPv6":"fe80::1%eth0"}', /not an IPv6 address/],
    ['{"PublicIPv6":{}}', /not an IPv6 address/],
    ['{"BackendType":1}', /BackendType is "1", which is not a string/],
    ['{"BackendType":{"toString":1}}', /which is not a string/],
    [`{"BackendData":"${'x'.repeat(70_000)}"}`, /longer than 65536/],
    [`{"BackendData":${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /nested deeper than 32/],
  ];
  for (const [value, reason] of bad) {
    test(`is malformed: ${value.slice(0, 50)}`, () => assert.match(reasonOf(value), reason));
  }

  test('puts no control character of it into the reason', () => {
    const reason = reasonOf('{"PublicIP":"\\u001b[31m\\n\\u202e\\u0085x"}');
    assert.match(reason, /^[\x20-\x7e]+$/);
  });

  test('cannot reach a prototype', () => {
    const attributes = attributesOf(
      '{"__proto__":{"PublicIP":"6.6.6.6","BackendType":"evil"},"constructor":1,"PublicIP":"1.2.3.4","BackendData":{"__proto__":{"a":1}}}',
    );
    assert.equal(attributes.publicIp, '1.2.3.4');
    assert.equal(attributes.backendType, '');
    assert.equal(({} as { a?: unknown }).a, undefined);
    assert.match(encodeAttributes(attributes), /"BackendData":\{"__proto__":\{"a":1\}\}/);
  });

  test('of a field given twice the last counts, and unknown ones are passed over', () => {
    assert.equal(attributesOf('{"PublicIP":"1.2.3.4","Extra":[],"PublicIP":"5.6.7.8"}').publicIp, '5.6.7.8');
  });

  test('addresses come out canonical', () => {
    assert.equal(attributesOf('{"PublicIPv6":"2001:DB8:0:0::1"}').publicIpv6, '2001:db8::1');
  });

  test('whatever the text and the key are, decoding does not throw', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (value, at) => {
        assert.ok(decode(value, at).kind === 'malformed');
      }),
    );
  });

  test('whatever the JSON is, decoding does not throw', () => {
    const field = fc.oneof(fc.jsonValue(), fc.ipV4(), fc.ipV6(), fc.string());
    const value = fc.oneof(
      fc.json(),
      fc
        .dictionary(
          fc.constantFrom('PublicIP', 'PublicIPv6', 'BackendType', 'BackendData', '__proto__', 'x'),
          field,
        )
        .map((fields) => JSON.stringify(fields)),
    );
    fc.assert(
      fc.property(value, (text) => {
        const decoded = decode(text);
        if (decoded.kind === 'malformed') assert.match(decoded.reason, /^its /);
      }),
    );
  });
});

test('encoded attributes are decoded to the same attributes, and encoded again to the same bytes', () => {
  const json = fc.jsonValue({ maxDepth: 5 }).map((value) => JSON.parse(JSON.stringify(value)) as Json);
  const attributes = fc.record(
    {
      publicIp: fc.option(
        fc.ipV4().filter((ip) => ip !== '0.0.0.0'),
        { nil: undefined },
      ),
      publicIpv6: fc.constantFrom(undefined, 'fd00:99::1', '2001:db8::a:0:0:1', '::1'),
      backendType: fc.string(),
      backendData: fc.option(json, { nil: undefined }),
      backendV6Data: fc.option(json, { nil: undefined }),
    },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(attributes, (given) => {
      const text = encodeAttributes(given);
      const decoded = decode(text);
      assert.ok(decoded.kind === 'lease');
      assert.deepEqual(decoded.lease.attributes, given);
      assert.equal(encodeAttributes(decoded.lease.attributes), text);
    }),
  );
});

describe('a key', () => {
  test('is cut in messages where it is longer than any key of a lease, and else shown whole', () => {
    for (const whole of [key, `${key}&2001:cafe:42:c::-64`, 'x'.repeat(256)])
      assert.equal(shownKey(whole), whole);
    assert.equal(shownKey('x'.repeat(100_000)), `${'x'.repeat(256)}… (100000 characters)`);
    assert.ok(shownKey('x'.repeat(257)).length < 300);
  });

  for (const text of [
    '10.50.52.0-24',
    '10.50.4.0-24&2001:cafe:42:c::-64',
    '0.0.0.0-0&2001:cafe:42:c::-64',
    '128.0.0.0-1',
    '10.50.4.8-30',
  ]) {
    test(`is read and written back: ${text}`, () => {
      const subnets = parseLeaseKey(text);
      assert.ok(subnets !== undefined);
      assert.equal(leaseKey(subnets), text);
    });
  }

  for (const text of [
    '',
    '10.50.4.0',
    '10.50.4.0/24',
    '10.50.04.0-24',
    '10.50.4.0-33',
    '10.50.4.0-32',
    '0.0.0.0-0',
    '10.0.0.0-0',
    ' 10.50.4.0-24',
    '10.50.4.0-24\n',
    '../10.50.4.0-24',
    '10.50.4.0-24&',
    '10.50.4.0-24&2001:CAFE:42:c::-64',
    '10.50.4.0-24&::-0',
    '10.50.4.0-24&fd00::1-128',
    '2001:cafe:42:c::-64',
    '10.50.4.0-24&10.50.5.0-24',
    '10.50.4.0-24&2001:cafe:42:c::-64&x',
    '256.0.0.0-8',
    '__proto__',
  ]) {
    test(`is refused: ${JSON.stringify(text)}`, () => {
      assert.equal(parseLeaseKey(text), undefined);
      assert.match(reasonOf('{}', text), /key is not a subnet/);
    });
  }

  test('is the same for the same subnets, and for no others', () => {
    const subnet4 = fc
      .tuple(fc.nat(0xffff_ffff), fc.integer({ min: 1, max: 31 }))
      .map(([value, prefix]) => networkOf({ family: 4, value: BigInt(value) }, prefix));
    const subnet6 = fc
      .tuple(fc.bigInt(1n << 125n, (1n << 126n) - 1n), fc.integer({ min: 3, max: 127 }))
      .map(([value, prefix]) => networkOf({ family: 6, value }, prefix));
    const subnets = fc
      .record(
        {
          ipv4: fc.option(subnet4, { nil: undefined }),
          ipv6: fc.option(subnet6, { nil: undefined }),
        },
        { noNullPrototype: true },
      )
      .filter(({ ipv4, ipv6 }) => ipv4 !== undefined || ipv6 !== undefined);
    fc.assert(
      fc.property(subnets, (given) => {
        assert.deepEqual(parseLeaseKey(leaseKey(given)), given);
      }),
    );
    assert.equal(leaseKey({ ipv4: parseCidr('10.50.4.0/24'), ipv6: undefined }), '10.50.4.0-24');
  });
});
