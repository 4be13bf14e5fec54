import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { passIptables, readIptables } from '../../src/doctor/firewall/iptables-rules.ts';
import { chainsAt, passNft, readNft } from '../../src/doctor/firewall/nft-rules.ts';
import { matchAddress, matchDevice, type ArrivingPacket } from '../../src/doctor/firewall/packet.ts';
import type { Fate } from '../../src/doctor/firewall/walk-chains.ts';

const packet: ArrivingPacket = {
  family: 4,
  protocol: 'udp',
  port: 8472,
  device: 'eth0',
  from: '192.0.2.7',
  to: '192.0.2.1',
};

describe('the way of a packet through iptables', () => {
  /** The fate in INPUT with a policy and rules, which stand as `iptables-save` prints them. */
  function pass(policy: string, rules: readonly string[], given = packet): Fate {
    const text = ['*filter', `:INPUT ${policy} [0:0]`, ':own - [0:0]', ':deep - [0:0]', ...rules, 'COMMIT'];
    return passIptables(readIptables(text.join('\n')), 'INPUT', given);
  }

  const cases: readonly (readonly [Fate, string, ...string[]])[] = [
    // Policies, and the order of rules.
    ['accept', 'ACCEPT'],
    ['drop', 'DROP'],
    ['accept', 'DROP', '-A INPUT -p udp -m udp --dport 8472 -j ACCEPT', '-A INPUT -j DROP'],
    ['drop', 'ACCEPT', '-A INPUT -j DROP', '-A INPUT -p udp -m udp --dport 8472 -j ACCEPT'],
    ['drop', 'ACCEPT', '-A INPUT -j REJECT --reject-with icmp-port-unreachable'],
    // The ends of a range, lists, and other protocols.
    ['accept', 'DROP', '-A INPUT -p udp -m udp --dport 8472:9000 -j ACCEPT'],
    ['accept', 'DROP', '-A INPUT -p udp -m udp --dport 8000:8472 -j ACCEPT'],
    ['drop', 'DROP', '-A INPUT -p udp -m udp --dport 8473:9000 -j ACCEPT'],
    ['drop', 'DROP', '-A INPUT -p udp -m udp --dport 8000:8471 -j ACCEPT'],
    ['accept', 'DROP', '-A INPUT -p udp -m multiport --dports 53,8400:8500 -j ACCEPT'],
    ['drop', 'DROP', '-A INPUT -p tcp -m tcp --dport 8472 -j ACCEPT'],
    // Devices and addresses.
    ['accept', 'DROP', '-A INPUT -i eth+ -j ACCEPT'],
    ['drop', 'DROP', '-A INPUT ! -i eth0 -j ACCEPT'],
    ['accept', 'DROP', '-A INPUT -s 192.0.2.0/24 -j ACCEPT'],
    ['drop', 'DROP', '-A INPUT ! -s 192.0.2.0/24 -j ACCEPT'],
    ['accept', 'DROP', '-A INPUT -d 192.0.2.1/32 -j ACCEPT'],
    // The first packet of a peer is of a new connection.
    ['drop', 'DROP', '-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT'],
    ['accept', 'DROP', '-A INPUT -m conntrack --ctstate NEW,ESTABLISHED -j ACCEPT'],
    ['drop', 'ACCEPT', '-A INPUT -m conntrack ! --ctstate RELATED,ESTABLISHED -j DROP'],
    // Chains: a jump comes back, a goto does not.
    ['accept', 'DROP', '-A INPUT -j own', '-A own -j deep', '-A deep -j ACCEPT'],
    ['accept', 'DROP', '-A INPUT -j own', '-A own -j RETURN', '-A own -j DROP', '-A INPUT -j ACCEPT'],
    ['accept', 'DROP', '-A INPUT -j own', '-A INPUT -j ACCEPT'],
    ['drop', 'DROP', '-A INPUT -g own', '-A INPUT -j ACCEPT'],
    ['maybe', 'ACCEPT', '-A INPUT -j own', '-A own -j own'],
    // Targets that do not decide.
    ['drop', 'DROP', '-A INPUT -j LOG --log-prefix "-j ACCEPT "', '-A INPUT -j MARK --set-xmark 0x1/0x1'],
    ['maybe', 'DROP', '-A INPUT -j NFQUEUE --queue-num 0'],
    ['accept', 'DROP', '-A INPUT -m comment --comment "let \\"peers\\" in" -j ACCEPT'],
    // Matches that are not known here decide nothing, whether they have a value, none, or two.
    ['maybe', 'DROP', '-A INPUT -m mark --mark 0x1 -j ACCEPT'],
    ['maybe', 'ACCEPT', '-A INPUT -m rpfilter --invert -j DROP'],
    ['maybe', 'ACCEPT', '-A INPUT -m set --match-set blocked src -j DROP'],
    ['maybe', 'ACCEPT', '-A INPUT -m recent --rcheck --seconds 60 --name seen --rsource -j DROP'],
    ['maybe', 'ACCEPT', '-A INPUT -m set ! --match-set allowed src -j DROP'],
    ['accept', 'ACCEPT', '-A INPUT -p tcp -m set --match-set blocked src -j DROP'],
    // Where both ways end alike, it does not matter whether a rule matches.
    ['drop', 'DROP', '-A INPUT -m mark --mark 0x1 -j DROP'],
    ['drop', 'ACCEPT', '-A INPUT -m mark --mark 0x1 -g own', '-A own -j REJECT', '-A INPUT -j DROP'],
    ['accept', 'ACCEPT', '-A INPUT -m mark --mark 0x1 -j own', '-A own -m mark --mark 0x2 -j RETURN'],
    [
      'maybe',
      'DROP',
      '-A INPUT -m mark --mark 0x1 -j own',
      '-A own -j RETURN',
      '-A INPUT -m mark --mark 0x2 -j ACCEPT',
    ],
  ];
  for (const [fate, policy, ...rules] of cases) {
    test(`${policy}: ${rules.join('; ') || 'without a rule'}: ${fate}`, () => {
      assert.equal(pass(policy, rules), fate);
    });
  }

  test('an unknown peer may be in a network or not', () => {
    const given = { ...packet, from: undefined };
    assert.equal(pass('DROP', ['-A INPUT -s 192.0.2.0/24 -j ACCEPT'], given), 'maybe');
  });
});

