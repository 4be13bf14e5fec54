import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { LockQueue } from '../../src/store/files/lock-queue.ts';

describe('a queue before a lock', () => {
  test('lets those that wait together share one turn, in order, one at a time', async () => {
    let turns = 0;
    let running = 0;
    const order: number[] = [];
    const queue = new LockQueue(async (work) => {
      turns += 1;
      await setImmediate();
      await work();
    });
    const works = Array.from({ length: 70 }, (_, index) =>
      queue.run(async () => {
        running += 1;
        assert.equal(running, 1);
        await Promise.resolve();
        order.push(index);
        running -= 1;
        return index;
      }),
    );
    const results = await Promise.all(works);
    assert.deepEqual(order, results);
    assert.equal(turns, 3);
    await queue.idle();
  });

  test('one that fails harms no other', async () => {
    const queue = new LockQueue((work) => work());
    const failing = queue.run(() => Promise.reject(new Error('failed')));
    const working = queue.run(() => Promise.resolve('worked'));
    await assert.rejects(failing, /failed/);
    assert.equal(await working, 'worked');
  });

  test('a lock that cannot be had fails those that wait, and is tried again for the next', async () => {
    let isBroken = true;
    const queue = new LockQueue((work) => (isBroken ? Promise.reject(new Error('no lock')) : work()));
    const both = [queue.run(() => Promise.resolve(1)), queue.run(() => Promise.resolve(2))];
    for (const waiting of both) await assert.rejects(waiting, /no lock/);
    await queue.idle();
    isBroken = false;
    assert.equal(await queue.run(() => Promise.resolve(3)), 3);
  });
});
