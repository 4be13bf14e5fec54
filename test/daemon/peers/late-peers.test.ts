import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';

import { LatePeers } from '../../../src/daemon/peers/late-peers.ts';

/** A list of late peers on a node that has its own lease or not, in a time that the test owns. */
class Scene {
  readonly own = { isOver: false };
  /** What was given up, each time in one go. */
  readonly gone: string[][] = [];
  readonly late = new LatePeers(this.own, (keys) => this.gone.push([...keys]));
  readonly #t: TestContext;

  constructor(t: TestContext) {
    t.mock.timers.enable({ apis: ['setTimeout'] });
    this.#t = t;
  }

  pass(seconds: number): void {
    this.#t.mock.timers.tick(seconds * 1000);
  }
}

test('a peer whose lease does not come back is given up after a minute, once', (t) => {
  const scene = new Scene(t);
  scene.late.add(['a', 'b', 'c']);
  scene.late.settle('b');
  scene.pass(59);
  assert.deepEqual(scene.gone, []);
  scene.pass(1);
  assert.deepEqual(scene.gone, [['a', 'c']]);
  assert.equal(scene.late.keys.size, 0);
  scene.pass(600);
  assert.equal(scene.gone.length, 1);
});

test('a node that has no lease itself goes on waiting for those of others', (t) => {
  const scene = new Scene(t);
  scene.own.isOver = true;
  scene.late.add(['a']);
  scene.pass(150);
  assert.deepEqual([...scene.late.keys], ['a']);
  scene.own.isOver = false;
  scene.pass(60);
  assert.deepEqual(scene.gone, [['a']]);
});

test('nothing is given up when all are back, or when it was stopped', (t) => {
  const scene = new Scene(t);
  scene.late.add(['a']);
  scene.late.settle('a');
  scene.pass(60);
  scene.late.add(['b']);
  scene.late.stop();
  scene.pass(600);
  assert.deepEqual(scene.gone.flat(), []);
});
