import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { evaluateInNamespace, skipNamespaces } from './namespace.ts';

test(
  'on a full disk entries of the journal are written all or not at all',
  { skip: skipNamespaces },
  async (t) => {
    const directory = temporaryDirectory(t);
    const result = await evaluateInNamespace(
      [`mount -t tmpfs -o size=64k tmpfs ${directory}`],
      'host/state/journal-file.ts',
      `(async () => {
      const journal = await m.openJournal(${JSON.stringify(join(directory, 'journal'))});
      await journal.append([1]);
      const failure = await journal.append(['x'.repeat(100000)]).catch((error) => error);
      await journal.append([2]);
      return { message: failure.message, entries: await journal.read() };
    })()`,
    );
    assert.deepEqual(result, {
      message: `the journal ${join(directory, 'journal')} could not be written: no space left on device`,
      entries: [1, 2],
    });
  },
);
