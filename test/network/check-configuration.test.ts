import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { Findings } from '../../src/diagnostic/findings.ts';
import { checkNetworkConfiguration, type NetworkValues } from '../../src/network/check-configuration.ts';
import { addressBits, formatAddress, formatCidr, networkOf } from '../../src/network/cidr.ts';
import { networkAndLength } from './arbitrary.ts';

type Plain = { [K in keyof NetworkValues]: NonNullable<NetworkValues[K]>['value'] };

/** Checks plain values; the span of each is its place in the list, so that a finding tells which one it is about. */
function check(plain: Plain) {
  const text = Object.keys(plain).join('');
  const findings = new Findings({ name: 'network', text });
  let offset = 0;
  const located = Object.entries(plain).map(([key, value]) => {
    const span = { offset, length: key.length };
    offset += key.length;
    return [key, { value, span }] as const;
  });
  const document = {
    values: Object.fromEntries(located) as NetworkValues,
    given: new Set(Object.keys(plain)),
    start: { offset: 0, length: 0 },
  };
  const checked = findings.conclude(checkNetworkConfiguration(document, findings));
  const diagnostics = checked.kind === 'valid' ? checked.warnings : checked.diagnostics;
  return {
    checked,
    found: diagnostics.map(({ code, span }) => [code, text.slice(span.offset, span.offset + span.length)]),
    messages: diagnostics.map(({ message, hint }) => ({ message, hint })),
  };
}

/** A valid configuration's ranges, as text. */
function ranges(plain: Plain) {
  const { checked, messages } = check(plain);
  assert.equal(checked.kind, 'valid', JSON.stringify(messages));
  const [ipv4, ipv6] = [checked.value.ipv4, checked.value.ipv6].map(
    (range) =>
      range &&
      `${formatCidr(range.network)} /${range.subnetLength} ${formatAddress(range.subnetMin)} ${formatAddress(range.subnetMax)}`,
  );
  return { ipv4, ipv6 };
}

describe("flannel's defaults", () => {
  const cases: [Plain, string][] = [
    [{ Network: '10.50.0.0/16' }, '10.50.0.0/16 /24 10.50.1.0 10.50.255.0'],
    [{ Network: '10.0.0.0/22' }, '10.0.0.0/22 /24 10.0.1.0 10.0.3.0'],
    [{ Network: '10.0.0.0/23' }, '10.0.0.0/23 /25 10.0.0.128 10.0.1.128'],
    [{ Network: '10.0.0.0/28' }, '10.0.0.0/28 /30 10.0.0.4 10.0.0.12'],
    [{ Network: '10.0.0.0/8', SubnetLen: 20 }, '10.0.0.0/8 /20 10.0.16.0 10.255.240.0'],
    [
      { Network: '10.0.0.0/8', SubnetLen: 20, SubnetMin: '10.10.0.0', SubnetMax: '10.99.0.0' },
      '10.0.0.0/8 /20 10.10.0.0 10.99.0.0',
    ],
    [{ Network: '10.50.0.0/16', SubnetMin: '10.50.0.0' }, '10.50.0.0/16 /24 10.50.0.0 10.50.255.0'],
  ];
  for (const [plain, expected] of cases) {
    test(JSON.stringify(plain), () => {
      assert.deepEqual(ranges(plain), { ipv4: expected, ipv6: undefined });
    });
  }

  test('of IPv6, with IPv4 and alone', () => {
    const ipv6 = '2001:cafe:42::/56 /64 2001:cafe:42:1:: 2001:cafe:42:ff::';
    const dual = { EnableIPv6: true, Network: '10.50.0.0/16', IPv6Network: '2001:cafe:42::/56' };
    assert.deepEqual(ranges(dual), { ipv4: '10.50.0.0/16 /24 10.50.1.0 10.50.255.0', ipv6 });
    const alone = { EnableIPv4: false, EnableIPv6: true, IPv6Network: '2001:cafe:42::/56' };
    assert.deepEqual(ranges(alone), { ipv4: undefined, ipv6 });
    const small = { EnableIPv4: false, EnableIPv6: true, IPv6Network: 'fd00::/63' };
    assert.equal(ranges(small).ipv6, 'fd00::/63 /65 fd00::8000:0:0:0 fd00:0:0:1:8000::');
  });
});

