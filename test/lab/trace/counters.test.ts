import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCounters, risenCounters } from '../../../src/lab/trace/counters.ts';

/** The output of `nft list table netdev heddle-loss`. */
const rules = (first: number, second: number): readonly string[] => [
  'table netdev heddle-loss {',
  '\tchain from-node1 {',
  '\t\ttype filter hook ingress device "node1" priority filter; policy accept;',
  `\t\tnumgen random mod 100000 < 5000 counter packets ${first} bytes 84 drop`,
  '\t}',
  '\tchain to-node2_eth1 {',
  '\t\ttype filter hook egress device "node2.eth1" priority filter; policy accept;',
  `\t\tcounter packets ${second} bytes 0 drop`,
  '\t}',
  '}',
];

const countersOf = (lines: readonly string[]): ReturnType<typeof readCounters> =>
  readCounters([], (section) => (section === 'loss' ? lines : []));

test('the packets that links lost on purpose are counted by link and way', () => {
  const [before, after] = [countersOf(rules(1, 0)), countersOf(rules(1, 2))];
  assert.deepEqual(
    [...before],
    [
      ['loss of the link node1:eth0, from the host', 1],
      ['loss of the link node2:eth1, to the host', 0],
    ],
  );
  assert.deepEqual(risenCounters(before, after), [
    { name: 'loss of the link node2:eth1, to the host', by: 2 },
  ]);
  assert.equal(countersOf([]).size, 0);
});
