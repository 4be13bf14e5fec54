import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeLateTimer, describeLongCall, Vitals, type Vital } from '../../../src/daemon/health/vital.ts';

/** A loop that a test stalls. */
class Loop implements Vital {
  readonly name: string;
  trouble: string | undefined;

  constructor(name: string) {
    this.name = name;
  }

  stall(): string | undefined {
    return this.trouble;
  }
}

function beat(vitals: Vitals, times: number): void {
  for (let n = 0; n < times; n += 1) vitals.beat();
}

test('a loop that stalls for half a minute hangs, and is well as soon as it goes on', () => {
  const [one, other] = [new Loop('one'), new Loop('other')];
  const vitals = new Vitals(1000, () => [one, other]);
  const hangs = (): readonly (string | undefined)[] => vitals.loops.map(({ hang }) => hang);
  beat(vitals, 1);
  one.trouble = 'it waits';
  beat(vitals, 30);
  assert.deepEqual(hangs(), [undefined, undefined]);
  one.trouble = 'it still waits';
  beat(vitals, 1);
  assert.deepEqual(hangs(), ['it still waits', undefined]);
  one.trouble = undefined;
  beat(vitals, 1);
  assert.deepEqual(hangs(), [undefined, undefined]);
});

test('stalls with work between them do not add up', () => {
  const loop = new Loop('one');
  const vitals = new Vitals(1000, () => [loop]);
  for (let n = 0; n < 5; n += 1) {
    loop.trouble = 'it waits';
    beat(vitals, 25);
    loop.trouble = undefined;
    beat(vitals, 1);
  }
  loop.trouble = 'it waits';
  beat(vitals, 25);
  assert.deepEqual(vitals.loops, [{ name: 'one', hang: undefined }]);
});

test('a loop of an earlier network is forgotten with it', () => {
  const loop = new Loop('one');
  loop.trouble = 'it waits';
  let loops: readonly Vital[] = [loop];
  const vitals = new Vitals(1000, () => loops);
  beat(vitals, 40);
  assert.equal(vitals.loops[0]?.hang, 'it waits');
  loops = [];
  beat(vitals, 1);
  assert.deepEqual(vitals.loops, []);
  loops = [loop];
  beat(vitals, 5);
  assert.deepEqual(vitals.loops, [{ name: 'one', hang: undefined }]);
});

test('the length of a call and the delay of a timer are judged by their limits', () => {
  assert.equal(describeLongCall('the store has been read', 119_999), undefined);
  assert.equal(describeLongCall('the store has been read', 150_400), 'the store has been read for 150 s');
  for (const inMs of [60_000, 0, -4999]) assert.equal(describeLateTimer('the next try', inMs), undefined);
  assert.equal(describeLateTimer('the next try', -61_000), 'the next try is 61 s late');
});
