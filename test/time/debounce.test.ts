import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Debounce, type DebounceBounds } from '../../src/time/debounce.ts';

/** A debounce whose time is the test's own, and how often it has called. */
class Scene {
  calls = 0;
  readonly debounce: Debounce;
  readonly #timers: TestContext['mock']['timers'];
  #nowMs = 0;

  constructor(t: TestContext, bounds: DebounceBounds) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    t.mock.method(performance, 'now', () => this.#nowMs);
    this.#timers = t.mock.timers;
    this.debounce = new Debounce(bounds, () => (this.calls += 1));
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    this.#timers.tick(ms);
  }
}

test('a burst of requests is one call, once it is over', (t) => {
  const scene = new Scene(t, { quietMs: 20, longestMs: 60_000 });
  for (let request = 0; request < 1000; request += 1) scene.debounce.request();
  scene.pass(19);
  assert.equal(scene.calls, 0);
  scene.debounce.request();
  scene.pass(19);
  assert.equal(scene.calls, 0, 'the last request begins a new wait');
  scene.pass(1);
  assert.equal(scene.calls, 1);
  scene.pass(120_000);
  assert.equal(scene.calls, 1);
});

test('requests that never cease are answered all the same', (t) => {
  const scene = new Scene(t, { quietMs: 60_000, longestMs: 20 });
  for (let ms = 0; ms < 100; ms += 1) {
    scene.debounce.request();
    scene.pass(1);
  }
  assert.equal(scene.calls, 5);
});

test('a request can be forgotten', (t) => {
  const scene = new Scene(t, { quietMs: 5, longestMs: 10 });
  scene.debounce.request();
  scene.debounce.cancel();
  scene.pass(1000);
  assert.equal(scene.calls, 0);
  scene.debounce.request();
  scene.pass(5);
  assert.equal(scene.calls, 1, 'a later one is answered');
});
