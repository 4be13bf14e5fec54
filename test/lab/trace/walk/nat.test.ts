import assert from 'node:assert/strict';
import { test } from 'node:test';
import { translateDestination, translateSource } from '../../../../src/lab/trace/walk/nat.ts';

const router = {
  name: 'box',
  nat: {
    interface: 'eth0',
    addresses: [
      { outside: '203.0.113.254', inside: '192.168.1.3' },
      { outside: '2001:db8::fe', inside: null },
    ],
  },
};

test('a packet from outside for the address of the router goes to the node behind it', () => {
  assert.deepEqual(translateDestination(router, 'eth0', '203.0.113.254'), {
    field: 'destination',
    to: '192.168.1.3',
    lookUp: {
      table: 'nat',
      found: 'box forwards 203.0.113.254 to 192.168.1.3',
      command: 'nft list table ip heddle-nat',
    },
  });
  assert.equal(translateDestination(router, 'eth1', '203.0.113.254'), undefined);
  assert.equal(translateDestination(router, 'eth0', '2001:db8::fe'), undefined, 'no node gets them');
  assert.equal(translateDestination(router, 'eth0', '203.0.113.1'), undefined);
  assert.equal(translateDestination({ name: 'node1' }, 'eth0', '203.0.113.254'), undefined);
});

test('a packet that leaves outside gets the address of the router, in its family', () => {
  const packet = { source: '192.168.1.3', destination: '203.0.113.1' };
  assert.deepEqual(translateSource(router, 'eth1', 'eth0', packet), {
    field: 'source',
    to: '203.0.113.254',
    lookUp: {
      table: 'nat',
      found: 'box replaces the source 192.168.1.3 by 203.0.113.254',
      command: 'nft list table ip heddle-nat',
    },
  });
  const six = { source: 'fd00::3', destination: '2001:db8::1' };
  assert.equal(translateSource(router, 'eth1', 'eth0', six)?.to, '2001:db8::fe');
  assert.equal(translateSource(router, 'eth0', 'eth1', packet), undefined);
  assert.equal(
    translateSource(router, undefined, 'eth0', packet),
    undefined,
    'a packet of the router itself',
  );
  assert.equal(translateSource({ name: 'node1' }, 'eth1', 'eth0', packet), undefined);
});
