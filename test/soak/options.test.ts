import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';

test('a soak takes five minutes with a seed of its own, or what its options say', () => {
  const { seed, ...rest } = readOptions([]);
  assert.ok(Number.isInteger(seed));
  assert.deepEqual(rest, { minutes: 5, peers: 300, json: false });
  const given = readOptions(['--minutes', '0.5', '--peers', '20', '--seed', '7', '--json']);
  assert.deepEqual(given, { minutes: 0.5, peers: 20, seed: 7, json: true });
});

for (const args of [
  ['--minutes', '0'],
  ['--minutes', ''],
  ['--minutes', 'x'],
  ['--peers', '2.5'],
  ['--peers', '401'],
  ['--seed', '-1'],
  ['--hours', '1'],
  ['20'],
]) {
  test(`a soak refuses ${args.join(' ')}`, () => assert.throws(() => readOptions(args)));
}
