import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Capture } from '../../../src/shell/io/capture.ts';

function capture(limits: { head: number; tail: number }, ...chunks: (string | Buffer)[]) {
  const into = new Capture(limits);
  for (const chunk of chunks) into.add(Buffer.from(chunk));
  return into.read();
}

test('output that fits is kept whole', () => {
  assert.deepEqual(capture({ head: 4, tail: 4 }, 'abcd', 'efgh'), { text: 'abcdefgh', truncated: 0 });
  assert.deepEqual(capture({ head: 4, tail: 0 }, 'abcd'), { text: 'abcd', truncated: 0 });
  assert.deepEqual(capture({ head: 4, tail: 4 }), { text: '', truncated: 0 });
});

test('without a tail the rest is dropped and counted, and no marker gets into the data', () => {
  assert.deepEqual(capture({ head: 4, tail: 0 }, 'ab', 'cdef', 'gh'), { text: 'abcd', truncated: 4 });
});

test('with a tail the middle is left out and said to be', () => {
  assert.deepEqual(capture({ head: 2, tail: 2 }, 'abcde', 'fgh'), {
    text: 'ab\n[… 4 bytes omitted …]\ngh',
    truncated: 4,
  });
});

test('a cut never splits a character', () => {
  assert.deepEqual(capture({ head: 4, tail: 0 }, 'aaaé', 'b'), { text: 'aaa', truncated: 3 });
  assert.deepEqual(capture({ head: 1, tail: 2 }, 'abé€'), {
    text: 'a\n[… 6 bytes omitted …]\n',
    truncated: 6,
  });
});

test('a character that is split between chunks is whole', () => {
  const bytes = Buffer.from('é');
  assert.equal(capture({ head: 9, tail: 9 }, bytes.subarray(0, 1), bytes.subarray(1)).text, 'é');
});

test('bytes that are not UTF-8 are replaced', () => {
  assert.equal(capture({ head: 9, tail: 0 }, Buffer.from([0x61, 0xff, 0x00, 0x62])).text, 'a\u{fffd}\u{0}b');
});

test('head, tail and the count make up everything, however it is chunked', () => {
  const property = fc.property(
    fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), maxLength: 40 })),
    fc.nat(20),
    fc.nat(20),
    (chunks, head, tail) => {
      const all = chunks.join('');
      const { text, truncated } = capture({ head, tail }, ...chunks);
      if (all.length <= head + tail) assert.deepEqual({ text, truncated }, { text: all, truncated: 0 });
      else {
        assert.equal(truncated, all.length - head - tail);
        assert.ok(text.startsWith(all.slice(0, head)));
        assert.ok(text.endsWith(all.slice(all.length - tail)));
      }
    },
  );
  fc.assert(property);
});
