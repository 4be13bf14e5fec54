import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import { summariseEvents, type TestRun } from '../../scripts/test/test-run.js';
import { temporaryDirectory } from '../support/temporary-directory.ts';

const reporter = fileURLToPath(new URL('../../scripts/test/reporter.js', import.meta.url));

const toyTests = `
  import { describe, test } from 'node:test';
  import { setTimeout as delay } from 'node:timers/promises';
  describe('a suite', () => {
    test('passes', () => {});
    test('fails', () => { throw new Error('on purpose'); });
    test('is skipped', { skip: 'needs a loom' }, () => {});
    test('skips itself', (t) => t.skip('needs yarn'));
    test('hangs', (t) => delay(60_000, undefined, { signal: t.signal }));
  });
  describe('a skipped suite', { skip: 'needs wool' }, () => test('never runs', () => {}));
`;

describe('the record of a run of node:test', () => {
  const directory = temporaryDirectory({ after });
  let summary: Omit<TestRun, 'ok'>;
  let file: string | undefined;

  before(async () => {
    writeFileSync(join(directory, 'toy.test.mjs'), toyTests);
    const options = ['--test', '--test-timeout=3000', `--test-reporter=${reporter}`];
    const { stdout } = await execa(
      process.execPath,
      [...options, '--test-reporter-destination=stdout', join(directory, 'toy.test.mjs')],
      // A node:test inside a node:test would speak to the outer one.
      { env: { NODE_TEST_CONTEXT: undefined }, reject: false },
    );
    summary = summariseEvents(stdout);
    [file] = summary.files.keys();
  });

  test('has the file and its time', () => {
    assert.equal(summary.files.size, 1);
    assert.match(file ?? '', /toy\.test\.mjs$/);
    assert.ok((summary.files.get(file ?? '') ?? 0) > 0);
  });

  test('names the test that fails and the one that hangs, and no other', () => {
    const failed = summary.failures.map(({ name }) => name);
    const unfinished = summary.unfinished.map((line) => line.replace(`${file}: `, '').trim());
    // Up to Node 22 the limit is that of the file: its suite does not end either.
    const named = [...failed, ...unfinished].filter((name) => name !== 'a suite');
    assert.deepEqual(named.sort(), ['fails', 'hangs']);
  });

  test('lists each skip with its reason', () => {
    const skips = summary.skips.map(({ name, reason }) => `${name}: ${reason}`);
    assert.ok(skips.includes('is skipped: needs a loom'));
    assert.ok(skips.includes('skips itself: needs yarn'));
  });
});

test('a file that ends before its first test is unfinished', () => {
  assert.deepEqual(summariseEvents('["start","/x/a.test.ts"]\n').unfinished.length, 1);
});
