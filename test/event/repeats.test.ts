import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeddleEvent, Reason } from '../../src/event/event.ts';
import { renderEvent } from '../../src/event/human.ts';
import { levelOf } from '../../src/event/level.ts';
import { Repeats } from '../../src/event/repeats.ts';

/** A log that folds repeats, and its lines so far. */
function folded(): { repeats: Repeats; lines: () => readonly string[]; events: HeddleEvent[] } {
  const events: HeddleEvent[] = [];
  const repeats = new Repeats((event) => events.push(event));
  const lines = (): readonly string[] => events.splice(0).map((event) => renderEvent(event).text);
  return { repeats, lines, events };
}

const fault = (where: string, because = 'is not JSON'): HeddleEvent => ({
  event: 'store-fault',
  where,
  because,
});
const rejected = (key: string, because: string): HeddleEvent => ({ event: 'lease-rejected', key, because });

function failed(node: number, how: string, stderr = '', attempt = 1): HeddleEvent {
  return {
    event: 'peer-failed',
    operation: 'add',
    peer: { key: `10.50.${node}.0-24`, subnet: `10.50.${node}.0/24`, publicIp: `172.30.0.${node}` },
    reason: 'new',
    trouble: { command: 'SubnetAddCommand', how, where: undefined, text: undefined, stderr },
    attempt,
    retryInMs: 500,
  };
}

test('a full disk that fails 34 peers is one line, and one with the count', () => {
  const { repeats, lines } = folded();
  const how = 'did not run, because the journal cannot be written: no space left on device';
  for (let node = 1; node <= 34; node += 1) repeats.take(failed(node, how), node);
  assert.equal(lines().length, 1);
  repeats.endWindows(1001);
  assert.deepEqual(lines(), [
    'repeated 33 times within 1.0 s, about 10.50.2.0/24, 10.50.3.0/24, 10.50.4.0/24, 10.50.5.0/24, 10.50.6.0/24 and 28 more; ' +
      'the last: peer 10.50.34.0/24 at 172.30.0.34 could not be added (new, attempt 1): ' +
      `SubnetAddCommand ${how}; next try in 500 ms`,
  ]);
});

test('the stderr of commands that succeed is shown once for many peers; commands without stderr have a line each', () => {
  const { repeats, lines, events } = folded();
  const added = (node: number, stderr: string): HeddleEvent => ({
    event: 'peer-added',
    peer: { key: `10.50.${node}.0-24`, subnet: `10.50.${node}.0/24`, publicIp: `172.30.0.${node}` },
    reason: 'new',
    durationMs: 1,
    stderr,
  });
  for (let node = 1; node <= 9; node += 1) repeats.take(added(node, `sh: [[: not found 172.30.0.${node}`), 0);
  assert.equal(renderEvent(events[0] ?? assert.fail()).detail, '    sh: [[: not found 172.30.0.1');
  assert.equal(lines().length, 1);
  repeats.endWindows(1001);
  assert.match(lines()[0] ?? '', /^repeated 8 times/);
  for (let node = 1; node <= 9; node += 1) repeats.take(added(node, ''), 2000);
  assert.equal(lines().length, 9);
});

test('different messages of a tool about each peer do not make each peer a cause of its own', () => {
  const { repeats, lines } = folded();
  for (let node = 1; node <= 10; node += 1)
    repeats.take(failed(node, 'exited with status 2', `ip: 10.50.${node}.0/24 dev eth${node}: no route`), 0);
  assert.equal(lines().length, 1);
  repeats.take(failed(11, 'exited with status 2', 'ip: permission denied'), 0);
  assert.match(lines()[0] ?? '', /^peer 10\.50\.11\.0\/24 /);
});

