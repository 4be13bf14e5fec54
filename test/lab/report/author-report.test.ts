import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorReport } from '../../../src/lab/report/author-report.ts';

test('the author is told which file to save, also for a shipped recipe that was given by name', () => {
  const report = authorReport('host-gw', false, { colour: false });
  assert.equal(
    report.watching('/usr/lib/heddle/recipes/host-gw.json'),
    'When you save /usr/lib/heddle/recipes/host-gw.json, every node runs it. Ctrl-C ends the lab.\n',
  );
  assert.equal(authorReport('host-gw', true, { colour: false }).watching('/x.json'), '');
});
