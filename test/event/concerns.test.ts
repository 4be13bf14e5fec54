import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Concerns } from '../../src/event/concerns.ts';
import type { HeddleEvent } from '../../src/event/event.ts';

/** Concerns, what they log, and how often their owner was called. */
function watched(): { concerns: Concerns; told: () => readonly string[]; changes: () => number } {
  const events: HeddleEvent[] = [];
  let changes = 0;
  const concerns = new Concerns(
    (event) => events.push(event),
    () => (changes += 1),
    Date.now,
  );
  const told = (): readonly string[] =>
    events.splice(0).map((event) => {
      assert.ok(event.event === 'concern' || event.event === 'concern-ended');
      return `${event.event} ${event.about}${event.event === 'concern' ? `: ${event.because}` : ''}`;
    });
  return { concerns, told, changes: () => changes };
}

const about = (
  address: string,
  because = 'two have it',
): { about: string; because: string; hint: string } => ({
  about: address,
  because,
  hint: 'give one away',
});

test('a concern is logged when it begins, when its text changes, and when it ends', () => {
  const { concerns, told, changes } = watched();
  concerns.set('shared-address', [about('10.0.0.1'), about('10.0.0.2')]);
  assert.deepEqual(told(), ['concern 10.0.0.1: two have it', 'concern 10.0.0.2: two have it']);
  const [first] = concerns.all;

  concerns.set('shared-address', [about('10.0.0.1', 'three have it'), about('10.0.0.2')]);
  assert.deepEqual(told(), ['concern 10.0.0.1: three have it']);
  assert.equal(concerns.all[0]?.since, first?.since);

  concerns.set('shared-address', [about('10.0.0.2')]);
  assert.deepEqual(told(), ['concern-ended 10.0.0.1']);
  assert.equal(changes(), 3);
});

test('a concern that stays the same is not logged again, and kinds do not affect each other', () => {
  const { concerns, told, changes } = watched();
  concerns.set('shared-address', [about('10.0.0.1')]);
  concerns.set('lease-expired', [about('10.50.1.0-24')]);
  told();
  concerns.set('shared-address', [about('10.0.0.1')]);
  concerns.set('lease-contested', []);
  assert.deepEqual(told(), []);
  assert.equal(changes(), 2);
  concerns.set('lease-expired', []);
  assert.deepEqual(
    concerns.all.map(({ kind }) => kind),
    ['shared-address'],
  );
});
