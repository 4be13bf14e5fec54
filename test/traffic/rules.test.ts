import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseCidr, type Cidr } from '../../src/network/cidr.ts';
import { planChain, readChain, readRule, renderRule } from '../../src/traffic/iptables.ts';
import { findTableTrouble, readNftRule, renderHeddleTable } from '../../src/traffic/nftables.ts';
import { describeRule, listTrafficRules, noRules, type TrafficRule } from '../../src/traffic/rule.ts';

function cidr(text: string): Cidr {
  const parsed = parseCidr(text);
  assert.ok(parsed);
  return parsed;
}

const wishes = { masquerade: true, fullyRandom: true, forward: true };
const wanted = listTrafficRules(cidr('10.50.0.0/16'), cidr('10.50.4.0/24'), wishes);
const postrouting = wanted.postrouting ?? [];

/** A chain of iptables that holds the rules, and is jumped to so often. */
function chainOf(rules: readonly TrafficRule[], jumps = 1): readonly string[] {
  const jump = '-A POSTROUTING -m comment --comment "heddle masq" -j HEDDLE-POSTRTG';
  return [
    '-P POSTROUTING ACCEPT',
    '-A POSTROUTING -s 192.0.2.0/24 -j MASQUERADE',
    ...Array.from({ length: jumps }, () => jump),
    '-N HEDDLE-POSTRTG',
    ...rules.map((rule) => renderRule('HEDDLE-POSTRTG', rule)),
  ];
}

function plan(lines: readonly string[], rules: readonly TrafficRule[] | undefined = postrouting) {
  return planChain('postrouting', readChain(lines, 'HEDDLE-POSTRTG'), rules);
}

const ranges = ['10.50.0.0/16', '10.50.4.0/24', '192.0.2.7/32', 'fd00:50::/48', 'fd00::1/128'].map(cidr);
const match = fc.option(fc.record({ range: fc.constantFrom(...ranges), isNegated: fc.boolean() }), {
  nil: undefined,
});
const rule: fc.Arbitrary<TrafficRule> = fc.record({
  isMarked: fc.boolean(),
  source: match,
  destination: match,
  verdict: fc.oneof(
    fc.constantFrom({ kind: 'return' } as const, { kind: 'accept' } as const),
    fc.boolean().map((isFullyRandom) => ({ kind: 'masquerade', isFullyRandom }) as const),
  ),
  comment: fc.constantFrom('heddle masq', 'heddle forward'),
});

describe('iptables', () => {
  test('reads each rule as it was written', () => {
    fc.assert(
      fc.property(rule, (given) => {
        const read = readRule(renderRule('HEDDLE-FWD', given));
        assert.equal(read && describeRule(read), describeRule(given));
      }),
    );
  });

  test('prints an address alone, and its parts in any order', () => {
    const read = readRule('-A X -m comment --comment "heddle masq" -d 192.0.2.7 ! -s 10.50.0.0/16 -j RETURN');
    assert.equal(
      read && describeRule(read),
      'from outside 10.50.0.0/16 to 192.0.2.7/32 return (heddle masq)',
    );
  });

  for (const line of [
    '-A X -p tcp -s 10.50.0.0/16 -j ACCEPT',
    '-A X -s 10.50.0.0/16 -i eth0 -j ACCEPT',
    '-A X -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A X -m mark --mark 0x4000 -j RETURN',
    '-A X -s 10.50.0.0/16 -j DROP',
    '-A X -s nonsense -j ACCEPT',
    '-A X -s 10.50.0.0/16',
  ]) {
    test(`takes ${line} for a rule that is not heddle's`, () => {
      assert.equal(readRule(line), undefined);
    });
  }

  test('needs no change if all is in place', () => {
    assert.equal(plan(chainOf(postrouting)), undefined);
  });

  test('makes a missing chain and the jump to it in one transaction', () => {
    const change = plan(['-P POSTROUTING ACCEPT']);
    assert.equal(change?.because, 'the chain HEDDLE-POSTRTG of the table nat is missing');
    assert.match(
      change.script,
      /^\*nat\n:HEDDLE-POSTRTG - \[0:0\]\n(-A HEDDLE-POSTRTG .*\n){6}-A POSTROUTING .* -j HEDDLE-POSTRTG\nCOMMIT\n$/,
    );
  });

  const disorders: readonly [what: string, lines: readonly string[]][] = [
    ['another order', chainOf(postrouting.toReversed())],
    ['a rule twice', chainOf([...postrouting, ...postrouting.slice(0, 1)])],
    ['a rule less', chainOf(postrouting.slice(1))],
    ['a rule more', [...chainOf(postrouting), '-A HEDDLE-POSTRTG -j DROP']],
  ];
  for (const [what, lines] of disorders) {
    test(`fills the chain again for ${what}, and leaves the jump`, () => {
      const { script } = plan(lines) ?? assert.fail();
      assert.match(script, /:HEDDLE-POSTRTG/);
      assert.doesNotMatch(script, / POSTROUTING/);
    });
  }

  test('leaves one of several jumps, and does not touch the chain or the rules of others', () => {
    const { script } = plan(chainOf(postrouting, 3)) ?? assert.fail();
    assert.equal(script.match(/^-D POSTROUTING /gm)?.length, 3);
    assert.equal(script.match(/^-A POSTROUTING /gm)?.length, 1);
    assert.doesNotMatch(script, /:HEDDLE|192\.0\.2/);
  });

  test('replaces a jump with a condition', () => {
    const lines = chainOf(postrouting, 0).concat('-A POSTROUTING -o eth0 -j HEDDLE-POSTRTG');
    const { script } = plan(lines) ?? assert.fail();
    assert.match(script, /^-D POSTROUTING -o eth0 -j HEDDLE-POSTRTG$/m);
  });

  test('removes a chain that is not wanted, and nothing if it is gone', () => {
    const found = readChain(chainOf(postrouting, 2), 'HEDDLE-POSTRTG');
    const { script } = planChain('postrouting', found, undefined) ?? assert.fail();
    assert.match(script, /^(\*nat)\n(-D POSTROUTING .*\n){2}-F HEDDLE-POSTRTG\n-X HEDDLE-POSTRTG\nCOMMIT\n$/);
    assert.equal(planChain('postrouting', readChain([], 'HEDDLE-POSTRTG'), undefined), undefined);
  });
});

