import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Failure } from '../../../src/diagnostic/failure.ts';
import {
  chooseInterface,
  type HostFacts,
  type InterfaceWishes,
} from '../../../src/host/interface/choose-interface.ts';
import type { Link, LinkAddress } from '../../../src/host/interface/ip-output.ts';
import type { AddressMemory } from '../../../src/host/interface/rank-addresses.ts';
import { linkAddress, noWishes } from '../../daemon/bench.ts';

function link(name: string, addresses: (string | LinkAddress)[], changes: Partial<Link> = {}): Link {
  return {
    name,
    otherNames: [],
    mtu: 1500,
    up: true,
    loopback: name === 'lo',
    kind: undefined,
    hardwareAddress: undefined,
    overIpv6: false,
    vxlan: undefined,
    addresses: addresses.map((address) => (typeof address === 'string' ? linkAddress(address) : address)),
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
  memory: undefined,
};

function wish(changes: Partial<InterfaceWishes>): InterfaceWishes {
  return { ...noWishes, families: [4], ...changes };
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
      addresses: { ipv4: '10.0.0.2', ipv6: undefined },
      hardwareAddress: undefined,
      publicIp: '10.0.0.2',
      publicIpv6: undefined,
      because: 'it has the default route',
    });
  });

  test('both families of a dual-stack network, and only IPv6 of another', () => {
    const both = choose({ families: [4, 6] });
    assert.deepEqual(both.addresses, { ipv4: '10.0.0.2', ipv6: 'fd00::2' });
    assert.equal(both.publicIpv6, 'fd00::2');
    const six = choose({ families: [6], publicIp: '192.0.2.1' });
    assert.deepEqual([six.publicIp, six.addresses], [undefined, { ipv4: undefined, ipv6: 'fd00::2' }]);
  });

  test('a default route by an interface that has gone meanwhile is refused', () => {
    const defaultRoutes = {
      ...facts.defaultRoutes,
      4: [{ type: 'unicast', device: 'gone0', source: undefined }],
    };
    const { message } = refusal({}, { defaultRoutes });
    assert.match(message, /the default route uses gone0, which does not exist any more/);
  });

  test('an interface without an MTU is refused', () => {
    const { message } = refusal({}, { links: [link('eth0', ['10.0.0.2'], { mtu: 0 })] });
    assert.match(message, /interface eth0 does not have an MTU/);
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
    assert.deepEqual([second.name, second.addresses.ipv4], ['eth0', '10.0.0.3']);
    assert.equal(choose({ iface: ['fd00:0::2'], families: [4, 6] }).addresses.ipv6, 'fd00::2');
  });

  test('the first that can be used, in order', () => {
    assert.equal(choose({ iface: ['nope', 'eth2', '10.9.9.9', 'bare', 'eth1', 'eth0'] }).name, 'eth1');
  });

  test('a link-local address will do if the interface does not have another', () => {
    assert.equal(choose({ iface: ['ll0'] }).addresses.ipv4, '169.254.1.1');
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

  test('a machine with only the loopback interface is not told to choose another one', () => {
    const failure = refusal({ iface: ['eth0'] }, { links: facts.links.slice(0, 1) });
    assert.equal(failure.detail, 'This machine has only the loopback interface, which peers cannot reach.');
    assert.match(failure.hint ?? '', /^give this machine a network interface with an address first/);
    assert.match(refusal({ iface: ['eth9'] }).hint ?? '', /^use --iface to choose/);
  });

  test('one without an address of the family is refused', () => {
    assert.match(refusal({ iface: ['192.0.2.9'] }).message, /no interface has the address 192\.0\.2\.9/);
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
    assert.equal(choose({ ifaceRegex: ['^10\\.0\\.0\\.3$'] }).addresses.ipv4, '10.0.0.3');
    assert.equal(choose({ ifaceRegex: ['1$'] }).name, 'll0');
    assert.equal(choose({ ifaceRegex: ['^eth1$'] }).name, 'eth1');
    assert.equal(choose({ ifaceRegex: ['^10\\.1'], iface: ['eth0'] }).name, 'eth0');
    assert.equal(choose({ ifaceRegex: ['nope', '^eth1$'] }).name, 'eth1');
  });

  test("in Go's syntax, and for each family of a dual-stack network", () => {
    assert.equal(choose({ ifaceRegex: ['(?i)^ETH1$'] }).name, 'eth1');
    const links = [link('eth0', ['10.0.0.2', '10.0.0.3', 'fd00::2', 'fd00::3'])];
    const { addresses } = choose({ ifaceRegex: ['[.:]3$'], families: [4, 6] }, { links });
    assert.deepEqual(addresses, { ipv4: '10.0.0.3', ipv6: 'fd00::3' });
    const { addresses: mixed } = choose({ ifaceRegex: ['^fd00::3$'], families: [4, 6] }, { links });
    assert.deepEqual(mixed, { ipv4: '10.0.0.2', ipv6: 'fd00::3' });
  });

  test('an interface that is down is passed over', () => {
    assert.equal(choose({ ifaceRegex: ['^(10\\.2|10\\.1)'] }).name, 'eth1');
    assert.match(refusal({ ifaceRegex: ['^eth2$'] }).message, /does not match an address or name/);
  });

  test('a text that is not a regular expression is refused', () => {
    const { kind, message } = refusal({ ifaceRegex: ['('] });
    assert.deepEqual(
      [kind, message],
      ['usage', '--iface-regex ( is not a regular expression: missing closing ): `(`'],
    );
  });
});