test('one lease with 2,000 bad states is one line, and a count for each window, which grow', () => {
  const { repeats, lines } = folded();
  const words = ['red', 'green', 'blue', 'gold'];
  for (let state = 0; state < 2000; state += 1)
    repeats.take(rejected('10.50.9.0-24', `its data is ${words[state % 4]}${'x'.repeat(state)}`), state * 10);
  repeats.endWindows(Infinity);
  const shown = lines();
  assert.equal(shown[0], 'lease 10.50.9.0-24 rejected: its data is red');
  const counts = shown.slice(1).map((line) => Number(/^repeated (\d+) times/.exec(line)?.[1]));
  assert.equal(
    counts.reduce((sum, n) => sum + n, 1),
    2000,
  );
  assert.ok(counts.length <= 6, String(counts));
});

test('causes that have nothing in common get twenty lines a window for each kind of event', () => {
  const { repeats, lines } = folded();
  for (let entry = 0; entry < 100; entry += 1)
    repeats.take(fault(`/store/${entry}`, `is ${'y'.repeat(entry)}`), 0);
  assert.equal(lines().length, 20);
  repeats.take({ event: 'warning', message: 'a clock is off' }, 0);
  assert.deepEqual(lines(), ['a clock is off']);
  repeats.endWindows(1000);
  assert.match(
    lines().join('\n'),
    /^repeated 80 times within 1\.0 s, about \/store\/20, .* and 75 more; the last: \/store\/99 skipped/,
  );
});

test('an event that is rare is shown at once each time, and the count of one is said in words', () => {
  const { repeats, lines } = folded();
  repeats.take(fault('/store/a'), 0);
  repeats.take(fault('/store/a'), 400);
  assert.equal(lines().length, 1);
  assert.equal(repeats.endsAt, 1000);
  repeats.take(fault('/store/a'), 1500);
  assert.deepEqual(lines(), [
    'repeated once within 1.0 s; the last: /store/a skipped: it is not JSON',
    '/store/a skipped: it is not JSON',
  ]);
  repeats.endWindows(9000);
  assert.deepEqual(lines(), []);
  assert.equal(repeats.endsAt, undefined);
});

const done = (event: 'peer-added' | 'peer-removed', node: number, reason: Reason): HeddleEvent => ({
  event,
  peer: { key: `10.50.${node}.0-24`, subnet: `10.50.${node}.0/24`, publicIp: `172.30.0.${node}` },
  reason,
  durationMs: 1,
  stderr: '',
});

/** The times of a peer's retries: after a few seconds a retry a minute. */
const retryTimes = [0, 500, 1500, 3500, 7500, 15_500, 31_500, 63_500, 123_500, 183_500];

test('a peer that fails at each retry is one line, and one with the count when it is added at last', () => {
  const { repeats, lines } = folded();
  for (const [index, time] of retryTimes.entries()) {
    if (index > 0) repeats.take(done('peer-removed', 1, 'retry'), time);
    repeats.take(failed(1, 'exited with status 2', 'no route', index + 1), time);
  }
  assert.deepEqual(lines(), [
    'peer 10.50.1.0/24 at 172.30.0.1 could not be added (new, attempt 1): ' +
      'SubnetAddCommand exited with status 2; next try in 500 ms',
  ]);
  repeats.take(done('peer-removed', 1, 'retry'), 243_500);
  repeats.take(done('peer-added', 1, 'retry'), 243_500);
  const [count, added, ...rest] = lines();
  assert.match(
    count ?? '',
    /^repeated 9 times within 4 min.*; the last: peer 10\.50\.1\.0\/24 .* attempt 10\)/,
  );
  assert.match(added ?? '', /^peer 10\.50\.1\.0\/24 at 172\.30\.0\.1 added/);
  assert.deepEqual(rest, []);
  assert.equal(repeats.endsAt, undefined);
});

test('a cause that peers share is counted once, until the last of them is in place', () => {
  const { repeats, lines } = folded();
  for (const [index, time] of retryTimes.entries())
    for (const node of [1, 2, 3])
      repeats.take(failed(node, 'exited with status 2', `10.50.${node}.0: no`, index + 1), time);
  assert.deepEqual(
    lines().map((line) => line.slice(0, 27)),
    ['peer 10.50.1.0/24 at 172.30', 'repeated 2 times within 1.0'],
  );
  repeats.take(done('peer-added', 1, 'retry'), 190_000);
  repeats.take(done('peer-removed', 2, 'gone'), 190_000);
  assert.equal(lines().length, 2);
  repeats.take(done('peer-added', 3, 'retry'), 190_000);
  assert.match(lines()[0] ?? '', /^repeated 27 times within 3 min/);
});

