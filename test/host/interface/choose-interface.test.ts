import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/diagnostic/failure.ts';
import {
  chooseInterface,
  type HostFacts,
  type InterfaceWishes,
} from '../../../src/host/interface/choose-interface.ts';
import type { Link } from '../../../src/host/interface/ip-output.ts';
import { parseAddress } from '../../../src/network/cidr.ts';

function link(name: string, addresses: string[], changes: Partial<Link> = {}): Link {
  return {
    name,
    otherNames: [],
    mtu: 1500,
    up: true,
    loopback: name === 'lo',
    kind: undefined,
    overIpv6: false,
    addresses: addresses.map((text) => {
      const address = parseAddress(text);
      assert.ok(address);
      return { ...address, text, preferred: true };
    }),
    ...changes,
  };
}

const facts: HostFacts = {
  links: [
    link('lo', ['127.0.0.1', '::1']),
    link('eth0', ['169.254.7.7', '10.0.0.2', '10.0.0.3', 'fe80::2', 'fd00::2'], { mtu: 1400 }),
    link('eth1', ['10.1.0.2'], { otherNames: ['storage'] }),
    link('eth2', ['10.2.0.2'], { up: false }),
    link('ll0', ['169.254.1.1']),
    link('bare', []),
  ],
  defaultRoutes: {
    4: [
      { type: 'unreachable', device: 'lo', source: undefined },
      { type: 'unicast', device: 'eth0', source: undefined },
    ],
    6: [{ type: 'unicast', device: 'eth0', source: undefined }],
  },
  routeToReach: undefined,
};

function wish(changes: Partial<InterfaceWishes>): InterfaceWishes {
  return {
    iface: [],
    ifaceRegex: [],
    ifaceCanReach: undefined,
    publicIp: undefined,
    publicIpv6: undefined,
    families: [4],
    ...changes,
  };
}

function choose(changes: Partial<InterfaceWishes>, of: Partial<HostFacts> = {}) {
  return chooseInterface(wish(changes), { ...facts, ...of });
}

function refusal(changes: Partial<InterfaceWishes>, of: Partial<HostFacts> = {}): Failure {
  try {
    choose(changes, of);
  } catch (error) {
    assert.ok(error instanceof Failure);
    return error;
  }
  assert.fail('an interface was chosen');
}

describe('without a wish', () => {
  test('the interface of the default route, its first address that is not link-local, and its MTU', () => {
    assert.deepEqual(choose({}), {
      name: 'eth0',
      mtu: 1400,
      address: '10.0.0.2',
      address6: undefined,
      publicIp: '10.0.0.2',
      publicIpv6: undefined,
      because: 'it has the default route',
    });
  });

  test('both families of a dual-stack network, and only IPv6 of another', () => {
    const both = choose({ families: [4, 6] });
    assert.deepEqual([both.address, both.address6, both.publicIpv6], ['10.0.0.2', 'fd00::2', 'fd00::2']);
    const six = choose({ families: [6], publicIp: '192.0.2.1' });
    assert.deepEqual([six.address, six.publicIp, six.address6], [undefined, undefined, 'fd00::2']);
  });

  test('no default route is refused, for each family that lacks it', () => {
    const failure = refusal({ families: [4, 6] }, { defaultRoutes: { 4: [], 6: [] } });
    assert.match(failure.message, /no default route for IPv4 and IPv6/);
    assert.equal(failure.kind, 'interface');
  });

  test('families whose default routes differ are refused', () => {
    const defaultRoutes = {
      ...facts.defaultRoutes,
      6: [{ type: 'unicast', device: 'eth1', source: undefined }],
    };
    assert.match(refusal({ families: [4, 6] }, { defaultRoutes }).message, /eth0 for IPv4, eth1 for IPv6/);
  });
});

