import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProbeBook } from '../../../src/daemon/probe/probe-book.ts';
import type { ProbeTarget } from '../../../src/daemon/probe/targets.ts';

const target = (n: number, key = `peer-${n}`): ProbeTarget => ({
  key,
  subnet: `10.50.${n}.0/24`,
  address: `10.50.${n}.1`,
});

/** The result of each address. */
const resultsOf = (book: ProbeBook): Record<string, string> =>
  Object.fromEntries(book.all.map(({ address, result }) => [address, result]));

test('an address that never answered is unknown, however often it is silent', () => {
  const book = new ProbeBook();
  book.note(target(1), false, 1);
  book.note(target(1), false, 2);
  assert.deepEqual(resultsOf(book), { '10.50.1.1': 'unknown' });
  assert.equal(book.hasAnswered(target(1)), false);
  assert.deepEqual(book.silent, []);
});

test('an address that answered before is silent until it answers again, and its last answer keeps its time', () => {
  const book = new ProbeBook();
  book.note(target(1), true, 1);
  book.note(target(1), false, 2);
  assert.deepEqual(book.silent, [{ ...target(1), result: 'silent', lastAnswerAt: 1 }]);
  book.note(target(1), true, 3);
  assert.deepEqual(book.all, [{ ...target(1), result: 'answers', lastAnswerAt: 3 }]);
  assert.deepEqual(book.silent, []);
});

test('a peer that has the address of another now begins without its answers', () => {
  const book = new ProbeBook();
  book.note(target(1), true, 1);
  const next = target(1, 'another');
  assert.equal(book.hasAnswered(next), false);
  book.note(next, false, 2);
  assert.deepEqual(book.all, [{ ...next, result: 'unknown', lastAnswerAt: undefined }]);
});

test('the addresses of peers that are gone are forgotten, with their answers', () => {
  const book = new ProbeBook();
  book.note(target(1), true, 1);
  book.note(target(2), true, 1);
  book.retain(({ key }) => key === 'peer-2');
  assert.deepEqual(resultsOf(book), { '10.50.2.1': 'answers' });
  book.note(target(1), false, 2);
  assert.equal(resultsOf(book)['10.50.1.1'], 'unknown');
});