describe('a violation is reported at the value that violates', () => {
  const cases: [Plain, [string, string][]][] = [
    [{}, [['missing-key', '']]],
    [{ EnableIPv4: false }, [['no-family', 'EnableIPv4']]],
    [{ EnableIPv6: true, Network: '10.0.0.0/16' }, [['missing-key', '']]],
    [{ Network: '10.50.0.1/16' }, [['malformed-address', 'Network']]],
    [{ Network: '10.50.0.0' }, [['malformed-address', 'Network']]],
    [{ Network: 'fd00::/56' }, [['wrong-family', 'Network']]],
    [{ Network: '10.0.0.0/29' }, [['network-too-small', 'Network']]],
    [{ Network: '0.0.0.0/0' }, [['unusable-network', 'Network']]],
    [{ Network: '127.0.0.0/8' }, [['unusable-network', 'Network']]],
    [{ Network: '127.5.0.0/16' }, [['unusable-network', 'Network']]],
    [{ Network: '239.0.0.0/16' }, [['unusable-network', 'Network']]],
    [{ Network: '10.0.0.0/16', SubnetLen: 17 }, [['subnet-length', 'SubnetLen']]],
    [{ Network: '10.0.0.0/16', SubnetLen: 31 }, [['subnet-length', 'SubnetLen']]],
    [{ Network: '10.0.0.0/16', SubnetMin: '10.1.0.0' }, [['subnet-range', 'SubnetMin']]],
    [{ Network: '10.0.0.0/16', SubnetMax: '10.0.1.1' }, [['subnet-range', 'SubnetMax']]],
    [{ Network: '10.0.0.0/16', SubnetMin: '10.0.2.0/24' }, [['malformed-address', 'SubnetMin']]],
    [{ Network: '10.0.0.0/16', SubnetMin: 'fd00::' }, [['wrong-family', 'SubnetMin']]],
    [
      { Network: '10.0.0.0/16', SubnetMin: '10.0.9.0', SubnetMax: '10.0.8.0' },
      [['subnet-range', 'SubnetMax']],
    ],
    [{ Network: '10.0.0.0/16', SubnetMax: '10.0.0.0' }, [['subnet-range', 'SubnetMax']]],
    [
      { EnableIPv6: true, Network: '10.0.0.0/16', IPv6Network: 'fd00::/125' },
      [['network-too-small', 'IPv6Network']],
    ],
    [
      { Network: '10.0.0', SubnetMin: 'x', SubnetMax: 'y' },
      [
        ['malformed-address', 'Network'],
        ['malformed-address', 'SubnetMin'],
        ['malformed-address', 'SubnetMax'],
      ],
    ],
  ];
  for (const [plain, expected] of cases) {
    test(JSON.stringify(plain), () => {
      const { checked, found } = check(plain);
      assert.equal(checked.kind, 'invalid');
      assert.deepEqual(found, expected);
    });
  }
});

test('a network of a family that is not enabled is pointed out, and checked', () => {
  const plain = { Network: '10.0.0.0/16', IPv6Network: 'fd00::/56' };
  assert.equal(check(plain).checked.kind, 'valid');
  assert.deepEqual(check(plain).found, [['unused-key', 'IPv6Network']]);
  assert.equal(check({ ...plain, IPv6Network: 'fd00' }).checked.kind, 'invalid');
});

test('the hint for a network with host bits is the network', () => {
  assert.equal(check({ Network: '10.50.7.1/16' }).messages[0]?.hint, 'write `10.50.0.0/16`');
});

test('any network and length that flannel allows gives a range inside the network', () => {
  fc.assert(
    fc.property(networkAndLength, ({ network, length }) => {
      const plain: Plain =
        network.family === 4
          ? { Network: formatCidr(network), SubnetLen: length }
          : { EnableIPv4: false, EnableIPv6: true, IPv6Network: formatCidr(network), IPv6SubnetLen: length };
      const { checked } = check(plain);
      assert.equal(checked.kind, 'valid');
      const range = network.family === 4 ? checked.value.ipv4 : checked.value.ipv6;
      const size = 1n << BigInt(addressBits(network.family) - length);
      assert.ok(range);
      assert.deepEqual(range.network, network);
      assert.equal(range.subnetMin.value, network.value + size);
      assert.deepEqual(networkOf(range.subnetMax, network.prefix), network);
      assert.equal(range.subnetMax.value % size, 0n);
    }),
  );
});
