import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  parseSubnetEnvironment,
  renderSubnetEnvironment,
  type SubnetEnvironment,
} from '../../src/network/subnet-env.ts';
import { parseCidr, type Cidr } from '../../src/network/cidr.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed;
}

const ipv4 = { network: cidr('10.50.0.0/16'), subnet: cidr('10.50.4.0/24') };
const ipv6 = { network: cidr('2001:cafe:42::/56'), subnet: cidr('2001:cafe:42:c::/64') };

test('a network of one family is printed as flanneld prints it', () => {
  assert.equal(
    renderSubnetEnvironment({ ipv4, ipv6: undefined, mtu: 1450, ipMasq: false }),
    'FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=10.50.4.1/24\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=false\n',
  );
});

test('a dual-stack network is printed as flanneld prints it', () => {
  assert.equal(
    renderSubnetEnvironment({ ipv4, ipv6, mtu: 1430, ipMasq: true }),
    [
      'FLANNEL_NETWORK=10.50.0.0/16',
      'FLANNEL_SUBNET=10.50.4.1/24',
      'FLANNEL_IPV6_NETWORK=2001:cafe:42::/56',
      'FLANNEL_IPV6_SUBNET=2001:cafe:42:c::1/64',
      'FLANNEL_MTU=1430',
      'FLANNEL_IPMASQ=true',
      '',
    ].join('\n'),
  );
});

test('a subnet file that was printed is read back', () => {
  const families = fc.constantFrom({ ipv4, ipv6 }, { ipv4, ipv6: undefined }, { ipv4: undefined, ipv6 });
  fc.assert(
    fc.property(families, fc.integer({ min: 68, max: 65_536 }), fc.boolean(), (subnets, mtu, ipMasq) => {
      const environment: SubnetEnvironment = { ...subnets, mtu, ipMasq };
      assert.deepEqual(parseSubnetEnvironment(renderSubnetEnvironment(environment)), environment);
    }),
  );
});

test('the lack of a torn or foreign subnet file is named, and is not an error', () => {
  const whole = renderSubnetEnvironment({ ipv4, ipv6: undefined, mtu: 1450, ipMasq: false });
  const noMtu = { lacks: 'a usable FLANNEL_MTU' };
  const noSubnet = { lacks: 'a usable FLANNEL_SUBNET or FLANNEL_IPV6_SUBNET with its network' };
  assert.deepEqual(parseSubnetEnvironment(''), noMtu);
  assert.deepEqual(parseSubnetEnvironment(whole.slice(0, 40)), noMtu);
  assert.deepEqual(parseSubnetEnvironment(whole.replace('1450', 'big')), noMtu);
  assert.deepEqual(parseSubnetEnvironment(whole.replace('1450', '67')), noMtu);
  assert.deepEqual(parseSubnetEnvironment(whole.replace('10.50.4.1', '10.50.4.x')), noSubnet);
  assert.deepEqual(parseSubnetEnvironment(whole.replace('/24', '/99')), noSubnet);
  assert.deepEqual(parseSubnetEnvironment(whole.replace('10.50.4.1', 'fd00::1')), noSubnet);
  assert.deepEqual(parseSubnetEnvironment(whole.replace(/^FLANNEL_NETWORK.*\n/, '')), noSubnet);
  fc.assert(fc.property(fc.string(), (text) => 'lacks' in parseSubnetEnvironment(text)));
});
