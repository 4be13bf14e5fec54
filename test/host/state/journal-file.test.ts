import assert from 'node:assert/strict';
import { appendFile, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { openJournal } from '../../../src/host/state/journal-file.ts';
import { countWholeBytes, parseJournal, renderJournal } from '../../../src/host/state/journal-lines.ts';
import type { Json } from '../../../src/lease/lease.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { setUmask } from '../../support/umask.ts';

async function openIn(t: TestContext, path: string) {
  const journal = await openJournal(path);
  t.after(() => journal.close());
  return journal;
}

test('entries are there after a restart, in order', async (t) => {
  setUmask(t, 0);
  const path = join(temporaryDirectory(t), 'journal');
  const journal = await openIn(t, path);
  assert.deepEqual(await journal.read(), []);
  await journal.append([{ a: 1 }, 'two\nlines']);
  await journal.append([]);
  await Promise.all([journal.append([3]), journal.append([4]), journal.append([null])]);
  const all = [{ a: 1 }, 'two\nlines', 3, 4, null];
  assert.deepEqual(await journal.read(), all);
  assert.deepEqual(await (await openIn(t, path)).read(), all);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
});

test('a rewrite takes the place of all, and appends go on after it', async (t) => {
  setUmask(t, 0);
  const directory = temporaryDirectory(t);
  const journal = await openIn(t, join(directory, 'journal'));
  await journal.append([1, 2, 3]);
  await journal.rewrite([6]);
  await journal.append([7]);
  assert.deepEqual(await journal.read(), [6, 7]);
  assert.deepEqual(await readdir(directory), ['journal']);
  assert.equal((await stat(join(directory, 'journal'))).mode & 0o777, 0o600);
  await journal.rewrite([]);
  assert.deepEqual(await journal.read(), []);
});

test('an entry that a crash tore is left out, and the next one does not join it', async (t) => {
  const path = join(temporaryDirectory(t), 'journal');
  await writeFile(path, '{"a":1}\n{"b":"long and torn');
  const journal = await openIn(t, path);
  assert.deepEqual(await journal.read(), [{ a: 1 }]);
  await journal.append([2]);
  assert.equal(await readFile(path, 'utf8'), '{"a":1}\n2\n');
  assert.deepEqual(await journal.read(), [{ a: 1 }, 2]);
});

test('damage before the end is a failure that names the line', async (t) => {
  const path = join(temporaryDirectory(t), 'journal');
  await writeFile(path, '1\n{"a":\n3\n');
  await assert.rejects(openJournal(path), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'state-directory');
    assert.match(error.message, /journal is damaged: its line 2 is not JSON/);
    return true;
  });
});

test('a journal that cannot be opened, or is closed, is a failure', async (t) => {
  const directory = temporaryDirectory(t);
  await assert.rejects(openJournal(directory), Failure);
  await assert.rejects(openJournal(join(directory, 'none', 'journal')), /no such file or directory/);
  const journal = await openJournal(join(directory, 'journal'));
  await journal.close();
  await assert.rejects(journal.append([1]), /is closed/);
});

test('wherever a crash cuts a journal, what was whole before is read', () => {
  const entries = fc.array(fc.jsonValue() as fc.Arbitrary<Json>, { maxLength: 5 });
  fc.assert(
    fc.property(entries, fc.nat(), (written, cut) => {
      const text = Buffer.from(renderJournal(written));
      const rest = text.subarray(0, cut % (text.length + 1));
      const journal = parseJournal(rest.toString('utf8', 0, countWholeBytes(rest)));
      assert.equal(journal.kind, 'read');
      const whole = rest.toString('latin1').split('\n').length - 1;
      assert.deepEqual(journal.entries, JSON.parse(JSON.stringify(written.slice(0, whole))));
    }),
  );
});

test('what somebody else cut off or added is seen by a reader', async (t) => {
  const path = join(temporaryDirectory(t), 'journal');
  const journal = await openIn(t, path);
  await journal.append([1, 2]);
  await appendFile(path, '3\n');
  assert.deepEqual(await journal.read(), [1, 2, 3]);
  await truncate(path, 2);
  assert.deepEqual(await journal.read(), [1]);
});
