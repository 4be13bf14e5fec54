import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readGoInteger, readTruth } from '../../../src/cli/arguments/go-values.ts';

test("Go's words of truth, and no others", () => {
  for (const word of ['1', 't', 'T', 'true', 'TRUE', 'True']) assert.equal(readTruth(word), true, word);
  for (const word of ['0', 'f', 'F', 'false', 'FALSE', 'False']) assert.equal(readTruth(word), false, word);
  for (const word of ['', 'yes', 'no', 'on', 'tRUE', 'tru', ' true', '2', '-1']) {
    assert.equal(readTruth(word), undefined, word);
  }
});

test("whole numbers in Go's notation", () => {
  const values: readonly (readonly [text: string, value: number])[] = [
    ...([
      ['0', 0],
      ['60', 60],
      ['+7', 7],
      ['-3', -3],
      ['1_439', 1439],
    ] as const),
    ...([
      ['0x3C', 60],
      ['0X3c', 60],
      ['0x_3c', 60],
      ['0b101', 5],
      ['0o17', 15],
      ['017', 15],
      ['0_17', 15],
    ] as const),
    ...([
      ['-0', -0],
      ['-0x10', -16],
      ['00', 0],
    ] as const),
  ];
  for (const [text, value] of values) assert.equal(readGoInteger(text), value, text);
  for (const text of [
    '',
    ' 1',
    '1 ',
    '1e3',
    '3.5',
    '08',
    '1__4',
    '_1',
    '1_',
    '0x',
    '0b2',
    '--1',
    'day',
    '٣',
  ]) {
    assert.equal(readGoInteger(text), undefined, text);
  }
});
