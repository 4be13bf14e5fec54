import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { findDroppers } from '../../src/doctor/firewall/droppers.ts';
import { listForwardedPackets } from '../../src/doctor/firewall/forwarded-packets.ts';
import { joinListings, listForwardTables } from '../../src/doctor/firewall/nft-rules.ts';
import { cidr } from '../lease/fixtures.ts';

const network = cidr('10.50.0.0/16');
const own = cidr('10.50.4.0/24');
const all = ['lo', 'eth0', 'docker0', 'flannel.1', 'cni0'];

interface Given {
  /** The rules of iptables, and FORWARD's policy. */
  readonly iptables?: readonly [policy: string, ...rules: string[]];
  /** Objects of `nft -j`. */
  readonly nft?: readonly object[];
  readonly ofPods?: readonly string[];
}

/** The description of what is dropped, or nothing. */
function find({ iptables, nft = [], ofPods = ['cni0'] }: Given): readonly string[] {
  const [policy, ...rules] = iptables ?? [];
  const text = [`:FORWARD ${policy ?? ''} [0:0]`, ':DOCKER - [0:0]', ':DOCKER-USER - [0:0]', ...rules].join(
    '\n',
  );
  const saved = { family: 4 as const, program: 'iptables-nft-save', text };
  const found = findDroppers(
    {
      iptables: iptables === undefined ? [] : [saved],
      nft: JSON.stringify({ nftables: nft }),
      unreadable: undefined,
    },
    4,
    listForwardedPackets(network, own, { all, ofPods }),
  );
  return found.map(({ where, what }) => `${where} drops packets ${what}`);
}

const docker = [
  '-A FORWARD -j DOCKER-USER',
  '-A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-A FORWARD -o docker0 -j DOCKER',
  '-A FORWARD -i docker0 ! -o docker0 -j ACCEPT',
  '-A FORWARD -i docker0 -o docker0 -j ACCEPT',
  '-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT',
  '-A DOCKER-USER -j RETURN',
];
const toPeers = 'the chain FORWARD of iptables-nft drops packets from 10.50.4.0/24 to 10.50.0.0/16';

describe('a chain of another program that drops packets of the network, in iptables', () => {
  const cases: readonly (readonly [what: string, given: Given, found: readonly string[]])[] = [
    ['the policy', { iptables: ['DROP'] }, [toPeers]],
    ['no policy', { iptables: ['ACCEPT'] }, []],
    ['the policy of Docker', { iptables: ['DROP', ...docker] }, [toPeers]],
    ['the policy of Docker, before the first pod', { iptables: ['DROP', ...docker], ofPods: [] }, [toPeers]],
    [
      'Docker, with a user who accepts the network',
      {
        iptables: [
          'DROP',
          ...docker.slice(0, -1),
          '-A DOCKER-USER -s 10.50.0.0/16 -j ACCEPT',
          '-A DOCKER-USER -d 10.50.0.0/16 -j ACCEPT',
        ],
      },
      [],
    ],
    [
      'the policy, where the device of the pods is accepted',
      { iptables: ['DROP', '-A FORWARD -i cni0 -j ACCEPT', '-A FORWARD -o cni0 -j ACCEPT'] },
      [],
    ],
    [
      'the policy, where a device to come is accepted',
      { iptables: ['DROP', '-A FORWARD -i pods0 -j ACCEPT', '-A FORWARD -o pods0 -j ACCEPT'], ofPods: [] },
      [],
    ],
    ['a rule for another network', { iptables: ['ACCEPT', '-A FORWARD -d 10.60.0.0/16 -j DROP'] }, []],
    [
      'a rule for other sources',
      { iptables: ['ACCEPT', '-A FORWARD ! -s 10.0.0.0/8 -d 10.50.0.0/16 -j REJECT'] },
      [],
    ],
    [
      'a rule for a part of the network',
      { iptables: ['ACCEPT', '-A FORWARD -s 10.50.4.128/25 -j DROP'] },
      [],
    ],
    [
      'a rule against hosts outside',
      { iptables: ['DROP', '-A FORWARD -s 10.50.0.0/16 -j ACCEPT'] },
      ['the chain FORWARD of iptables-nft drops packets from outside 10.50.0.0/16 to 10.50.4.0/24'],
    ],
    ['a rule against one protocol', { iptables: ['ACCEPT', '-A FORWARD -p udp -j DROP'] }, [toPeers]],
  ];
  for (const [what, given, found] of cases) {
    test(what, () => assert.deepEqual(find(given), found));
  }
});

/** A chain at the forward hook with its rules. */
function chain(
  name: string,
  policy: string | undefined,
  rules: readonly (readonly object[])[],
  base = true,
): object[] {
  const place = { family: 'inet', table: 'firewalld' };
  return [
    { chain: { ...place, name, ...(base && { hook: 'forward', type: 'filter', prio: 10, policy }) } },
    ...rules.map((expr) => ({ rule: { ...place, chain: name, expr } })),
  ];
}

