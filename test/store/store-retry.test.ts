import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreRetry } from '../../src/store/store-retry.ts';
import { CursorLostError, StoreError } from '../../src/store/store.ts';

const away = new StoreError('nobody listens', { retryable: true });
const lost = new CursorLostError('compacted');

/** A retry in a time of its own, in which each wait is as long as it is at most. */
class Scene {
  now = 0;
  readonly waits: number[] = [];
  readonly outages: number[] = [];
  answers = 0;
  readonly stopping = new AbortController();
  readonly retry = new StoreRetry({
    signal: this.stopping.signal,
    outages: {
      failed: (_error, retryInMs) => this.outages.push(retryInMs),
      answered: () => (this.answers += 1),
    },
    random: () => 1,
    now: () => this.now,
    delay: (ms) => {
      this.waits.push(ms);
      this.now += ms;
      return Promise.resolve();
    },
  });

  async fail(times: number, error: Error = away): Promise<void> {
    for (let time = 0; time < times; time += 1) await this.retry.waitAfter(error);
  }
}

test('each failure in a row waits twice as long as the one before, up to a cap', async () => {
  const scene = new Scene();
  await scene.fail(10);
  assert.deepEqual(scene.waits, [200, 400, 800, 1600, 3200, 6400, 10_000, 10_000, 10_000, 10_000]);
  assert.deepEqual(scene.outages, scene.waits, 'each is told with its wait');
});

test('the witness of outages hears about every answer', async () => {
  const scene = new Scene();
  scene.retry.reached();
  await scene.fail(3);
  scene.retry.reached();
  assert.equal(scene.answers, 2);
});

test('a listing alone does not make a store well: the next failure goes on with the count', async () => {
  const scene = new Scene();
  await scene.fail(3);
  scene.retry.reached();
  scene.now += 29_999;
  await scene.fail(1);
  assert.equal(scene.waits.at(-1), 1600);
});

test('a watch that lasted, or changes that came, begin the count again', async () => {
  const lasted = new Scene();
  await lasted.fail(3);
  lasted.retry.reached();
  lasted.now += 30_000;
  await lasted.fail(1);
  assert.equal(lasted.waits.at(-1), 200);

  const changed = new Scene();
  await changed.fail(3);
  changed.retry.reached();
  changed.retry.settled();
  await changed.fail(1);
  assert.equal(changed.waits.at(-1), 200);
});

test('time during an outage does not count as time in which the store was well', async () => {
  const scene = new Scene();
  scene.retry.reached();
  await scene.fail(2);
  scene.now += 3_600_000;
  await scene.fail(1);
  assert.equal(scene.waits.at(-1), 800);
});

test('a cursor that was lost is listed again at once, but not again and again', async () => {
  const scene = new Scene();
  await scene.fail(1, lost);
  assert.deepEqual(scene.waits, []);
  await scene.fail(2, lost);
  assert.deepEqual(scene.waits, [400, 800]);
  assert.deepEqual(scene.outages, [], 'the store is there');
});

test('an error that no waiting helps is thrown, and nothing is told', async () => {
  for (const error of [
    new StoreError('permission denied', { retryable: false }),
    new TypeError('a defect'),
  ]) {
    const scene = new Scene();
    await assert.rejects(scene.fail(1, error), error);
    assert.deepEqual([scene.waits, scene.outages], [[], []]);
  }
});

test('a wait ends with its signal, and does not throw', async () => {
  const stopping = new AbortController();
  const retry = new StoreRetry({
    signal: stopping.signal,
    random: () => 1,
    outages: { failed: () => queueMicrotask(() => stopping.abort()), answered: () => undefined },
  });
  await retry.waitAfter(away);
  assert.equal(stopping.signal.aborted, true);
});
