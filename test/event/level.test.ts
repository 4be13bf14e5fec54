import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HeddleEvent } from '../../src/event/event.ts';
import { isShown, levelOf, levels } from '../../src/event/level.ts';

test('a log shows what is at least as important as its level', () => {
  const shown = levels.map((least) => levels.filter((level) => isShown(level, least)));
  assert.deepEqual(shown, [
    ['error'],
    ['error', 'warn'],
    ['error', 'warn', 'info'],
    ['error', 'warn', 'info', 'debug'],
  ]);
});

test('the level depends on the event, and of two on what it says', () => {
  const events: [HeddleEvent, string][] = [
    [{ event: 'lease-renewed', subnet: '10.50.1.0/24', expiresAt: '' }, 'info'],
    [{ event: 'warning', message: 'a clock is off' }, 'warn'],
    [{ event: 'failure', kind: 'store', message: 'the store is away' }, 'error'],
    [{ event: 'state', from: 'running', to: 'degraded' }, 'warn'],
    [{ event: 'state', from: 'degraded', to: 'running' }, 'info'],
    [{ event: 'shutdown-finished', removed: 3, failed: 0, remains: null }, 'info'],
    [{ event: 'shutdown-finished', removed: 2, failed: 0, remains: 'ShutdownCommand failed' }, 'warn'],
  ];
  for (const [event, level] of events) assert.equal(levelOf(event), level, event.event);
});
