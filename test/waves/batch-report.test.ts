import assert from 'node:assert/strict';
import { test } from 'node:test';
import { batchInput, judgeBatch } from '../../src/waves/batch-report.ts';
import { arp } from '../../src/waves/tools/arp.ts';
import { bridge, ip } from '../../src/waves/tools/iproute.ts';

/** The messages of `ip` about the markers after so many lines. */
const about = (tool: string, ...numbers: readonly number[]): string =>
  numbers
    .map((number) => `Object "=" is unknown, try "${tool} help".\nCommand failed -:${number}\n`)
    .join('');

test('a marker follows each line of a batch', () => {
  assert.equal(batchInput(['route add a', 'route add b'], ip), 'route add a\n=\nroute add b\n=\n');
});

test('a line without a report succeeded, if the marker after it has one', () => {
  assert.deepEqual(judgeBatch(2, about('ip', 2, 4), ip), [
    { kind: 'succeeded', message: '' },
    { kind: 'succeeded', message: '' },
  ]);
});

test('a line with a report was refused, with the words above the report', () => {
  const messages = `RTNETLINK answers: File exists\nCommand failed -:1\n${about('bridge', 2, 4)}`;
  assert.deepEqual(judgeBatch(2, messages, bridge), [
    { kind: 'refused', message: 'RTNETLINK answers: File exists\nCommand failed -:1' },
    { kind: 'succeeded', message: '' },
  ]);
});

test('the line at which the program ended was refused, and those after it were not read', () => {
  const messages = `${about('ip', 2)}Error: either "to" is duplicate, or "x" is a garbage.\n`;
  assert.deepEqual(judgeBatch(4, messages, ip), [
    { kind: 'succeeded', message: '' },
    { kind: 'refused', message: 'Error: either "to" is duplicate, or "x" is a garbage.' },
    { kind: 'unread' },
    { kind: 'unread' },
  ]);
});

test('a warning about a line that succeeded does not make it fail', () => {
  assert.deepEqual(judgeBatch(1, `Warning: deprecated.\n${about('ip', 2)}`, ip), [
    { kind: 'succeeded', message: 'Warning: deprecated.' },
  ]);
});

test('the reports of arp count, and not its status', () => {
  const messages = [
    'SIOCSARP: No such device',
    'arp: cannot set entry on line 1 of etherfile /dev/stdin !',
    'arp: format error on line 2 of etherfile /dev/stdin !',
    'arp: format error on line 4 of etherfile /dev/stdin !',
  ].join('\n');
  assert.deepEqual(
    judgeBatch(2, messages, arp).map(({ kind }) => kind),
    ['refused', 'succeeded'],
  );
});
