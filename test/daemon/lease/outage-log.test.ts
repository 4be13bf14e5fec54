import assert from 'node:assert/strict';
import { test } from 'node:test';
import { joinOutages, type Outage, OutageLog } from '../../../src/daemon/lease/outage-log.ts';
import { StoreAbandonedError, StoreError } from '../../../src/store/store.ts';

const error = new StoreError('etcd refuses connections', { retryable: true });
const hour = 3600;

/** A log in a time of its own, and the seconds at which it said something. */
class Scene {
  seconds = 0;
  readonly said: number[] = [];
  readonly log = new OutageLog(
    () => this.said.push(this.seconds),
    () => this.seconds * 1000,
  );

  /** The store fails every so many seconds for a while. */
  fail(forSeconds: number, everySeconds: number): void {
    const end = this.seconds + forSeconds;
    while (this.seconds < end) {
      this.log.failed(error, everySeconds * 1000);
      this.seconds += everySeconds;
    }
  }
}

test('an outage is told at once, then less and less often: 32 lines a day, whatever is tried', () => {
  for (const everySeconds of [1, 30]) {
    const scene = new Scene();
    scene.fail(24 * hour, everySeconds);
    assert.deepEqual(scene.said.slice(0, 2), [0, everySeconds === 1 ? 10 : 30]);
    assert.ok(scene.said.length <= 32, `${scene.said.length} lines`);
    const last = scene.said.at(-1) ?? 0;
    assert.ok(24 * hour - last <= hour + 30, 'and yet told on');
  }
});

test('pauses between lines go on growing if the store comes and goes, and begin again after it was well for a while', () => {
  const scene = new Scene();
  for (let times = 0; times < 100; times += 1) {
    scene.fail(10, 5);
    scene.log.answered();
    scene.seconds += 50;
  }
  assert.ok(scene.said.length <= 11, `${scene.said.length} lines`);
  scene.log.answered();
  scene.seconds += 60;
  const { length } = scene.said;
  scene.fail(1, 1);
  assert.equal(scene.said.length, length + 1);
});

test('an answer ends the outage, and returns its length and whether the log has a line about it', () => {
  const scene = new Scene();
  assert.equal(scene.log.answered(), undefined);
  scene.log.failed(error, 1);
  scene.seconds = 3;
  scene.log.failed(error, 1);
  scene.seconds = 4;
  assert.deepEqual(scene.log.answered(), { afterMs: 4000, isLogged: true });
  assert.equal(scene.log.answered(), undefined);
  scene.seconds = 5;
  scene.log.failed(error, 1);
  assert.deepEqual(scene.log.answered(), { afterMs: 0, isLogged: false }, 'it was too soon for a line');
  assert.equal(scene.log.longestMs, 4000);
});

test('a call that this process gave up itself is not an outage', () => {
  const scene = new Scene();
  scene.log.failed(new StoreAbandonedError('the process ends'), 1);
  assert.equal(scene.log.current, undefined);
  assert.deepEqual(scene.said, []);
});

test('an outage has its begin, its reason and its next try until the store is back', () => {
  const scene = new Scene();
  const current = (): Outage | undefined => scene.log.current;
  assert.equal(current(), undefined);
  scene.seconds = 100;
  scene.fail(10, 5);
  const { message: because } = error;
  assert.deepEqual(current(), { since: 100_000, because, nextTryAt: 110_000 });
  scene.log.answered();
  assert.equal(current(), undefined);
  scene.fail(1, 1);
  assert.equal(current()?.since, 110_000);
});

test('the store counts as away while one of its two users cannot reach it', () => {
  const [first, second] = [
    { since: 5, because: 'refused', nextTryAt: 30 },
    { since: 10, because: 'no answer', nextTryAt: 20 },
  ];
  assert.equal(joinOutages([undefined, undefined]), undefined);
  assert.deepEqual(joinOutages([first, undefined]), first);
  assert.deepEqual(joinOutages([first, second]), { since: 5, because: 'no answer', nextTryAt: 20 });
});
