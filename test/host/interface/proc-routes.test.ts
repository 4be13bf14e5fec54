import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDestinations, parseLinkRoutes } from '../../../src/host/interface/proc-routes.ts';
import { formatCidr } from '../../../src/network/cidr.ts';

const headline =
  'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT      \n';

/** A line as the kernel writes it, padded with spaces. */
function line(device: string, destination: string, mask: string): string {
  return `${device}\t${destination}\t00000000\t0001\t0\t0\t0\t${mask}\t0\t0\t0`.padEnd(127) + '\n';
}

function destinations(text: string, family: 4 | 6, order: 'LE' | 'BE' = 'LE'): readonly string[] {
  return parseDestinations(text, family, order).map(formatCidr);
}

test('the destinations of IPv4 routes, a default route and a route without a device among them', () => {
  const text =
    headline +
    line('eth0', '00000000', '00000000') +
    line('flannel.1', '0007320A', '00FFFFFF') +
    line('*', '0020320A', '00E0FFFF') +
    line('eth0', '070200C0', 'FFFFFFFF');
  assert.deepEqual(destinations(text, 4), ['0.0.0.0/0', '10.50.7.0/24', '10.50.32.0/19', '192.0.2.7/32']);
});

test('the destinations of IPv4 routes on a machine whose numbers begin with the highest byte', () => {
  const text = headline + line('eth0', '0A320700', 'FFFFFF00') + line('eth0', '80000000', '80000000');
  assert.deepEqual(destinations(text, 4, 'BE'), ['10.50.7.0/24', '128.0.0.0/1']);
});

test('the destinations of IPv6 routes', () => {
  const rest = `${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000001 00000000 00000001     eth0\n`;
  const text =
    `fd000050000000070000000000000000 40 ${rest}` +
    `00000000000000000000000000000000 00 ${rest}` +
    `fd000050000000000000000000000001 80 ${rest}`;
  assert.deepEqual(destinations(text, 6), ['fd00:50:0:7::/64', '::/0', 'fd00:50::1/128']);
});

test('a namespace without routes has an empty list', () => {
  assert.deepEqual(destinations(headline, 4), []);
  assert.deepEqual(destinations('', 6), []);
});

test('a route is on a link if it has neither a gateway nor a refusal', () => {
  const ipv4 = [
    'eth0\t0002320A\t0902A8C0\t0003\t0\t0\t100\t00FFFFFF\t0\t0\t0',
    'eth1\t0003320A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0',
    '*\t0004320A\t00000000\t0201\t0\t0\t0\t00FFFFFF\t0\t0\t0',
  ].join('\n');
  assert.deepEqual(
    parseLinkRoutes(headline + ipv4, 4, 'LE').map((route) => [route.device, route.metric]),
    [
      [undefined, 100],
      ['eth1', 0],
      [undefined, 0],
    ],
  );
  const none = '0'.repeat(32);
  const ipv6 = [
    `fd000050000000020000000000000000 40 ${none} 00 fd000099000000000000000000000002 00000400 00000001 00000000 00000003     eth0`,
    `fd000099000000000000000000000000 40 ${none} 00 ${none} 00000100 00000003 00000000 00000001     eth1`,
    `${none} 00 ${none} 00 ${none} ffffffff 00000001 00000000 00200200       lo`,
  ].join('\n');
  assert.deepEqual(
    parseLinkRoutes(ipv6, 6, 'LE').map((route) => [route.device, route.metric]),
    [
      [undefined, 1024],
      ['eth1', 256],
      [undefined, 4294967295],
    ],
  );
});
