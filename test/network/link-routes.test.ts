import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LinkRoutes, type LinkRoute } from '../../src/network/link-routes.ts';
import { cidr } from '../lease/fixtures.ts';

function route(destination: string, device: string | undefined, metric = 0): LinkRoute {
  return { destination: cidr(destination), device, metric };
}

const routes = new LinkRoutes([
  route('0.0.0.0/0', undefined),
  route('192.0.2.0/24', 'eth0', 100),
  route('192.0.2.0/24', 'wlan0', 600),
  route('192.0.2.128/25', 'eth1'),
  route('192.0.2.200/32', undefined),
  route('::/0', undefined, 1024),
  route('2001:db8::/64', 'eth1', 256),
]);

function devicesOf(publicIp?: string, publicIpv6?: string): readonly (string | undefined)[] {
  const { ipv4, ipv6 } = routes.devicesOf({ publicIp, publicIpv6 });
  return [ipv4, ipv6];
}

test('an address lies on the link of the longest route that has no gateway', () => {
  assert.deepEqual(devicesOf('192.0.2.9'), ['eth0', undefined]);
  assert.deepEqual(devicesOf('192.0.2.129'), ['eth1', undefined]);
});

test('an address behind a gateway is on no link, even if a shorter route has none', () => {
  assert.deepEqual(devicesOf('198.51.100.1'), [undefined, undefined]);
  assert.deepEqual(devicesOf('192.0.2.200'), [undefined, undefined]);
});

test('each family is looked up by itself', () => {
  assert.deepEqual(devicesOf('192.0.2.9', '2001:db8::9'), ['eth0', 'eth1']);
  assert.deepEqual(devicesOf('198.51.100.1', '2001:db8::9'), [undefined, 'eth1']);
  assert.deepEqual(devicesOf(undefined, '2001:db9::9'), [undefined, undefined]);
  assert.deepEqual(
    new LinkRoutes([]).devicesOf({ publicIp: '192.0.2.9', publicIpv6: undefined }).ipv4,
    undefined,
  );
});