test('another cause of a peer that fails has a line at once, and each cause a count at the end of the log', () => {
  const { repeats, lines } = folded();
  for (const [index, time] of retryTimes.entries())
    repeats.take(failed(1, index % 2 === 0 ? 'timed out' : 'was killed', '', index + 1), time);
  assert.equal(lines().length, 2);
  repeats.endWindows(Infinity);
  assert.deepEqual(
    lines().map((line) => line.slice(0, 16)),
    ['repeated 4 times', 'repeated 4 times'],
  );
});

test('a cause that lasts for hours is told with its count every hour, and is over without a retry for five minutes', () => {
  const { repeats, lines } = folded();
  const minutes = 150;
  for (let minute = 0; minute <= minutes; minute += 1)
    repeats.take(failed(1, 'exited with status 2', '', minute + 1), minute * 60_000);
  assert.deepEqual(
    lines().map((line) => line.slice(0, 17)),
    ['peer 10.50.1.0/24', 'repeated 59 times', 'repeated 60 times'],
  );
  assert.equal(repeats.endsAt, (minutes + 5) * 60_000);
  repeats.endWindows((minutes + 5) * 60_000);
  assert.match(lines()[0] ?? '', /^repeated 31 times within 30 min/);
  repeats.take(failed(1, 'exited with status 2', '', 200), 200 * 60_000);
  assert.match(lines()[0] ?? '', /attempt 200/);
});

test('a monitor that ends at each start is one line and a count', () => {
  const { repeats, lines } = folded();
  for (const time of retryTimes)
    repeats.take({ event: 'monitor-ended', how: 'exited with status 1', stderr: '', retryInMs: 1000 }, time);
  assert.equal(lines().length, 1);
  repeats.endWindows(Infinity);
  assert.match(lines()[0] ?? '', /^repeated 9 times within 3 min/);
});

test('the commands of a repair that fails again and again have one line and a count, until the part is whole', () => {
  const { repeats, lines } = folded();
  const prepared: HeddleEvent = {
    event: 'command-finished',
    command: 'PreStartupCommand',
    durationMs: 1,
    stderr: '',
  };
  const { trouble } = failed(1, 'exited with status 2') as Extract<HeddleEvent, { event: 'peer-failed' }>;
  const part = { part: 'device', because: 'no', detail: '', retryInMs: 1000 };
  repeats.take(prepared, 0);
  repeats.take(prepared, 10);
  repeats.take({ event: 'part-failed', ...part }, 20);
  assert.equal(lines().length, 3);
  for (const time of retryTimes) {
    repeats.take(prepared, 2000 + time);
    repeats.take({ event: 'command-failed', trouble }, 2000 + time);
  }
  assert.deepEqual(
    lines().map((line) => line.slice(0, 16)),
    ['PreStartupComman', 'SubnetAddCommand'],
  );
  repeats.take({ event: 'part-restored', part: 'device', failures: 11 }, 300_000);
  assert.deepEqual(
    lines().map((line) => line.slice(0, 16)),
    ['repeated 9 times', 'repeated 9 times', 'device is repair'],
  );
  repeats.take(prepared, 300_001);
  repeats.take(prepared, 300_002);
  assert.equal(lines().length, 2);
});

test('events about one thing each are never counted', () => {
  const { repeats, lines } = folded();
  for (let n = 0; n < 50; n += 1) repeats.take({ event: 'lease-released', subnet: '10.50.1.0/24' }, 0);
  assert.equal(lines().length, 50);
});

test('the count has the level of what it counts', () => {
  const { repeats, events } = folded();
  for (const where of ['/a', '/b']) repeats.take(fault(where), 0);
  repeats.endWindows(Infinity);
  assert.deepEqual(events.map(levelOf), ['warn', 'warn']);
});
