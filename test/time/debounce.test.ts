import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Debounce } from '../../src/time/debounce.ts';

test('a burst is one call, once it is over', async () => {
  let calls = 0;
  const called = new Promise<void>((resolve) => {
    const debounce = new Debounce({ quietMs: 20, longestMs: 60_000 }, () => {
      calls += 1;
      resolve();
    });
    for (let request = 0; request < 1000; request += 1) debounce.request();
  });
  assert.equal(calls, 0);
  await called;
  assert.equal(calls, 1);
});

test('requests that never cease are answered all the same', async (t) => {
  let calls = 0;
  const debounce = new Debounce({ quietMs: 60_000, longestMs: 20 }, () => (calls += 1));
  t.after(() => debounce.cancel());
  while (calls < 3) {
    debounce.request();
    await delay(1);
  }
});

test('what was requested can be forgotten', async () => {
  const debounce = new Debounce({ quietMs: 1, longestMs: 1 }, () => assert.fail('it was forgotten'));
  debounce.request();
  debounce.cancel();
  await delay(10);
});
