import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { kernelNeeds, lossRules, queueCommands } from '../../../../src/lab/plan/underlay/impair-commands.ts';
import {
  everyPacket,
  formatDelay,
  formatLoss,
  formatRate,
  noImpairment,
  parseDelay,
  parseLoss,
  parseRate,
} from '../../../../src/lab/plan/underlay/impairment.ts';

test('limits are read with their units', () => {
  assert.deepEqual(['0%', '1.5%', '0.001%', '100%'].map(parseLoss), [0, 1500, 1, everyPacket]);
  assert.deepEqual(['8kbit', '10mbit', '1gbit'].map(parseRate), [8000, 10_000_000, 1_000_000_000]);
  assert.deepEqual(['0ms', '20ms'].map(parseDelay), [0, 20]);
  assert.deepEqual(['5', '101%', '-1%', '1,5%', ''].map(parseLoss), Array(5).fill(undefined));
  assert.deepEqual(['10', '0mbit', '10MBit', '1.5mbit'].map(parseRate), Array(4).fill(undefined));
  assert.deepEqual(['20', '20s', '01ms', '-1ms'].map(parseDelay), Array(4).fill(undefined));
});

test('a printed limit is read as the same one', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: everyPacket }),
      fc.tuple(fc.integer({ min: 1, max: 999_999 }), fc.constantFrom('kbit', 'mbit', 'gbit')),
      fc.integer({ min: 0, max: 99_999 }),
      (loss, [number, unit], delay) => {
        assert.equal(parseLoss(formatLoss(loss)), loss);
        const rate = parseRate(`${number}${unit}`);
        assert.ok(rate !== undefined);
        assert.equal(parseRate(formatRate(rate)), rate);
        assert.equal(parseDelay(formatDelay(delay)), delay);
      },
    ),
    { seed: 18 },
  );
});

test('a loss is a rule each way, and none removes the table', () => {
  const rules = lossRules([
    { port: 'node1', impairment: { ...noImpairment, loss: 5000 } },
    { port: 'node2.eth1', impairment: { ...noImpairment, loss: everyPacket } },
    { port: 'node3', impairment: { ...noImpairment, loss: 0 } },
  ]);
  assert.match(
    rules,
    /chain from-node1 \{ type filter hook ingress device "node1" priority 0; policy accept; numgen random mod 100000 < 5000 counter drop; \}/,
  );
  assert.match(
    rules,
    /chain to-node2_eth1 \{ type filter hook egress device "node2\.eth1" .*; counter drop; \}/,
  );
  assert.doesNotMatch(rules, /node3/);
  assert.equal(lossRules([]), 'table netdev heddle-loss\ndelete table netdev heddle-loss\n');
});

test('a delay holds a rate, and without both the queue is as before', () => {
  const reset = 'qdisc replace dev eth0 root noqueue';
  assert.deepEqual(queueCommands('eth0', noImpairment), [reset]);
  assert.deepEqual(queueCommands('eth0', { ...noImpairment, rate: 10_000_000 }), [
    reset,
    'qdisc replace dev eth0 root handle 1: tbf rate 10000000bit burst 65536 latency 100ms',
  ]);
  assert.deepEqual(queueCommands('eth0', { ...noImpairment, rate: 1_000_000_000, delay: 20 }), [
    reset,
    'qdisc replace dev eth0 root handle 1: netem delay 20ms limit 100000',
    'qdisc replace dev eth0 parent 1: handle 10: tbf rate 1000000000bit burst 1250000 latency 100ms',
  ]);
});

test('what the kernel must have is named once, with the link that needs it', () => {
  assert.deepEqual(kernelNeeds([{ name: 'node1:eth0', impairment: noImpairment }]), []);
  const needs = kernelNeeds([
    { name: 'node1:eth0', impairment: { ...noImpairment, mtu: 1400, delay: 0, loss: 0 } },
    { name: 'node2:eth0', impairment: { ...noImpairment, delay: 5, loss: 1 } },
    { name: 'node3:eth1', impairment: { ...noImpairment, rate: 8000, delay: 9 } },
  ]);
  assert.deepEqual(
    needs.map(({ what, because }) => `${what}: ${because}`),
    [
      'netem: the delay of node2:eth0',
      'tbf: the rate of node3:eth1',
      'nftables with numgen and egress hooks: the loss of node2:eth0',
    ],
  );
});
