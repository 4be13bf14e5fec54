import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLinks, parseRoutes } from '../../../src/host/interface/ip-output.ts';

test('links are read as iproute2 prints them', () => {
  const json = JSON.stringify([
    {},
    {
      ifindex: 4,
      link: 'v1',
      ifname: 'v0',
      altnames: ['uplink'],
      flags: ['BROADCAST', 'MULTICAST', 'UP', 'LOWER_UP'],
      mtu: 1500,
      address: '02:00:00:00:00:05',
      linkinfo: { info_kind: 'veth' },
      addr_info: [
        { family: 'inet', local: '192.168.1.5', prefixlen: 24, scope: 'global' },
        {
          family: 'inet',
          local: '192.168.1.6',
          prefixlen: 24,
          scope: 'global',
          secondary: true,
          valid_life_time: 300,
        },
        {
          family: 'inet6',
          local: 'fd00::6',
          prefixlen: 64,
          scope: 'global',
          deprecated: true,
          valid_life_time: 4294967295,
        },
        { family: 'inet6', local: 'fd00::7', prefixlen: 64, scope: 'global', dadfailed: true },
        { family: 'inet6', local: 'fe80::1', prefixlen: 64, scope: 'link' },
      ],
    },
    {
      ifname: 'vx6',
      flags: ['BROADCAST'],
      mtu: 1430,
      linkinfo: { info_kind: 'vxlan', info_data: { id: 2, port: 8472, local6: 'fd00:1::5' } },
    },
  ]);
  const [veth, vxlan, ...rest] = parseLinks(json);
  assert.deepEqual(rest, []);
  assert.deepEqual(
    {
      ...veth,
      addresses: veth?.addresses.map(({ text, prefix, lifetime, preferred }) => [
        text,
        prefix,
        lifetime,
        preferred,
      ]),
    },
    {
      name: 'v0',
      otherNames: ['uplink'],
      mtu: 1500,
      up: true,
      loopback: false,
      kind: 'veth',
      hardwareAddress: '02:00:00:00:00:05',
      overIpv6: false,
      vxlan: undefined,
      addresses: [
        ['192.168.1.5', 24, undefined, true],
        ['192.168.1.6', 24, 300, true],
        ['fd00::6', 64, undefined, false],
        ['fe80::1', 64, undefined, true],
      ],
    },
  );
  assert.deepEqual(vxlan, {
    name: 'vx6',
    otherNames: [],
    mtu: 1430,
    up: false,
    loopback: false,
    kind: 'vxlan',
    hardwareAddress: undefined,
    overIpv6: true,
    vxlan: { vni: 2, port: 8472 },
    addresses: [],
  });
});

test('routes are read, with several next hops, and where there is none', () => {
  assert.deepEqual(
    parseRoutes(
      '[{"dst":"default","flags":[],"nexthops":[{"gateway":"192.168.1.1","dev":"v0","weight":1,"flags":[]},' +
        '{"gateway":"192.168.1.2","dev":"v1","weight":1,"flags":[]}]},' +
        '{"type":"local","dst":"192.168.1.5","dev":"lo","prefsrc":"192.168.1.5","flags":[]}]',
    ),
    [
      { type: 'unicast', device: 'v0', source: undefined },
      { type: 'local', device: 'lo', source: '192.168.1.5' },
    ],
  );
  assert.deepEqual(parseRoutes('[]'), []);
  assert.deepEqual(parseRoutes('\n'), []);
});