describe('--iface-can-reach', () => {
  test('the interface and the address that the kernel would send from', () => {
    const routeToReach = { type: 'unicast', device: 'eth0', source: '10.0.0.3' };
    const chosen = choose({ ifaceCanReach: '192.0.2.9' }, { routeToReach });
    assert.deepEqual(
      [chosen.name, chosen.addresses.ipv4, chosen.because],
      ['eth0', '10.0.0.3', 'it reaches 192.0.2.9'],
    );
  });

  test('comes after --iface and --iface-regex', () => {
    const routeToReach = { type: 'unicast', device: 'eth0', source: '10.0.0.3' };
    const wishes = { ifaceCanReach: '192.0.2.9', iface: ['nope'], ifaceRegex: ['^nope$'] };
    assert.equal(choose(wishes, { routeToReach }).addresses.ipv4, '10.0.0.3');
    assert.equal(choose({ ...wishes, iface: ['eth1'] }, { routeToReach }).name, 'eth1');
    assert.equal(choose({ ...wishes, ifaceRegex: ['^eth1$'] }, { routeToReach }).name, 'eth1');
    assert.match(refusal(wishes).message, /nope does not exist; --iface-regex .* interface; no route to/);
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
    assert.deepEqual(chosen.addresses, { ipv4: '10.0.0.2', ipv6: 'fd00::2' });
    assert.deepEqual([chosen.publicIp, chosen.publicIpv6], ['198.51.100.7', '2001:db8::7']);
  });

  test('finds the interface that has it where nothing else does, and the default route otherwise', () => {
    const on = choose({ publicIp: '10.1.0.2' });
    assert.deepEqual(
      [on.name, on.addresses.ipv4, on.because],
      ['eth1', '10.1.0.2', 'it has --public-ip 10.1.0.2'],
    );
    assert.equal(choose({ publicIpv6: 'fd00::2', families: [6] }).because, 'it has --public-ipv6 fd00::2');
    assert.equal(choose({ publicIp: '192.0.2.7' }).because, 'it has the default route');
    assert.equal(choose({ publicIp: '10.1.0.2', iface: ['eth0'] }).addresses.ipv4, '10.0.0.2');
    assert.equal(choose({ publicIp: '10.1.0.2', publicIpv6: 'fd00::2', families: [6] }).name, 'eth0');
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

describe('of several addresses of a family', () => {
  const chosen = (addresses: LinkAddress[], changes: Partial<InterfaceWishes> = {}, memory?: AddressMemory) =>
    choose({ iface: ['up0'], ...changes }, { links: [link('up0', addresses)], memory }).addresses.ipv4;
  const first = linkAddress('198.51.100.2');
  const second = linkAddress('198.51.100.3');
  const leased = linkAddress('198.51.100.4', { lifetime: 3600 });
  const virtual = linkAddress('198.51.100.5', { prefix: 32 });
  const nothing = { ipv4: undefined, ipv6: undefined };

  test('one that may come and go is passed over, wherever it stands', () => {
    assert.equal(chosen([first, second]), first.text);
    assert.equal(chosen([leased, virtual, second]), second.text);
    assert.equal(chosen([virtual, leased]), leased.text);
    const deprecated = linkAddress('198.51.100.6', { preferred: false });
    assert.equal(chosen([deprecated, virtual, second]), second.text);
    assert.equal(chosen([linkAddress('169.254.0.1'), deprecated]), deprecated.text);
  });

  test('one that may come and go is used if it is the only one, or if an option names it', () => {
    assert.equal(chosen([leased]), leased.text);
    assert.equal(chosen([virtual]), virtual.text);
    assert.equal(chosen([first, virtual], { iface: [virtual.text] }), virtual.text);
    assert.equal(chosen([first, leased], { iface: [], ifaceRegex: ['[.]4$'] }), leased.text);
    assert.equal(chosen([leased, second], { iface: [], ifaceRegex: ['^198'] }), second.text);
  });

  test('one that was not there at the last start is passed over, and what was used then is kept', () => {
    const seen = [second.text, leased.text];
    assert.equal(chosen([first, second], {}, { seen, used: nothing }), second.text);
    assert.equal(chosen([first], {}, { seen, used: nothing }), first.text);
    const used = { ipv4: leased.text, ipv6: undefined };
    assert.equal(chosen([first, second, leased], {}, { seen, used }), leased.text);
    assert.equal(chosen([first, second], {}, { seen, used }), second.text);
    const gone = linkAddress(leased.text, { preferred: false });
    assert.equal(chosen([first, second, gone], {}, { seen, used }), second.text);
  });
});
