import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readState } from '../../../../src/lab/plan/kernel/read-state.ts';
import { describeStep } from '../../../../src/lab/plan/scenario/describe-step.ts';
import { findEntry } from '../../../../src/lab/plan/scenario/find-entry.ts';
import { leaseOfSubnet } from '../../../../src/lab/plan/scenario/lease-of-subnet.ts';
import { mergePatch } from '../../../../src/lab/plan/scenario/merge-patch.ts';
import { fillPlaceholders } from '../../../../src/lab/plan/scenario/placeholders.ts';
import type { Condition } from '../../../../src/lab/plan/scenario/scenario.ts';

const nodes = [
  { name: 'node1', publicIp: '172.30.0.1', subnet: '10.50.7.0/24', pod: '10.50.7.2', mtu: 1450 },
  { name: 'node2', publicIp: '172.30.0.2', subnet: null, pod: null, mtu: null },
];

describe('placeholders', () => {
  test('are replaced by the facts about a node, also several in one text', () => {
    const text = 'ip route get ${node1.pod} from ${node1.subnetAddress} mtu ${node1.mtu} # $HOME ${HOME}';
    assert.deepEqual(fillPlaceholders(text, nodes), {
      kind: 'filled',
      text: 'ip route get 10.50.7.2 from 10.50.7.0 mtu 1450 # $HOME ${HOME}',
    });
  });

  test('without a value are named', () => {
    assert.deepEqual(fillPlaceholders('${node2.subnet}', nodes), {
      kind: 'unknown',
      because: 'node2 does not have a value for ${node2.subnet}',
    });
    assert.equal(fillPlaceholders('${node1.ipv6Pod}', nodes).kind, 'unknown');
  });
});

describe('a merge patch (RFC 7396, appendix A)', () => {
  const examples: readonly (readonly [target: object, patch: object, result: object])[] = [
    [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
    [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
    [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
    [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
    [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
    [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{ a: 'foo' }, { a: { b: { c: null } } }, { a: { b: {} } }],
  ];
  for (const [target, patch, result] of examples) {
    test(JSON.stringify(patch), () => {
      assert.deepEqual(mergePatch(target as never, patch as never), result);
    });
  }
});

describe('an entry of the kernel', () => {
  const state = readState(
    [
      '',
      '#section link',
      JSON.stringify([{ ifname: 'flannel.1', address: '02:aa:bb:cc:dd:ee', mtu: 1450, flags: ['UP'] }]),
      '#section route',
      JSON.stringify([{ dst: '10.50.2.0/24', gateway: '10.50.2.0', dev: 'flannel.1', flags: [] }]),
      '#section fdb',
      JSON.stringify([
        { mac: '02:00:00:00:00:4d', ifname: 'flannel.1', dst: '192.0.2.7', state: 'permanent' },
      ]),
    ].join('\n'),
  );
  const has = (description: string): boolean => findEntry(state, description) !== undefined;

  test('is found by some of its words in their order', () => {
    for (const description of [
      'link flannel.1',
      'link flannel.1 mtu 1450',
      'fdb 02:00:00:00:00:4D dst 192.0.2.7',
      'fdb 02:00:00:00:00:4d on flannel.1',
    ])
      assert.ok(has(description), description);
  });

  test('is not found by a part of a word, by another kind, or by words in another order', () => {
    for (const description of [
      'link flannel',
      'neighbour flannel.1',
      'flannel.1',
      'link mtu flannel.1',
      'fdb 02:00',
    ])
      assert.ok(!has(description), description);
  });
});

test('the lease of a subnet is found in either family', () => {
  const keys = ['10.50.1.0-24', '10.50.2.0-24&fd00:1::-64', 'nonsense'];
  assert.equal(leaseOfSubnet(keys, '10.50.2.0/24'), keys[1]);
  assert.equal(leaseOfSubnet(keys, 'fd00:1::/64'), keys[1]);
  assert.equal(leaseOfSubnet(keys, '10.50.3.0/24'), undefined);
});

describe('a step is described', () => {
  const nothing: Condition = { reach: [], unreachable: [], states: {}, entries: undefined, lost: undefined };
  const pair = { from: 'node1', to: 'node2' };
  const describeAction = (action: Parameters<typeof describeStep>[0]['action']): string =>
    describeStep({ title: undefined, action });

  test('by its title, if it has one', () => {
    assert.equal(
      describeStep({ title: 'power failure', action: { kind: 'kill', host: 'node1' } }),
      'power failure',
    );
  });

  test('by what it does', () => {
    assert.equal(describeAction({ kind: 'cut', host: 'etcd' }), 'cut etcd');
    assert.equal(describeAction({ kind: 'ping', pair }), 'ping node1 → node2');
    assert.equal(
      describeAction({ kind: 'impair', link: 'node1:eth0', change: { mtu: 1400, loss: 1500, rate: null } }),
      'impair node1:eth0: MTU 1400, loss 1.5%, no rate',
    );
    const clear = { mtu: null, loss: null, rate: null, delay: null };
    assert.equal(
      describeAction({ kind: 'impair', link: 'node1', change: clear }),
      'impair node1: without any limit',
    );
    assert.equal(
      describeAction({ kind: 'run', place: 'node1', command: 'false', fails: true }),
      'run in node1: false (must fail)',
    );
    assert.equal(
      describeAction({ kind: 'change-recipe', change: { kind: 'merge', patch: { SubnetLen: 25 } } }),
      'change the recipe: {"SubnetLen":25}',
    );
  });

  test('by its condition', () => {
    const condition: Condition = {
      ...nothing,
      reach: [pair],
      states: { node1: 'running', node2: 'ended' },
      entries: { place: 'node1', has: ['link a'], lacks: ['link b'] },
      lost: { pair, atMost: 1 },
    };
    assert.equal(
      describeAction({ kind: 'expect', condition }),
      'expect that node1 → node2 answers, and node1 is running, and node2 has ended, and node1 has link a, and node1 lacks link b, and node1 → node2 has lost at most 1 packet',
    );
    const many = Array.from({ length: 6 }, () => pair);
    assert.equal(
      describeAction({ kind: 'wait', condition: { ...nothing, reach: many }, seconds: 1 }),
      'wait until 6 pairs answer',
    );
  });
});
