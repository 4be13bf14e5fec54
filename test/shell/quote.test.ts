import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { test } from 'node:test';
import fc from 'fast-check';
import { quote } from 'shell-quote';

// All quoting for `sh` is shell-quote's. This says that each `sh` reads back what was quoted, whatever it is.

/** Characters that mean something to some shell, and those that its parser treats in a way of their own. */
const special = [
  ...Array.from('\'"\\!$`#&()*,:;<=>?@[]^{}|~%+-./ \t\n\r\u00a0\u2028\u0081\u0088\u007f'),
  'C:',
  '~/',
  '$(',
  'é',
];
const character = fc.oneof(
  fc.constantFrom(...special),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
);
const word = fc
  .array(character, { maxLength: 12 })
  .map((characters) => characters.join('').replaceAll('\0', ''));

for (const sh of [['dash'], ['busybox', 'sh'], ['bash', '--posix'], ['sh']] as const) {
  const [program, ...args] = sh;
  const missing = spawnSync(program, [...args, '-c', ':']).error !== undefined;
  test(`${sh.join(' ')} reads back what shell-quote quotes`, { skip: missing && `needs ${program}` }, () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(word, { minLength: 1, maxLength: 8 }), { minLength: 1, maxLength: 40 }),
        (lists) => {
          // One shell for many lists: each is an argument list of its own, and so a line of its own.
          const script = lists.map((words) => `printf '%s\\0' ${quote(words)}; printf '\\n\\0'`).join('\n');
          const read = execFileSync(program, [...args, '-c', script], { encoding: 'utf8' });
          const expected = lists.map((words) => words.map((each) => `${each}\0`).join('') + '\n\0').join('');
          assert.equal(read, expected);
        },
      ),
      { numRuns: 50 },
    );
  });
}
