import assert from 'node:assert/strict';
import { accessSync, constants } from 'node:fs';
import { test } from 'node:test';
import { evaluateInNamespace, skipNamespaces } from './namespace.ts';

/** Some machines let only root open it, even in a user namespace. */
const skipTun = canOpen('/dev/net/tun') ? false : 'needs /dev/net/tun';

function canOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

const underlay = [
  'ip link add uplink type veth peer name far',
  'ip link set uplink mtu 1400 up',
  'ip address add 192.0.2.5/24 dev uplink',
  'ip link add cni0 type bridge',
  'ip address add 10.50.4.1/24 dev cni0',
  'ip link set cni0 mtu 1000',
];

function find(lines: string[]) {
  const chosen = { name: 'uplink', mtu: 1400, publicIp: '192.0.2.5' };
  // 10.50.0.0/16, as the number that a Cidr holds.
  const network = `{ family: 4, value: ${(10 << 24) + (50 << 16)}n, prefix: 16 }`;
  const expression = `m.findOverlayMtu(${JSON.stringify(chosen)}, [${network}])`;
  return evaluateInNamespace([...underlay, ...lines], 'host/interface/overlay-mtu.ts', expression);
}

test(
  'a real vxlan device, left at 1500 and without its underlay named',
  { skip: skipNamespaces },
  async () => {
    const lines = [
      'ip link add flannel.1 mtu 1500 type vxlan id 1 local 192.0.2.5 dstport 8472 nolearning',
      'ip address add 10.50.4.0/32 dev flannel.1',
    ];
    assert.deepEqual(await find(lines), {
      mtu: 1350,
      because: 'vxlan on flannel.1 adds 50 bytes, and the MTU of uplink is 1400',
    });
  },
);

test('a real tun device', { skip: skipNamespaces || skipTun }, async () => {
  const lines = [
    'ip tuntap add flannel0 mode tun',
    'ip link set flannel0 mtu 1372',
    'ip address add 10.50.4.0/16 dev flannel0',
  ];
  assert.deepEqual(await find(lines), { mtu: 1372, because: 'the MTU of flannel0 is 1372' });
});

test('no overlay device', { skip: skipNamespaces }, async () => {
  assert.deepEqual(await find([]), {
    mtu: 1400,
    because: 'uplink carries pod packets without encapsulation',
  });
});
