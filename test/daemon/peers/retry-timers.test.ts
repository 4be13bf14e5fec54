import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { RetryTimers } from '../../../src/daemon/peers/retry-timers.ts';

function start(t: TestContext): { timers: RetryTimers; due: string[]; pass: (ms: number) => void } {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const due: string[] = [];
  const timers = new RetryTimers(({ key, attempt }) => due.push(`${key} ${attempt}`));
  return { timers, due, pass: (ms) => t.mock.timers.tick(ms) };
}

test('each peer is due after its own delay, once', (t) => {
  const { timers, due, pass } = start(t);
  timers.set({ key: 'a', attempt: 1, delayMs: 2000 });
  timers.set({ key: 'b', attempt: 4, delayMs: 1000 });
  pass(999);
  assert.deepEqual(due, []);
  pass(1);
  assert.deepEqual(due, ['b 4']);
  pass(1000);
  pass(10_000);
  assert.deepEqual(due, ['b 4', 'a 1']);
});

test('a peer waits for its newest try only', (t) => {
  const { timers, due, pass } = start(t);
  timers.set({ key: 'a', attempt: 1, delayMs: 1000 });
  timers.set({ key: 'a', attempt: 2, delayMs: 2000 });
  pass(1999);
  assert.deepEqual(due, []);
  pass(1);
  assert.deepEqual(due, ['a 2']);
});

test('after clearing nothing is due, and what is set later is', (t) => {
  const { timers, due, pass } = start(t);
  timers.set({ key: 'a', attempt: 1, delayMs: 1000 });
  timers.clear();
  pass(5000);
  assert.deepEqual(due, []);
  timers.set({ key: 'a', attempt: 2, delayMs: 1000 });
  pass(1000);
  assert.deepEqual(due, ['a 2']);
});
