import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { InterfaceWishes } from '../../../src/host/interface/choose-interface.ts';
import { explainChoice } from '../../../src/host/interface/explain-choice.ts';
import type { Link } from '../../../src/host/interface/ip-output.ts';
import type { AddressMemory } from '../../../src/host/interface/rank-addresses.ts';
import { linkAddress, noWishes, underlayLink } from '../../daemon/bench.ts';

const links: readonly Link[] = [
  { ...underlayLink, name: 'lo', loopback: true, addresses: [linkAddress('127.0.0.1', { prefix: 8 })] },
  {
    ...underlayLink,
    name: 'eth0',
    addresses: [
      linkAddress('198.51.100.200', { prefix: 32 }),
      linkAddress('198.51.100.50', { lifetime: 3600 }),
      linkAddress('198.51.100.2'),
      linkAddress('198.51.100.3'),
      linkAddress('fd00::2', { prefix: 64 }),
    ],
  },
  { ...underlayLink, name: 'eth1', addresses: [linkAddress('192.0.2.1')] },
  { ...underlayLink, name: 'eth2', up: false, addresses: [linkAddress('192.0.2.2')] },
  { ...underlayLink, name: 'bare', addresses: [] },
];

function explain(changes: Partial<InterfaceWishes> = {}, memory?: AddressMemory): readonly string[] {
  const wishes: InterfaceWishes = { ...noWishes, iface: ['eth0'], families: [4], ...changes };
  const { candidates } = explainChoice(wishes, {
    links,
    defaultRoutes: { 4: [], 6: [] },
    routeToReach: undefined,
    memory,
  });
  return candidates.map(
    (each) => `${each.interface} ${each.address ?? '-'} ${each.isTaken ? '+' : '-'} ${each.because}`,
  );
}

test('every candidate has a verdict and a reason', () => {
  assert.deepEqual(explain(), [
    'lo 127.0.0.1 - it is a loopback address',
    'eth0 198.51.100.200 - it may come and go: it is a /32 next to 198.51.100.50/24, as a virtual address is; --iface 198.51.100.200 insists on it',
    'eth0 198.51.100.50 - it may come and go: its lifetime ends in 3600 s; --iface 198.51.100.50 insists on it',
    'eth0 198.51.100.2 + --iface names it',
    'eth0 198.51.100.3 - 198.51.100.2 comes first',
    'eth0 fd00::2 - the network does not use IPv6',
    'eth1 192.0.2.1 - eth0 is taken: --iface names it',
    'eth2 192.0.2.2 - interface eth2 is down',
    'bare - - interface bare does not have an IPv4 address',
  ]);
});

test('an address that is insisted on, kept or new says so', () => {
  const insisted = explain({ iface: ['198.51.100.200'] });
  assert.match(insisted[1] ?? '', /^eth0 198\.51\.100\.200 \+ --iface names its address/);
  assert.match(insisted[3] ?? '', / - 198\.51\.100\.200 comes first$/);
  const seen = ['198.51.100.200', '198.51.100.50', '198.51.100.3'];
  const kept = explain({}, { seen, used: { ipv4: '198.51.100.50', ipv6: undefined } });
  assert.match(kept[2] ?? '', /\+ --iface names it; this node used the address at its last start$/);
  assert.match(kept[3] ?? '', / - it comes and goes: this node did not have it at its last start; --iface/);
  assert.match(
    kept[4] ?? '',
    / - this node used 198\.51\.100\.50 at its last start; --iface 198\.51\.100\.3 /,
  );
});

test('if nothing can be chosen, each address says why, or the options that fit nothing are named', () => {
  const none = explain({ iface: ['nope', 'eth2'] });
  assert.match(
    none[3] ?? '',
    /^eth0 198\.51\.100\.2 - the interface nope does not exist; interface eth2 is down$/,
  );
  assert.match(none[7] ?? '', /^eth2 192\.0\.2\.2 - interface eth2 is down$/);
});
