import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOutcome } from '../../src/shell/outcome.ts';

const nothing = { text: '', truncated: 0 };
const ran = { stdout: nothing, stderr: nothing, durationMs: 1, line: undefined };

test('each outcome is the predicate of a sentence', () => {
  assert.equal(describeOutcome({ kind: 'succeeded', ...ran }), 'succeeded');
  assert.equal(describeOutcome({ kind: 'failed', exitCode: 2, ...ran }), 'exited with status 2');
  assert.equal(describeOutcome({ kind: 'killed', signal: 'SIGKILL', ...ran }), 'was ended by SIGKILL');
  assert.equal(describeOutcome({ kind: 'timed-out', timeoutMs: 30_000, ...ran }), 'did not end within 30 s');
  assert.equal(describeOutcome({ kind: 'timed-out', timeoutMs: 1_500, ...ran }), 'did not end within 1.5 s');
  assert.equal(describeOutcome({ kind: 'timed-out', timeoutMs: 250, ...ran }), 'did not end within 250 ms');
  assert.equal(describeOutcome({ kind: 'cancelled', ...ran }), 'was cancelled');
  assert.equal(
    describeOutcome({ kind: 'unstartable', reason: 'no such file' }),
    'could not be started: no such file',
  );
});
