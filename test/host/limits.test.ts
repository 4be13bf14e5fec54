import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { describeReachedLimit } from '../../src/host/limits.ts';
import { explainError } from '../../src/host/system-error.ts';
import { asFailure } from '../../src/cli/terminal/report-error.ts';

function systemError(code: string, syscall: string): Error {
  return Object.assign(new Error(`${syscall} ${code}`), { code, syscall, errno: -24 });
}

test('an error of a limit is a sentence that names the limit and what to raise, not a bug', () => {
  for (const [error, words] of [
    [systemError('EMFILE', 'open'), /^the limit of \d+ open files is reached \(LimitNOFILE=/],
    [systemError('EMFILE', 'spawn sh'), /open files/],
    [systemError('ENFILE', 'open'), /whole machine/],
    [new Error('wrapped', { cause: systemError('EAGAIN', 'spawn sh') }), /processes is reached/],
    [systemError('EAGAIN', 'spawn sh'), /^the limit of (\d+ )?processes is reached \(TasksMax=/],
  ] as const) {
    assert.match(explainError(error), words);
    const failure = asFailure(error);
    assert.deepEqual([failure.kind, exitCodes[failure.kind]], ['prerequisite', 4]);
    assert.match(failure.message, /^heddle cannot go on: the limit of /);
    assert.match(failure.hint ?? '', /raise the limit/);
  }
});

test('other errors are not blamed on a limit', () => {
  for (const error of [
    systemError('EAGAIN', 'read'),
    systemError('ENOENT', 'spawn sh'),
    new Error('EMFILE'),
    'EMFILE',
  ])
    assert.equal(describeReachedLimit(error), undefined);
});

test('the number is the limit of the process', () => {
  const limits = fileURLToPath(new URL('../../src/host/limits.ts', import.meta.url));
  const script = `
    import { openSync } from 'node:fs';
    const { describeReachedLimit } = await import(${JSON.stringify(limits)});
    try { for (;;) openSync('/dev/null'); } catch (error) { console.log(describeReachedLimit(error)); }`;
  const node = `exec '${process.execPath}' --import tsx --input-type=module -e "$SCRIPT"`;
  for (const most of [60, 90]) {
    const { stdout, stderr } = spawnSync('sh', ['-c', `ulimit -n ${most}; ${node}`], {
      encoding: 'utf8',
      env: { ...process.env, SCRIPT: script },
    });
    assert.match(stdout, new RegExp(`^the limit of ${most} open files is reached`), stderr);
  }
});
