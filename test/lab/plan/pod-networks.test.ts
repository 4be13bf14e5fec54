import assert from 'node:assert/strict';
import { test } from 'node:test';
import { planPodNetworks } from '../../../src/lab/plan/pod-networks.ts';
import { parseSubnetEnvironment } from '../../../src/network/subnet-env.ts';

test('a pod gets the address after the subnet file’s, in each family', () => {
  const environment = parseSubnetEnvironment(`FLANNEL_NETWORK=10.50.0.0/16
FLANNEL_SUBNET=10.50.4.1/24
FLANNEL_IPV6_NETWORK=2001:cafe:42::/56
FLANNEL_IPV6_SUBNET=2001:cafe:42:c::1/64
FLANNEL_MTU=1450
FLANNEL_IPMASQ=false
`);
  assert.ok(!('lacks' in environment));
  assert.deepEqual(planPodNetworks(environment), {
    ipv4: { subnet: '10.50.4.0/24', gateway: '10.50.4.1', pod: '10.50.4.2', prefix: 24 },
    ipv6: {
      subnet: '2001:cafe:42:c::/64',
      gateway: '2001:cafe:42:c::1',
      pod: '2001:cafe:42:c::2',
      prefix: 64,
    },
    mtu: 1450,
  });
});

test('a subnet file with IPv6 alone is enough', () => {
  const environment = parseSubnetEnvironment(
    'FLANNEL_IPV6_NETWORK=fd00:1::/112\nFLANNEL_IPV6_SUBNET=fd00:1::1/126\nFLANNEL_MTU=1430\n',
  );
  assert.ok(!('lacks' in environment));
  const networks = planPodNetworks(environment);
  assert.equal(networks.ipv4, undefined);
  assert.equal(networks.ipv6?.pod, 'fd00:1::2');
});
