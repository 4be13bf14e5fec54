import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Heartbeat } from '../../../src/daemon/health/heartbeat.ts';

test('a heart beats once a second, names a loop that hangs, and hangs itself when its timer does not fire', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  let ahead = 0;
  const now = performance.now.bind(performance);
  t.mock.method(performance, 'now', () => now() + ahead);
  let beats = 0;
  let stall: string | undefined;
  const loop = { name: 'loop', stall: () => stall };
  const heart = new Heartbeat(
    () => [loop],
    () => (beats += 1),
  );
  heart.start();
  t.mock.timers.tick(2000);
  assert.equal(beats, 2);
  assert.equal(heart.isWell, true);
  stall = 'it waits';
  t.mock.timers.tick(31_000);
  assert.equal(heart.isWell, false);
  assert.deepEqual(await heart.examine(), [
    { name: 'timer', hang: undefined },
    { name: 'loop', hang: 'it waits' },
  ]);
  stall = undefined;
  t.mock.timers.tick(1000);
  assert.equal(heart.isWell, true);
  ahead = 12_000;
  assert.match(heart.loops[0]?.hang ?? '', /^the last beat of the daemon was 1\d s ago$/);
  heart.stop();
  t.mock.timers.tick(5000);
  assert.equal(beats, 34);
});
