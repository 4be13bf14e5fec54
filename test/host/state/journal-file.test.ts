import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { lstatSync, mkdirSync, symlinkSync } from 'node:fs';
import { appendFile, readFile, readdir, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { DamagedJournal, setJournalAside } from '../../../src/host/state/damaged-journal.ts';
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

for (const [what, text, line, reason] of [
  ['an entry that was cut short', '1\n{"a":\n3\n', 2, 'is not JSON'],
  ['two entries that were cut into one', '{"a":1}\n{"b":2}\n{"add":{"k{"gone":"x"}\n', 3, 'is not JSON'],
  ['an empty line', '1\n2\n3\n\n5\n', 4, 'is not JSON'],
  ['text of another program', 'Nov 27 weaver systemd[1]: started\n1\n', 1, 'is not JSON'],
  ['zero bytes in place of a block', `1\n${'\0'.repeat(4096)}}\n3\n`, 2, 'contains zero bytes'],
  ['a zero byte in an entry', '1\n2\n{"a":"\0"}\n', 3, 'contains zero bytes'],
] as const) {
  test(`damage before the end is a failure that names file, line and reason: ${what}`, async (t) => {
    const directory = temporaryDirectory(t);
    const path = join(directory, 'journal');
    await writeFile(path, text);
    await assert.rejects(openJournal(path), (error) => {
      assert.ok(error instanceof DamagedJournal);
      assert.equal(error.kind, 'state-directory');
      assert.equal(error.message, `the journal ${path} is damaged: its line ${line} ${reason}`);
      assert.ok(error.hint?.includes(`heddle down --forget --state-dir ${directory}:`), error.hint);
      return true;
    });
    assert.equal(await readFile(path, 'utf8'), text, 'and changes nothing');
  });
}

for (const [what, make, reason] of [
  ['a FIFO', (path: string) => void execFileSync('mkfifo', [path]), 'it is not a regular file'],
  ['a directory', (path: string) => mkdirSync(path), 'it is not a regular file'],
  [
    'a link that leads nowhere',
    (path: string) => symlinkSync('/nowhere/journal', path),
    'it is a symbolic link',
  ],
] as const) {
  test(`${what} in the place of the journal is damage, is not waited for, and can be set aside`, async (t) => {
    const path = join(temporaryDirectory(t), 'journal');
    make(path);
    const { ino } = lstatSync(path);
    await assert.rejects(openJournal(path), (error) => {
      assert.ok(error instanceof DamagedJournal);
      assert.equal(error.message, `the journal ${path} is damaged: ${reason}`);
      return true;
    });
    const newPath = await setJournalAside(path, new Date());
    assert.equal(lstatSync(newPath).ino, ino);
    await openIn(t, path);
  });
}

test('zero bytes after the last whole entry are what a crash tore', async (t) => {
  const path = join(temporaryDirectory(t), 'journal');
  await writeFile(path, `1\n2\n${'\0'.repeat(4096)}`);
  const journal = await openIn(t, path);
  await journal.append([3]);
  assert.deepEqual(await journal.read(), [1, 2, 3]);
});

test('a journal that is set aside keeps its content, and takes no other one’s place', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'journal');
  const now = new Date('2026-11-27T09:30:00.125Z');
  await writeFile(path, 'rubbish\n');
  const newPath = await setJournalAside(path, now);
  assert.equal(newPath, join(directory, '.journal-damaged-2026-11-27T09-30-00.125Z'));
  assert.equal(await readFile(newPath, 'utf8'), 'rubbish\n');
  await writeFile(path, 'more rubbish\n');
  await assert.rejects(setJournalAside(path, now), { code: 'EEXIST' });
  assert.equal(await readFile(newPath, 'utf8'), 'rubbish\n');
  assert.equal(await readFile(path, 'utf8'), 'more rubbish\n');
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

test('a reader sees changes of the journal that another program made', async (t) => {
  const path = join(temporaryDirectory(t), 'journal');
  const journal = await openIn(t, path);
  await journal.append([1, 2]);
  await appendFile(path, '3\n');
  assert.deepEqual(await journal.read(), [1, 2, 3]);
  await truncate(path, 2);
  assert.deepEqual(await journal.read(), [1]);
});
