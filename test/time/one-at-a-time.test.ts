import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OneAtATime } from '../../src/time/one-at-a-time.ts';

/** Work whose runs the test ends. */
class Work {
  begun = 0;
  readonly #ends: { resolve: () => void; reject: (error: Error) => void }[] = [];

  readonly run = (): Promise<void> => {
    this.begun += 1;
    return new Promise((resolve, reject) => this.#ends.push({ resolve, reject }));
  };

  end(): void {
    this.#ends.shift()?.resolve();
  }

  fail(): void {
    this.#ends.shift()?.reject(new Error('torn'));
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('asking while the work runs gets one more run, however often one asks', async () => {
  const work = new Work();
  const once = new OneAtATime(work.run);
  const first = once.run();
  await turn();
  const others = [once.run(), once.run(), once.run()];
  await turn();
  assert.equal(work.begun, 1);
  work.end();
  await turn();
  assert.equal(work.begun, 2);
  work.end();
  await Promise.all([first, ...others, once.idle()]);
  assert.equal(work.begun, 2);
});

test('after a rest the work is done again', async () => {
  const work = new Work();
  const once = new OneAtATime(work.run);
  for (const runs of [1, 2]) {
    const done = once.run();
    await turn();
    work.end();
    await done;
    assert.equal(work.begun, runs);
  }
});

test('work that fails tells whoever asked, and may be done again', async () => {
  const work = new Work();
  const once = new OneAtATime(work.run);
  const first = once.run();
  await turn();
  const second = once.run();
  work.fail();
  await assert.rejects(first, /torn/);
  await assert.rejects(second, /torn/);
  await once.idle();
  const third = once.run();
  await turn();
  work.end();
  await third;
});
