import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CommandResult } from '../../../src/daemon/commands/command-result.ts';
import { eventOf, namePeer, outcomeOf } from '../../../src/daemon/peers/peer-report.ts';
import type { Operation, Wait } from '../../../src/engine/operation.ts';
import { renderEvent } from '../../../src/event/human.ts';
import type { CommandTrouble } from '../../../src/event/trouble.ts';
import { makeNumberedPeer } from '../network/network-bench.ts';

const trouble: CommandTrouble = {
  command: 'SubnetRemoveCommand',
  how: 'exited with status 2',
  where: undefined,
  text: undefined,
  stderr: '',
};
const ok: CommandResult = { kind: 'ok', stdout: '', stderr: '', durationMs: 7 };
const failed: CommandResult = { kind: 'trouble', trouble, durationMs: 7, didBegin: true };
const wait: Wait = { key: '10.50.4.0-24', attempt: 3, delayMs: 2000 };
const peer = { key: '10.50.4.0-24', subnet: '10.50.4.0/24', publicIp: '172.30.0.4' };

const operation = (changes: Partial<Operation> = {}): Operation => ({
  kind: 'add',
  peer: makeNumberedPeer(4),
  reason: 'new',
  mode: 'strict',
  ...changes,
});

test('an operation that succeeded is told with its reason and its time', () => {
  const added = { event: 'peer-added', peer, reason: 'new', durationMs: 7, stderr: '' };
  assert.deepEqual(eventOf(operation(), ok, undefined), added);
  const removed = { event: 'peer-removed', peer, reason: 'gone', durationMs: 7, stderr: '' };
  assert.deepEqual(eventOf(operation({ kind: 'remove', reason: 'gone' }), ok, undefined), removed);
});

test('the stderr of an operation that succeeded stands with its event', () => {
  const noisy: CommandResult = { ...ok, stderr: 'sh: 1: [[: not found' };
  for (const kind of ['add', 'remove'] as const) {
    const event = eventOf(operation({ kind }), noisy, undefined);
    assert.ok(event !== undefined);
    assert.equal(renderEvent(event).detail, '    sh: 1: [[: not found');
  }
});

test('an operation that failed is reported with the time of its next try', () => {
  const event = eventOf(operation(), failed, wait);
  const told = {
    event: 'peer-failed',
    operation: 'add',
    peer,
    reason: 'new',
    trouble,
    attempt: 3,
    retryInMs: 2000,
  };
  assert.deepEqual(event, told);
  const last = eventOf(operation(), failed, undefined);
  assert.deepEqual(last, { ...told, attempt: 1, retryInMs: 0 });
});

test('a remove that only clears the way may fail without a word, unless the peer is gone or the network goes', () => {
  const lenient = { kind: 'remove', mode: 'lenient' } as const;
  for (const reason of ['changed', 'restart', 'retry', 'drifted'] as const)
    assert.equal(eventOf(operation({ ...lenient, reason }), failed, undefined), undefined);
  for (const reason of ['gone', 'shutdown'] as const)
    assert.equal(eventOf(operation({ ...lenient, reason }), failed, undefined)?.event, 'peer-failed');
  assert.equal(eventOf(operation({ ...lenient, reason: 'changed' }), failed, wait)?.event, 'peer-failed');
});

test('status remembers an outcome with the times that it had', () => {
  const at = '2026-01-01T00:00:00.000Z';
  const now = Date.parse(at);
  assert.deepEqual(outcomeOf(operation(), failed, wait, now), {
    operation: 'add',
    reason: 'new',
    at,
    trouble,
    nextTryAt: '2026-01-01T00:00:02.000Z',
  });
  const { trouble: none, nextTryAt } = outcomeOf(operation(), ok, undefined, now);
  assert.deepEqual([none, nextTryAt], [undefined, undefined]);
});

test('a peer is named by IPv4 where it has it, by IPv6 else, and by nothing if it is a stranger', () => {
  assert.deepEqual(namePeer(makeNumberedPeer(4)), peer);
  const ipv6 = {
    subnet: undefined,
    publicIp: undefined,
    ipv6Subnet: '2001:db8::/64',
    publicIpv6: '2001:db8::1',
  };
  const named = namePeer({ ...makeNumberedPeer(4), ...ipv6 });
  assert.deepEqual([named.subnet, named.publicIp], ['2001:db8::/64', '2001:db8::1']);
  const stranger = namePeer({ ...makeNumberedPeer(4), publicIp: undefined });
  assert.equal(stranger.publicIp, '');
});
