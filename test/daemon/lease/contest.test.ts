import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Contest } from '../../../src/daemon/lease/contest.ts';
import { steadyMs } from '../../../src/time/retry.ts';

const peacefulMs = steadyMs.contest;

/** A contest in a time that the test owns, and how often peace was told. */
function scene(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const told = { peace: 0 };
  const contest = new Contest(() => (told.peace += 1));
  return { contest, told, pass: (ms: number) => t.mock.timers.tick(ms) };
}

test('touches are counted as long as no peaceful time is between them', (t) => {
  const { contest, told, pass } = scene(t);
  assert.equal(contest.touched(), 0);
  pass(peacefulMs - 1);
  assert.equal(contest.touched(), 1);
  pass(peacefulMs - 1);
  assert.equal(contest.touched(), 2);
  assert.equal(told.peace, 0);
  pass(peacefulMs);
  assert.equal(told.peace, 1);
  assert.equal(contest.touched(), 0, 'the count starts over');
});

test('the writer that is found prolongs the contest, and does not count', (t) => {
  const { contest, told, pass } = scene(t);
  contest.confirmed();
  pass(peacefulMs - 1);
  contest.confirmed();
  pass(peacefulMs - 1);
  assert.equal(told.peace, 0);
  assert.equal(contest.touched(), 1);
  pass(peacefulMs);
  assert.equal(told.peace, 1);
});

test('a contest that was stopped tells nothing, whatever happens to the lease', (t) => {
  const { contest, told, pass } = scene(t);
  contest.touched();
  contest.stop();
  contest.touched();
  contest.confirmed();
  pass(2 * peacefulMs);
  assert.equal(told.peace, 0);
});