describe('--iface', () => {
  test('by name, other name and address', () => {
    assert.equal(choose({ iface: ['eth1'] }).name, 'eth1');
    assert.equal(choose({ iface: ['storage'] }).name, 'eth1');
    const second = choose({ iface: ['10.0.0.3'] });
    assert.deepEqual([second.name, second.address], ['eth0', '10.0.0.3']);
    assert.equal(choose({ iface: ['fd00:0::2'], families: [4, 6] }).address6, 'fd00::2');
  });

  test('the first that can be used, in order', () => {
    assert.equal(choose({ iface: ['nope', 'eth2', '10.9.9.9', 'bare', 'eth1', 'eth0'] }).name, 'eth1');
  });

  test('a link-local address will do where there is no other', () => {
    assert.equal(choose({ iface: ['ll0'] }).address, '169.254.1.1');
  });

  test('one that is not there is refused, and those that are there are named', () => {
    const failure = refusal({ iface: ['eth9', 'eth2'] });
    assert.equal(
      failure.message,
      'no usable interface was found: the interface eth9 does not exist; interface eth2 is down',
    );
    assert.match(failure.detail ?? '', /^ {2}eth1: 10\.1\.0\.2$/m);
    assert.match(failure.detail ?? '', /^ {2}eth2 \(down\): 10\.2\.0\.2$/m);
    assert.match(failure.detail ?? '', /^ {2}bare: no address$/m);
  });

  test('one without an address of the family is refused', () => {
    assert.match(refusal({ iface: ['bare'] }).message, /bare does not have an IPv4 address/);
    assert.match(
      refusal({ iface: ['eth1'], families: [4, 6] }).message,
      /eth1 does not have an IPv6 address/,
    );
    assert.match(refusal({ iface: ['lo'] }).message, /lo does not have an IPv4 address/);
  });
});

describe('--iface-regex', () => {
  test('addresses before names, after --iface', () => {
    assert.equal(choose({ ifaceRegex: ['^10\\.1\\.'] }).name, 'eth1');
    assert.equal(choose({ ifaceRegex: ['^10\\.0\\.0\\.3$'] }).address, '10.0.0.3');
    assert.equal(choose({ ifaceRegex: ['1$'] }).name, 'll0');
    assert.equal(choose({ ifaceRegex: ['^eth1$'] }).name, 'eth1');
    assert.equal(choose({ ifaceRegex: ['^10\\.1'], iface: ['eth0'] }).name, 'eth0');
    assert.equal(choose({ ifaceRegex: ['nope', '^eth1$'] }).name, 'eth1');
  });

  test('an interface that is down is passed over', () => {
    assert.equal(choose({ ifaceRegex: ['^(10\\.2|10\\.1)'] }).name, 'eth1');
    assert.match(refusal({ ifaceRegex: ['^eth2$'] }).message, /does not match an address or name/);
  });

  test('what is no expression is refused as such', () => {
    const { kind, message } = refusal({ ifaceRegex: ['('] });
    assert.deepEqual(
      [kind, message],
      ['usage', '--iface-regex ( is not a regular expression: unterminated group'],
    );
  });
});

describe('--iface-can-reach', () => {
  test('the interface and the address that the kernel would send from', () => {
    const routeToReach = { type: 'unicast', device: 'eth0', source: '10.0.0.3' };
    const chosen = choose({ ifaceCanReach: '192.0.2.9' }, { routeToReach });
    assert.deepEqual(
      [chosen.name, chosen.address, chosen.because],
      ['eth0', '10.0.0.3', 'it reaches 192.0.2.9'],
    );
  });

  test('what cannot be reached, or is this machine, is refused', () => {
    assert.match(refusal({ ifaceCanReach: '192.0.2.9' }).message, /no route to 192\.0\.2\.9/);
    const routeToReach = { type: 'local', device: 'lo', source: '10.0.0.2' };
    assert.match(
      refusal({ ifaceCanReach: '10.0.0.2' }, { routeToReach }).message,
      /an address of this machine/,
    );
    assert.equal(refusal({ ifaceCanReach: 'example' }).kind, 'usage');
  });
});

describe('--public-ip', () => {
  test('takes the place of the public address, not of the own one', () => {
    const chosen = choose({ publicIp: '198.51.100.7', publicIpv6: '2001:db8::7', families: [4, 6] });
    assert.deepEqual([chosen.address, chosen.publicIp], ['10.0.0.2', '198.51.100.7']);
    assert.deepEqual([chosen.address6, chosen.publicIpv6], ['fd00::2', '2001:db8::7']);
  });

  test('what peers cannot send to is refused', () => {
    for (const publicIp of ['0.0.0.0', '127.0.0.1', '224.0.0.1', '255.255.255.255']) {
      assert.equal(refusal({ publicIp }).kind, 'interface');
    }
    for (const publicIpv6 of ['::', '::1', 'ff02::1', '::ffff:192.0.2.1'])
      assert.equal(refusal({ publicIpv6 }).kind, 'interface');
    assert.equal(refusal({ publicIp: 'fd00::1' }).kind, 'usage');
    assert.equal(refusal({ publicIp: '10.0.0' }).kind, 'usage');
  });
});
