import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evaluateInNamespace, skipNamespaces } from './namespace.ts';

const setUp = [
  'ip link add uplink type veth peer name far',
  'ip link set uplink address 02:00:00:00:00:05 mtu 1400 up',
  'ip link set far up',
  'ip address add 192.0.2.5/24 dev uplink',
  'ip address add 192.0.2.6/24 dev uplink',
  'ip -6 address add fd00:1::5/64 dev uplink nodad',
];
const routes = ['ip route add default via 192.0.2.1', 'ip -6 route add default via fd00:1::1'];

function lookUp(wishes: object): string {
  return `new m.InterfaceLookUp(${JSON.stringify({ iface: [], ifaceRegex: [], ...wishes })}, '/nonexistent')`;
}

function find(lines: string[], wishes: object, families: readonly number[] = [4]) {
  return evaluateInNamespace(
    lines,
    'host/interface/interface.ts',
    `${lookUp(wishes)}.choose(${JSON.stringify(families)})`,
  );
}

test('the interface of the default route, as the kernel has it', { skip: skipNamespaces }, async () => {
  assert.deepEqual(await find([...setUp, ...routes], {}, [4, 6]), {
    name: 'uplink',
    mtu: 1400,
    addresses: { ipv4: '192.0.2.5', ipv6: 'fd00:1::5' },
    hardwareAddress: '02:00:00:00:00:05',
    publicIp: '192.0.2.5',
    publicIpv6: 'fd00:1::5',
    because: 'it has the default route',
  });
});

test('the interface that reaches an address', { skip: skipNamespaces }, async () => {
  const chosen = await find(setUp, { ifaceCanReach: '192.0.2.77' });
  assert.deepEqual(chosen, {
    name: 'uplink',
    mtu: 1400,
    addresses: { ipv4: '192.0.2.5' },
    hardwareAddress: '02:00:00:00:00:05',
    publicIp: '192.0.2.5',
    because: 'it reaches 192.0.2.77',
  });
});

test('before the families are known, an interface of either will do', { skip: skipNamespaces }, async () => {
  const onlyIpv6 = [...setUp, 'ip -4 address flush dev uplink'];
  const demand = (wishes: object) =>
    evaluateInNamespace(onlyIpv6, 'host/interface/interface.ts', `${lookUp(wishes)}.require()`);
  assert.equal(await demand({ iface: ['uplink'] }), undefined);
  const failure = (await demand({ iface: ['nosuch'] })) as Record<string, string>;
  assert.match(failure['failed'] ?? '', /the interface nosuch does not exist/);
});

test('nothing to choose is a failure that names what there is', { skip: skipNamespaces }, async () => {
  const failure = (await find(setUp, {})) as Record<string, string>;
  assert.equal(failure['kind'], 'interface');
  assert.match(failure['failed'] ?? '', /no default route for IPv4/);
  assert.match(failure['detail'] ?? '', /uplink: 192\.0\.2\.5, 192\.0\.2\.6, fd00:1::5/);
  const unreachable = (await find(setUp, { ifaceCanReach: '203.0.113.1' })) as Record<string, string>;
  assert.match(unreachable['failed'] ?? '', /no route to 203\.0\.113\.1/);
});

test('the kernel lists each route into a network, of any kind', { skip: skipNamespaces }, async () => {
  const network4 = '{ family: 4, value: 0x0a320000n, prefix: 16 }';
  const network6 = '{ family: 6, value: 0xfd000050n << 96n, prefix: 48 }';
  const ask = (route: string | undefined) =>
    evaluateInNamespace(
      [...setUp, ...routes, ...(route === undefined ? [] : [`ip ${route}`])],
      'host/interface/proc-routes.ts',
      `Promise.all([m.mayHaveRouteInto(${network4}), m.mayHaveRouteInto(${network6})])`,
    );
  assert.deepEqual(await ask(undefined), [false, false]);
  for (const route of [
    'route add 10.50.7.0/24 via 192.0.2.9',
    'route add 10.0.0.0/8 dev uplink',
    'route add unreachable 10.50.7.7',
    'route add 10.50.7.0/24 nexthop via 192.0.2.9 nexthop via 192.0.2.10',
  ])
    assert.deepEqual(await ask(route), [true, false], route);
  for (const route of ['-6 route add fd00:50::/64 via fd00:1::9', '-6 route add fd00:50:0:7::1 dev uplink'])
    assert.deepEqual(await ask(route), [false, true], route);
  assert.deepEqual(await ask('route add 10.50.7.0/24 via 192.0.2.9 table 77'), [false, false]);
});
