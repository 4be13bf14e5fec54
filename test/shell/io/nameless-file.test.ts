import assert from 'node:assert/strict';
import { closeSync, fstatSync, readFileSync, readlinkSync, writeSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { openInput, openNamelessFile, replaceContent } from '../../../src/shell/io/nameless-file.ts';

function closeAfter(t: TestContext, file: number): number {
  t.after(() => closeSync(file));
  return file;
}

/** Linux shows a file that never had a name by its inode. */
const nameless = /\/#\d+ \(deleted\)$/;

test('a nameless file never had a name, so that a process that is killed cannot leave it', (t) => {
  const file = closeAfter(t, openNamelessFile());
  assert.match(readlinkSync(`/proc/self/fd/${file}`), nameless);
  assert.equal(fstatSync(file).nlink, 0);
  assert.equal(fstatSync(file).mode & 0o777, 0o600);
  replaceContent(file, Buffer.from('a longer text'));
  replaceContent(file, Buffer.from('short'));
  assert.equal(readFileSync(`/proc/self/fd/${file}`, 'utf8'), 'short');
});

for (const [what, text] of [
  ['a line', '{"VNI":1}\n'],
  ['more than a pipe holds', 'weft '.repeat(100_000)],
] as const) {
  test(`an input never had a name, is read from its beginning and cannot be written to: ${what}`, (t) => {
    const file = closeAfter(t, openInput(text));
    assert.match(readlinkSync(`/proc/self/fd/${file}`), nameless);
    assert.throws(() => writeSync(file, 'x'), { code: 'EBADF' });
    assert.equal(readFileSync(file, 'utf8'), text);
    assert.equal(readFileSync(`/proc/self/fd/${file}`, 'utf8'), text, 'and can be opened again');
  });
}

test('an empty input does not make a file', (t) => {
  assert.equal(readlinkSync(`/proc/self/fd/${closeAfter(t, openInput(''))}`), '/dev/null');
});
