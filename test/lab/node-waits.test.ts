import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { HeddleEvent, LongWait } from '../../src/event/event.ts';
import { NodeWaits } from '../../src/lab/inside/node/node-waits.ts';

const add: LongWait = { what: 'SubnetAddCommand for 10.50.4.0/24', forMs: 5000, limitMs: 30_000 };
const pre: LongWait = { what: 'PreStartupCommand', forMs: 5000, limitMs: 60_000 };

function waiting(...waits: readonly LongWait[]): HeddleEvent {
  return { event: 'waiting', waits, more: 0 };
}

/** A clock that the test moves. */
function ownClock(t: TestContext): { now: number } {
  const clock = { now: 100_000 };
  t.mock.method(performance, 'now', () => clock.now);
  return clock;
}

test('a wait of a daemon is reported with its time so far', (t) => {
  const clock = ownClock(t);
  const waits = new NodeWaits();
  assert.deepEqual(waits.describe(), []);
  waits.note(waiting(add));
  clock.now += 10_000;
  waits.note(waiting(add, pre));
  assert.deepEqual(waits.describe(), [
    'SubnetAddCommand for 10.50.4.0/24 (15.0 s so far, 30.0 s at most)',
    'PreStartupCommand (5.0 s so far, 60.0 s at most)',
  ]);
  assert.equal(waits.describe('10.50.4.0/24').length, 1);
  assert.deepEqual(waits.describe('10.50.44.0/24'), []);
});

test('a command that has ended is not waited for any more', () => {
  const peer = { key: '10.50.4.0-24', subnet: '10.50.4.0/24', publicIp: '192.0.2.4' };
  const trouble = { how: 'failed', where: undefined, text: undefined, stderr: '' };
  const ends: readonly (readonly [string, HeddleEvent])[] = [
    [add.what, { event: 'peer-added', peer, reason: 'new', durationMs: 1, stderr: '' }],
    [
      add.what,
      {
        event: 'peer-failed',
        operation: 'add',
        peer,
        reason: 'new',
        attempt: 1,
        retryInMs: 1,
        trouble: { command: 'SubnetAddCommand', ...trouble },
      },
    ],
    [pre.what, { event: 'command-finished', command: 'PreStartupCommand', durationMs: 1, stderr: '' }],
    [pre.what, { event: 'command-failed', trouble: { command: 'PreStartupCommand', ...trouble } }],
    [
      'SubnetBatchCommand for 7 peers',
      { event: 'batch-failed', size: 7, trouble: { command: 'SubnetBatchCommand', ...trouble } },
    ],
  ];
  for (const [what, end] of ends) {
    const waits = new NodeWaits();
    waits.note(waiting({ what, forMs: 5000, limitMs: 30_000 }));
    assert.equal(waits.describe().length, 1);
    waits.note(end);
    assert.deepEqual(waits.describe(), [], what);
  }
});

test('a command that ends without a word is waited for until its time is over', (t) => {
  const clock = ownClock(t);
  const waits = new NodeWaits();
  waits.note(waiting({ what: 'CheckCommand for 3 peers', forMs: 5000, limitMs: 30_000 }));
  clock.now += 29_000;
  assert.equal(waits.describe().length, 1);
  clock.now += 2000;
  assert.deepEqual(waits.describe(), []);
});
