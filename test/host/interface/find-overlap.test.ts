import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findOverlap, type OverlapFacts } from '../../../src/host/interface/find-overlap.ts';
import { parseHostRoutes, type HostRoute, type Link } from '../../../src/host/interface/ip-output.ts';
import { parseCidr, type Cidr } from '../../../src/network/cidr.ts';
import { linkAddress, underlayLink } from '../../daemon/bench.ts';

function cidr(text: string): Cidr {
  const read = parseCidr(text);
  assert.ok(read, text);
  return read;
}

const eth0: Link = { ...underlayLink, name: 'eth0', addresses: [linkAddress('198.51.100.2')] };
const base = [
  { dst: 'default', gateway: '198.51.100.254', dev: 'eth0' },
  { dst: '198.51.100.0/24', dev: 'eth0', protocol: 'kernel', scope: 'link' },
];

function routes(...more: object[]): readonly HostRoute[] {
  return parseHostRoutes(JSON.stringify([...base, ...more]), 4);
}

function find(
  network: string,
  { links = [eth0], ownSubnets = [], mayStand = false, routes: given = routes() }: Partial<OverlapFacts> = {},
  publicIp = '198.51.100.2',
): string | undefined {
  const facts = { links, ownSubnets, mayStand, routes: given };
  const overlap = findOverlap([cidr(network)], { publicIp, publicIpv6: undefined }, facts);
  return overlap && `${overlap.network}: ${overlap.what}`;
}

test('a network next to the host is free of it', () => {
  assert.equal(find('10.50.0.0/16'), undefined);
  assert.equal(find('198.51.101.0/24'), undefined);
});

test('the address or the link of the underlay, wider or narrower', () => {
  assert.equal(find('198.51.0.0/16'), '198.51.0.0/16: the public address 198.51.100.2 of this node');
  const nat = '203.0.113.9';
  assert.equal(find('198.51.0.0/16', {}, nat), '198.51.0.0/16: the address 198.51.100.2 of eth0');
  assert.equal(find('198.51.100.128/26', {}, nat), '198.51.100.128/26: the route 198.51.100.0/24 on eth0');
  assert.equal(find('203.0.0.0/16', {}, nat), '203.0.0.0/16: the public address 203.0.113.9 of this node');
});

test('a route by a gateway, an address of another interface, an IPv6 network', () => {
  const far = routes({ dst: '10.50.8.0/22', gateway: '198.51.100.254', dev: 'eth0' });
  assert.equal(
    find('10.50.0.0/16', { routes: far }),
    '10.50.0.0/16: the route 10.50.8.0/22 via 198.51.100.254 on eth0',
  );
  const wide = routes({ dst: '10.0.0.0/8', gateway: '198.51.100.254', dev: 'eth0' });
  assert.match(find('10.50.0.0/16', { routes: wide }) ?? '', /the route 10\.0\.0\.0\/8 via/);
  const wg0 = { ...eth0, name: 'wg0', kind: 'wireguard', addresses: [linkAddress('10.50.0.7')] };
  assert.equal(find('10.50.0.0/16', { links: [eth0, wg0] }), '10.50.0.0/16: the address 10.50.0.7 of wg0');
  const facts = {
    links: [eth0],
    ownSubnets: [],
    mayStand: false,
    routes: parseHostRoutes('[{"dst":"fd00:50::/64","dev":"eth0"}]', 6),
  };
  const overlap = findOverlap([cidr('fd00:50::/48')], { publicIp: undefined, publicIpv6: 'fd00::2' }, facts);
  assert.equal(overlap?.what, 'the route fd00:50::/64 on eth0');
});

test('routes that lead nowhere, and those in place of the default route, do not count', () => {
  const harmless = routes(
    { type: 'unreachable', dst: '10.0.0.0/8', dev: 'lo' },
    { dst: '0.0.0.0/1', gateway: '10.8.0.1', dev: 'eth0' },
    { dst: '128.0.0.0/1', gateway: '10.8.0.1', dev: 'eth0' },
  );
  assert.equal(find('10.50.0.0/16', { routes: harmless }), undefined);
});

test('remains of an earlier run are not an overlap, but routes of the host are', () => {
  const ownSubnets = [cidr('10.50.7.0/24')];
  const flannel = {
    ...eth0,
    name: 'flannel.1',
    kind: 'vxlan',
    addresses: [linkAddress('10.50.7.0', { prefix: 32 })],
  };
  const cni0 = { ...eth0, name: 'cni0', kind: 'bridge', addresses: [linkAddress('10.50.7.1')] };
  const old = { ...eth0, name: 'cni1', kind: 'bridge', addresses: [linkAddress('10.50.9.1')] };
  const links = [eth0, flannel, cni0, old];
  const left = routes(
    { dst: '10.50.4.0/24', gateway: '10.50.4.0', dev: 'flannel.1', flags: ['onlink'] },
    { dst: '10.50.5.0/24', gateway: '198.51.100.3', dev: 'eth0' },
    { dst: '10.50.7.0/24', dev: 'cni0', protocol: 'kernel' },
    { dst: '10.50.9.0/24', dev: 'cni1', protocol: 'kernel' },
    { dst: '10.50.7.12', dev: 'eth0' },
  );
  assert.equal(find('10.50.0.0/16', { links, ownSubnets, routes: left }), undefined);
  assert.match(find('10.50.0.0/16', { links, routes: left }) ?? '', /the address 10\.50\.7\.0 of flannel\.1/);
  const byMetric = routes({ dst: '10.50.5.0/24', gateway: '198.51.100.3', dev: 'eth0', metric: 0x0a320500 });
  assert.equal(find('10.50.0.0/16', { routes: byMetric }), undefined);
  const mixed = routes({ dst: '10.50.200.0/24', dev: 'eth0', protocol: 'kernel' });
  assert.match(
    find('10.50.0.0/16', { links, ownSubnets, routes: mixed }) ?? '',
    /the route 10\.50\.200\.0\/24 on eth0/,
  );
});

test('while the network of an earlier run may stand, routes into the overlay are its own, and no others', () => {
  const woven = { ...eth0, name: 'woven', kind: 'bridge', addresses: [] };
  const left = routes({ dst: '10.50.99.0/24', dev: 'woven', protocol: 'boot', scope: 'link' });
  const facts = { links: [eth0, woven], routes: left };
  assert.equal(find('10.50.0.0/16', facts), '10.50.0.0/16: the route 10.50.99.0/24 on woven');
  assert.equal(find('10.50.0.0/16', { ...facts, mayStand: true }), undefined);
  const wide = routes({ dst: '10.0.0.0/8', dev: 'woven', protocol: 'boot' });
  assert.match(find('10.50.0.0/16', { ...facts, routes: wide, mayStand: true }) ?? '', /10\.0\.0\.0\/8/);
  const ofKernel = routes({ dst: '10.50.7.0/24', dev: 'woven', protocol: 'kernel', scope: 'link' });
  assert.match(find('10.50.0.0/16', { ...facts, routes: ofKernel, mayStand: true }) ?? '', /10\.50\.7\.0/);
});
