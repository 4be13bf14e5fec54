import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseOverlayMtu } from '../../../src/host/interface/choose-overlay-mtu.ts';
import { parseLinks } from '../../../src/host/interface/ip-output.ts';
import { parseCidr } from '../../../src/network/cidr.ts';

const networks = ['10.50.0.0/16', 'fd50::/56'].map((text) => {
  const network = parseCidr(text);
  assert.ok(network);
  return network;
});
const underlay = { name: 'eth0', mtu: 1500, ipv6Only: false };

interface Device {
  name: string;
  mtu: number;
  kind?: string;
  data?: object;
  addresses?: string[];
}

/** What `ip -details -json address` prints of such devices. */
function listing(...devices: Device[]) {
  const links = devices.map(({ name, mtu, kind, data, addresses = ['10.50.4.0'] }) => ({
    ifname: name,
    flags: name === 'lo' ? ['LOOPBACK', 'UP'] : ['UP'],
    mtu,
    ...(kind === undefined ? {} : { linkinfo: { info_kind: kind, info_data: data } }),
    addr_info: addresses.map((local) => ({ local })),
  }));
  return parseLinks(JSON.stringify(links));
}

function mtuOf(...devices: Device[]): number {
  return chooseOverlayMtu(listing(...devices), underlay, networks).mtu;
}

test("without an overlay device the interface's", () => {
  assert.deepEqual(chooseOverlayMtu(listing(), underlay, networks), {
    mtu: 1500,
    because: 'eth0 carries pod packets without encapsulation',
  });
});

test('a device that is not of the overlay does not count', () => {
  const mtu = 1000;
  assert.equal(mtuOf({ name: 'eth0', mtu }), 1500);
  assert.equal(mtuOf({ name: 'lo', mtu }), 1500);
  assert.equal(mtuOf({ name: 'cni0', mtu, kind: 'bridge' }), 1500);
  assert.equal(mtuOf({ name: 'pod1', mtu, kind: 'veth' }), 1500);
  assert.equal(mtuOf({ name: 'other', mtu, kind: 'vxlan', addresses: ['10.60.0.1', 'fd60::1'] }), 1500);
  assert.equal(mtuOf({ name: 'bare', mtu, kind: 'vxlan', addresses: [] }), 1500);
});

test('a device that was left at 1500 counts less what its kind costs', () => {
  const of = (kind: string, data = {}) => mtuOf({ name: 'o', mtu: 1500, kind, data });
  assert.equal(of('vxlan', { local: '192.0.2.1' }), 1450);
  assert.equal(of('vxlan', { local6: 'fd00::1' }), 1430);
  assert.equal(of('geneve'), 1450);
  assert.equal(of('geneve', { remote6: 'fd00::1' }), 1430);
  assert.equal(of('wireguard'), 1420);
  assert.equal(of('ipip'), 1480);
  assert.equal(of('sit'), 1480);
  assert.equal(of('gre'), 1476);
  assert.equal(of('tun'), 1500);
});

test('a smaller MTU of the device itself counts', () => {
  assert.equal(mtuOf({ name: 'flannel-wg', mtu: 1420, kind: 'tun' }), 1420);
  assert.equal(mtuOf({ name: 'flannel.1', mtu: 1300, kind: 'vxlan' }), 1300);
});

test('the least of several counts, and it says which', () => {
  const links = listing(
    { name: 'flannel.1', mtu: 1500, kind: 'vxlan' },
    { name: 'flannel-v6.1', mtu: 1500, kind: 'vxlan', data: { local6: 'fd00::1' }, addresses: ['fd50::1'] },
  );
  assert.deepEqual(chooseOverlayMtu(links, underlay, networks), {
    mtu: 1430,
    because: 'vxlan on flannel-v6.1 adds 70 bytes, and the MTU of eth0 is 1500',
  });
});

test('an underlay of IPv6 alone makes every outer header larger', () => {
  const links = listing({ name: 'flannel.1', mtu: 1500, kind: 'vxlan', addresses: ['fd50::1'] });
  assert.equal(chooseOverlayMtu(links, { ...underlay, ipv6Only: true }, networks).mtu, 1430);
});
