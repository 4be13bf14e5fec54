import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeddleEvent } from '../../src/event/event.ts';
import { findFailures } from '../../src/page/events/failed-commands.ts';
import { toTimeline, type NodeEvents } from '../../src/page/events/time-line.ts';

const at = (second: number): string => new Date(second * 1000).toISOString();

const peer = { key: '10.50.2.0-24', subnet: '10.50.2.0/24', publicIp: '172.30.0.2' };

const added = (changes: object = {}): HeddleEvent => ({
  event: 'peer-added',
  peer,
  reason: 'new',
  durationMs: 12,
  stderr: '',
  ...changes,
});

const failing: HeddleEvent = {
  event: 'peer-failed',
  operation: 'add',
  peer,
  reason: 'new',
  attempt: 1,
  retryInMs: 1000,
  trouble: {
    command: 'SubnetAddCommand',
    how: 'exited with status 2',
    where: { file: 'mine.json', line: 3 },
    text: 'ip route add',
    stderr: 'RTNETLINK answers: File exists\u001b[31m',
  },
};

const log = (node: string, ...events: readonly (readonly [number, HeddleEvent])[]): NodeEvents => ({
  node,
  events: events.map(([second, event]) => ({ time: at(second), event })),
});

const released: HeddleEvent = { event: 'lease-released', subnet: '10.50.1.0/24' };

test('events of several nodes and faults are in the order of time, each with its kind', () => {
  const { entries, omitted } = toTimeline(
    [
      log('node1', [1, released], [4, added({ compiled: true })]),
      log('node2', [2, { event: 'state', from: 'running', to: 'degraded', because: 'x' }], [5, added()]),
      log('node3', [6, { event: 'lease-renewed', subnet: '10.50.3.0/24', expiresAt: at(99) }]),
    ],
    [{ at: at(3), host: 'node2', what: 'node2: disconnected\u001b[0m' }],
  );
  assert.equal(omitted, 0);
  assert.deepEqual(
    entries.map(({ at: time, node, kind, durationMs, ranBy }) => [time, node, kind, durationMs, ranBy]),
    [
      [at(1), 'node1', 'lease', null, null],
      [at(2), 'node2', 'state', null, null],
      [at(3), 'node2', 'fault', null, null],
      [at(4), 'node1', 'command', 12, 'compiled'],
      [at(5), 'node2', 'command', 12, 'shell'],
      [at(6), 'node3', 'lease', null, null],
    ],
  );
  assert.ok(!JSON.stringify(entries).includes(String.raw`\u001b`), 'a control character is shown as it is');
});

test('of too many entries, the oldest commands that succeeded go first, then the oldest of the rest', () => {
  const leases = Array.from({ length: 200 }, (_, index) => [1000 + index, released] as const);
  const commands = Array.from({ length: 500 }, (_, index) => [2000 + index, added()] as const);
  const some = toTimeline([log('node1', ...leases, ...commands)], []);
  const kinds = (kind: string) => some.entries.filter((entry) => entry.kind === kind);
  assert.deepEqual([some.entries.length, some.omitted], [600, 100]);
  assert.deepEqual([kinds('lease').length, kinds('command').length], [200, 400]);
  assert.deepEqual([kinds('command')[0]?.at, kinds('command').at(-1)?.at], [at(2100), at(2499)]);
  const many = Array.from({ length: 700 }, (_, index) => [1000 + index, released] as const);
  const { entries, omitted } = toTimeline([log('node1', ...many, ...commands)], []);
  assert.deepEqual([entries.length, omitted], [600, 600]);
  assert.deepEqual([entries[0]?.at, entries.at(-1)?.at], [at(1100), at(1699)]);
});

test('long output is cut', () => {
  const { entries } = toTimeline([log('node1', [1, added({ stderr: 'x'.repeat(5000) })])], []);
  assert.ok((entries[0]?.detail.length ?? 9999) <= 1001, String(entries[0]?.detail.length));
  assert.match(entries[0]?.detail ?? '', /x…$/);
});

test('repeated failures of a command for a peer count as one, with the lines around it', () => {
  const text = ['one', 'two', 'three', 'four', 'five', 'six'].join('\n');
  const [failure, ...others] = findFailures([log('node1', [1, failing], [2, failing])], () => text);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [failure?.count, failure?.lastAt, failure?.isOver, failure?.peer, failure?.where],
    [2, at(2), false, '10.50.2.0/24', { file: 'mine.json', line: 3 }],
  );
  assert.deepEqual(
    failure?.frame.map(({ number, text: line, isMarked }) => [number, line, isMarked]),
    [
      [1, 'one', false],
      [2, 'two', false],
      [3, 'three', true],
      [4, 'four', false],
      [5, 'five', false],
    ],
  );
});

test('without the text of the recipe, only the failed line is shown', () => {
  const [failure] = findFailures([log('node1', [1, failing])], () => undefined);
  assert.deepEqual(failure?.frame, [{ number: 3, text: 'ip route add', isMarked: true }]);
});

test('a failure is over once the peer is in place on the same node, and then comes last', () => {
  const failures = findFailures(
    [log('node1', [1, failing], [2, added()]), log('node2', [1, failing])],
    () => undefined,
  );
  assert.deepEqual(
    failures.map(({ node, isOver }) => [node, isOver]),
    [
      ['node2', false],
      ['node1', true],
    ],
  );
});