describe('the way of a packet through nftables', () => {
  const accept = { accept: null };
  const drop = { drop: null };
  const compare = (left: object, right: unknown, op = '=='): object => ({ match: { op, left, right } });
  const field = (protocol: string, name: string): object => ({ payload: { protocol, field: name } });
  const meta = (key: string): object => ({ meta: { key } });
  const states = { ct: { key: 'state' } };

  type Rules = readonly (readonly object[])[];

  function pass(policy: string | undefined, input: Rules, own: Rules = [], given = packet): Fate {
    const place = { family: 'inet', table: 'guard' };
    const rules = { input, own };
    const nftables = [
      { metainfo: { version: '1.0.6' } },
      { table: { family: 'inet', name: 'guard' } },
      { chain: { ...place, name: 'input', hook: 'input', type: 'filter', prio: 0, policy } },
      { chain: { ...place, name: 'own' } },
      ...Object.entries(rules).flatMap(([chain, list]) =>
        list.map((expr) => ({ rule: { ...place, chain, expr } })),
      ),
    ];
    const chains = readNft(JSON.stringify({ nftables }));
    const [base] = chainsAt(chains, 'input', given.family);
    assert.ok(base);
    return passNft(chains, base, given);
  }

  const port = (right: unknown, op?: string): object => compare(field('udp', 'dport'), right, op);
  const cases: readonly (readonly [string, Fate, string | undefined, Rules, Rules?])[] = [
    ['no policy', 'accept', undefined, []],
    ['the policy accept', 'accept', 'accept', []],
    ['the policy drop', 'drop', 'drop', []],
    ['accept before drop', 'accept', 'drop', [[port(8472), { counter: null }, accept], [drop]]],
    ['drop before accept', 'drop', 'accept', [[drop], [port(8472), accept]]],
    ['reject', 'drop', 'accept', [[{ reject: null }]]],
    ['a set of ports', 'accept', 'drop', [[port({ set: [53, { range: [8472, 8480] }] }), accept]]],
    ['a range that ends before', 'drop', 'drop', [[port({ range: [8000, 8471] }), accept]]],
    ['a named set', 'maybe', 'drop', [[port('@ports'), accept]]],
    ['any port but one', 'drop', 'accept', [[port(22, '!='), drop]]],
    ['ports from a number on', 'maybe', 'accept', [[port(1024, '>='), drop]]],
    ['a TCP port', 'drop', 'drop', [[compare(field('tcp', 'dport'), 8472), accept]]],
    ['any TCP port but one', 'accept', 'accept', [[compare(field('tcp', 'dport'), 22, '!='), drop]]],
    [
      'IPv6 sources but one network',
      'accept',
      'accept',
      [[compare(field('ip6', 'saddr'), { prefix: { addr: 'fd00::', len: 8 } }, '!='), drop]],
    ],
    [
      'a source network',
      'accept',
      'drop',
      [[compare(field('ip', 'saddr'), { prefix: { addr: '192.0.2.0', len: 24 } }), accept]],
    ],
    ['a device', 'accept', 'drop', [[compare(meta('iifname'), { set: ['lo', 'eth*'] }), accept]]],
    ['another device', 'drop', 'drop', [[compare(meta('iifname'), 'eth0', '!='), accept]]],
    ['a protocol', 'accept', 'drop', [[compare(meta('l4proto'), { set: ['tcp', 'udp'] }), accept]]],
    ['the other family', 'drop', 'drop', [[compare(meta('nfproto'), 'ipv6'), accept]]],
    ['known connections', 'drop', 'drop', [[compare(states, ['established', 'related'], 'in'), accept]]],
    ['new connections', 'accept', 'drop', [[compare(states, 'new', 'in'), accept]]],
    ['a jump that accepts', 'accept', 'drop', [[{ jump: { target: 'own' } }]], [[accept]]],
    [
      'a jump that comes back',
      'accept',
      'drop',
      [[{ jump: { target: 'own' } }], [accept]],
      [[{ return: null }]],
    ],
    ['a goto that ends', 'drop', 'drop', [[{ goto: { target: 'own' } }], [accept]], []],
    ['a jump without end', 'maybe', 'drop', [[{ jump: { target: 'own' } }]], [[{ jump: { target: 'own' } }]]],
    ['a verdict map', 'maybe', 'drop', [[{ vmap: { key: states, data: { set: [] } } }]]],
    ['an unknown match', 'maybe', 'accept', [[{ xt: { type: 'match', name: 'socket' } }, drop]]],
    ['an unknown statement without a verdict', 'accept', 'accept', [[{ limit: { rate: 5, per: 'second' } }]]],
  ];
  for (const [name, fate, policy, rules, own] of cases) {
    test(`${name}: ${fate}`, () => assert.equal(pass(policy, rules, own), fate));
  }

  test('chains of iptables-nft, of other families and of other hooks are left out', () => {
    const chain = { table: 'filter', hook: 'input', policy: 'drop' };
    const nftables = [
      { chain: { ...chain, family: 'ip', name: 'INPUT' } },
      { chain: { ...chain, family: 'ip', name: 'input' } },
      { chain: { ...chain, family: 'ip6', name: 'input' } },
      { chain: { ...chain, family: 'bridge', name: 'input' } },
      { chain: { ...chain, family: 'inet', name: 'early', hook: 'prerouting' } },
    ];
    const chains = readNft(JSON.stringify({ nftables }));
    assert.deepEqual(
      chainsAt(chains, 'input', 4).map(({ family, name }) => `${family} ${name}`),
      ['ip input'],
    );
  });
});

test('an address matches a network or itself, and an unknown one perhaps', () => {
  assert.equal(matchAddress('192.0.2.255', '192.0.2.0/24'), true);
  assert.equal(matchAddress('192.0.3.0', '192.0.2.0/24'), false);
  assert.equal(matchAddress('fd00::7', 'fd00::7'), true);
  assert.equal(matchAddress('fd00::7', '0.0.0.0/0'), false);
  assert.equal(matchAddress(undefined, '0.0.0.0/0'), undefined);
  assert.equal(matchAddress('192.0.2.1', '192.0.2.1/255.0.255.0'), undefined);
});

test('a pattern of devices ends in a plus or an asterisk', () => {
  assert.deepEqual(
    ['eth0', 'eth', 'eth+', 'eth*', '+', 'eth00'].map((pattern) => matchDevice('eth0', pattern)),
    [true, false, true, true, true, false],
  );
});
