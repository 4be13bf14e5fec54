import assert from 'node:assert/strict';
import { test } from 'node:test';
import { listEnvironmentChanges } from '../../../src/shell/pool/environment-change.ts';
import { cleanMessages, composeScriptFile, readStatus } from '../../../src/shell/pool/worker-text.ts';

test('a status is known when its line is whole, with what was said before', () => {
  assert.equal(readStatus(''), undefined);
  assert.equal(readStatus('=13'), undefined);
  assert.deepEqual(readStatus('=0\n'), { status: 0, message: '' });
  assert.deepEqual(readStatus('Killed\n=137\n'), { status: 137, message: 'Killed\n' });
});

test('messages of the shell name no file, and those of others are left as they are', () => {
  const messages = [
    'sh: 3: /proc/self/fd/6: foo: not found',
    'sh: /proc/self/fd/6: line 3: foo: not found',
    'sh: /proc/self/fd/6: syntax error',
    '/proc/self/fd/6: line 3: foo: command not found',
    'cat: /proc/self/fd/6: no such file',
    '',
  ];
  const clean = [
    'sh: 3: foo: not found',
    'sh: foo: not found',
    'sh: syntax error',
    'sh: line 3: foo: command not found',
    'cat: /proc/self/fd/6: no such file',
    '',
  ];
  assert.equal(cleanMessages(messages.join('\n')), clean.join('\n'));
});

test('the script begins on its first line, and its notes go where it writes nothing', () => {
  const compose = (text: string, stopOnError = false) => composeScriptFile({ text, stopOnError, notes: [] });
  assert.equal(compose('a\nb'), 'exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&-; umask 077; a\nb');
  assert.equal(
    compose('a 9>&2', true),
    'exec 3<&- 4<&- 5<&- 6<&- 7<&- 8<&- 8>&9 9>&-; set -e; umask 077; a 9>&2',
  );
  assert.equal(compose('3<a 4<a 5<a 6<a 7<a 8<a 9<a'), undefined);
  assert.equal(compose('a \0'), undefined);
});

test('only what differs between two environments is told', () => {
  const from = { SAME: '1', GONE: '2', OTHER: '3', toString: '4' };
  assert.equal(listEnvironmentChanges(from, from), '');
  assert.equal(
    listEnvironmentChanges(from, { SAME: '1', OTHER: '', NEW: 'a\n+b\n' }),
    '-GONE\n-toString\n=OTHER=\n+NEW=a\n++b\n=\n',
  );
  for (const name of ['PWD', 'IFS', 'a.b', '']) {
    assert.equal(listEnvironmentChanges({}, { [name]: 'x' }), undefined, name);
    assert.equal(listEnvironmentChanges({ [name]: 'x' }, {}), undefined, name);
  }
  assert.equal(listEnvironmentChanges({}, { A: 'x'.repeat(5000) }), undefined);
  assert.equal(listEnvironmentChanges({}, { A: 'a\0b' }), undefined);
});