describe('nftables', () => {
  const statement = (field: string, op: string, right: unknown): object => ({
    match: { op, left: { payload: { protocol: 'ip', field } }, right },
  });
  const network = { prefix: { addr: '10.50.0.0', len: 16 } };

  test('has its rules read, in both forms of the flags of masquerade', () => {
    for (const flags of ['fully-random', ['fully-random']]) {
      const expr = [
        statement('saddr', '==', network),
        statement('daddr', '!=', '192.0.2.7'),
        { masquerade: { flags } },
      ];
      const read = readNftRule({ expr, comment: 'heddle masq' });
      assert.equal(
        read && describeRule(read),
        'from 10.50.0.0/16 to outside 192.0.2.7/32 masquerade fully random (heddle masq)',
      );
    }
  });

  for (const [what, expr] of [
    ['a counter', [{ counter: { packets: 0, bytes: 0 } }, { return: null }]],
    ['a set', [statement('saddr', '==', { set: ['10.0.0.1'] }), { accept: null }]],
    ['another operator', [statement('saddr', '<', '10.0.0.1'), { accept: null }]],
    ['a drop', [statement('saddr', '==', network), { drop: null }]],
    ['no verdict', [statement('saddr', '==', network)]],
    [
      'an exact mark, which is not a mask',
      [{ match: { op: '==', left: { meta: { key: 'mark' } }, right: 16384 } }, { return: null }],
    ],
  ] as const) {
    test(`takes a rule with ${what} for one that is not heddle's`, () => {
      assert.equal(readNftRule({ expr }), undefined);
    });
  }

  test('replaces the whole table in one script, and removes it if no chain is wanted', () => {
    const script = renderHeddleTable(4, wanted);
    assert.match(script, /^add table ip heddle-ipv4\ndelete table ip heddle-ipv4\ntable ip heddle-ipv4 \{\n/);
    assert.match(script, /meta mark and 16384 == 16384 return comment "heddle masq"/);
    assert.equal(renderHeddleTable(6, noRules), 'add table ip6 heddle-ipv6\ndelete table ip6 heddle-ipv6\n');
  });

  test('says why the table has to be replaced', () => {
    const listing = (chains: readonly object[]): string =>
      JSON.stringify({
        nftables: chains.map((chain) => ({ chain: { family: 'ip', table: 'heddle-ipv4', ...chain } })),
      });
    const forward = { name: 'forward', type: 'filter', hook: 'forward', prio: 0, policy: 'accept' };
    const only = { ...noRules, forward: wanted.forward };
    assert.match(findTableTrouble(4, only, undefined) ?? '', /heddle-ipv4 is missing$/);
    assert.match(findTableTrouble(4, only, listing([])) ?? '', /does not have the chain forward$/);
    assert.match(
      findTableTrouble(4, only, listing([{ ...forward, policy: 'drop' }])) ?? '',
      /not at its hook$/,
    );
    assert.match(
      findTableTrouble(4, only, listing([forward])) ?? '',
      /does not have the rules of this network$/,
    );
    assert.match(findTableTrouble(4, only, listing([forward, { name: 'mine' }])) ?? '', /has a chain mine/);
    assert.match(findTableTrouble(4, noRules, listing([forward])) ?? '', /is not wanted$/);
    assert.equal(findTableTrouble(4, noRules, undefined), undefined);
  });
});

test('IPv6 rules leave out the multicast of IPv6', () => {
  const { postrouting: rules = [] } = listTrafficRules(
    cidr('fd00:50::/48'),
    cidr('fd00:50:0:1::/64'),
    wishes,
  );
  assert.equal(
    rules[4] && describeRule(rules[4]),
    'from fd00:50::/48 to outside ff00::/8 masquerade fully random (heddle masq)',
  );
});