const compare = (left: object, right: unknown, op = '=='): object => ({ match: { op, left, right } });
const device = (name: string): object => compare({ meta: { key: 'iifname' } }, name);
const accept = { accept: null };

/** The rules of firewalld 1.3 for a host with the zone `public` on eth0, without rules that cannot match. */
const firewalld = (more: readonly object[] = []): readonly object[] => [
  ...chain('filter_FORWARD', 'accept', [
    [compare({ ct: { key: 'state' } }, { set: ['established', 'related'] }, 'in'), accept],
    [compare({ ct: { key: 'status' } }, 'dnat', 'in'), accept],
    [device('lo'), accept],
    [{ jump: { target: 'filter_FORWARD_ZONES' } }],
    [compare({ ct: { key: 'state' } }, 'invalid', 'in'), { drop: null }],
    [{ reject: { type: 'icmpx', expr: 'admin-prohibited' } }],
  ]),
  ...chain(
    'filter_FORWARD_ZONES',
    undefined,
    [
      [device('eth0'), { goto: { target: 'filter_FWD_public' } }],
      ...more.map((each) => [each].flat()),
      [{ goto: { target: 'filter_FWD_public' } }],
    ],
    false,
  ),
  ...chain(
    'filter_FWD_public',
    undefined,
    [
      [{ jump: { target: 'filter_FWD_public_allow' } }],
      [{ reject: { type: 'icmpx', expr: 'admin-prohibited' } }],
    ],
    false,
  ),
  ...chain('filter_FWD_public_allow', undefined, [], false),
  ...chain('filter_FWD_trusted', undefined, [[accept]], false),
];

describe('a chain of another program that drops packets of the network, in nftables', () => {
  const ofFirewalld =
    'the chain filter_FORWARD of the nftables table inet firewalld drops packets from 10.50.4.0/24 to 10.50.0.0/16';

  test('firewalld, which rejects what no zone accepts', () => {
    assert.deepEqual(find({ nft: firewalld() }), [ofFirewalld]);
  });

  test('firewalld with the network in a trusted zone', () => {
    const range = { prefix: { addr: '10.50.0.0', len: 16 } };
    const trusted = ['saddr', 'daddr'].map((field) => [
      compare({ payload: { protocol: 'ip', field } }, range),
      { goto: { target: 'filter_FWD_trusted' } },
    ]);
    assert.deepEqual(find({ nft: firewalld(trusted) }), []);
  });

  test('rules of the other family, and other hooks', () => {
    const rules = [
      ...chain('late', 'accept', [[compare({ meta: { key: 'nfproto' } }, 'ipv6'), { drop: null }]]),
      { chain: { family: 'ip6', table: 'six', name: 'forward', hook: 'forward', policy: 'drop' } },
      { chain: { family: 'ip', table: 'in', name: 'input', hook: 'input', policy: 'drop' } },
    ];
    assert.deepEqual(find({ nft: rules }), []);
  });

  test('the command of the cure stands in the same chain', () => {
    const rules = { iptables: [], nft: JSON.stringify({ nftables: firewalld() }), unreadable: undefined };
    const [dropper] = findDroppers(rules, 4, listForwardedPackets(network, own, { all, ofPods: [] }));
    const insert = 'nft insert rule inet firewalld filter_FORWARD ip';
    assert.equal(
      dropper?.acceptance('10.50.0.0/16'),
      `${insert} saddr 10.50.0.0/16 accept && ${insert} daddr 10.50.0.0/16 accept`,
    );
  });
});

test('only tables with a chain at the forward hook are read, and not those of heddle', () => {
  const place = { type: 'filter', hook: 'forward', prio: 0, policy: 'accept' };
  const listing = JSON.stringify({
    nftables: [
      { metainfo: {} },
      { chain: { family: 'ip', table: 'heddle-ipv4-two', name: 'forward', ...place } },
      { chain: { family: 'ip', table: 'filter', name: 'FORWARD', ...place } },
      { chain: { family: 'ip', table: 'nat', name: 'PREROUTING', ...place, hook: 'prerouting' } },
      { chain: { family: 'bridge', table: 'b', name: 'forward', ...place } },
      { chain: { family: 'inet', table: 'guard', name: 'one', ...place } },
      { chain: { family: 'inet', table: 'guard', name: 'two', ...place } },
    ],
  });
  assert.deepEqual(listForwardTables(listing), [
    { family: 'ip', table: 'filter', isOfIptables: true },
    { family: 'inet', table: 'guard', isOfIptables: false },
  ]);
  const joined = joinListings(['{"nftables":[{"metainfo":{}}]}', '{"nftables":[{"table":{}}]}']);
  assert.equal(joined, '{"nftables":[{"metainfo":{}},{"table":{}}]}');
});
