import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Periodic } from '../../src/time/periodic.ts';

/** Lets everything run that waits for a turn of its own. */
async function settle(): Promise<void> {
  for (let turns = 0; turns < 5; turns += 1) await Promise.resolve();
}

/** Work that is done on an interval of a second, and ends when the test says so. */
function scene() {
  const ends: (() => void)[] = [];
  const periodic = new Periodic(1000, () => new Promise<void>((resolve) => ends.push(resolve)));
  return { periodic, begun: () => ends.length, endLast: () => ends.at(-1)?.() };
}

test('the first time is one interval after the start, and the next one an interval after the end', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { periodic, begun, endLast } = scene();
  periodic.start();
  t.mock.timers.tick(999);
  assert.equal(begun(), 0);
  t.mock.timers.tick(1);
  assert.equal(begun(), 1);
  t.mock.timers.tick(10_000);
  assert.equal(begun(), 1, 'never twice at once');
  endLast();
  await settle();
  t.mock.timers.tick(1000);
  assert.equal(begun(), 2);
});

test('the first run may come sooner than the interval', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { periodic, begun, endLast } = scene();
  periodic.start(0);
  t.mock.timers.tick(0);
  assert.equal(begun(), 1);
  endLast();
  await settle();
  t.mock.timers.tick(999);
  assert.equal(begun(), 1);
  t.mock.timers.tick(1);
  assert.equal(begun(), 2);
});

test('a second start changes nothing', (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const { periodic, begun } = scene();
  periodic.start();
  t.mock.timers.tick(600);
  periodic.start();
  t.mock.timers.tick(400);
  assert.equal(begun(), 1);
  periodic.start();
  t.mock.timers.tick(5000);
  assert.equal(begun(), 1, 'the work is under way');
});

test('after a stop nothing begins: before the first time, during the work, and on another start', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const early = scene();
  early.periodic.start();
  early.periodic.stop();
  t.mock.timers.tick(5000);
  early.periodic.start();
  t.mock.timers.tick(5000);
  assert.equal(early.begun(), 0);

  const late = scene();
  late.periodic.start();
  t.mock.timers.tick(1000);
  late.periodic.stop();
  late.endLast();
  await settle();
  t.mock.timers.tick(5000);
  assert.equal(late.begun(), 1);
});
