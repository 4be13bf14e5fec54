import assert from 'node:assert/strict';
import { chmod, mkdir, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { ProgramError, runProgram } from '../../src/host/run-program.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

/** What a program's failure says. */
async function failureOf(
  program: Promise<string>,
): Promise<Pick<ProgramError, 'message' | 'fault' | 'how' | 'stderr'>> {
  const error = await program.then(
    (stdout) => assert.fail(`it succeeded, and printed ${stdout}`),
    (error: unknown) => error,
  );
  assert.ok(error instanceof ProgramError, String(error));
  const { message, fault, how, stderr } = error;
  return { message, fault, how, stderr };
}

describe('a helper program', { timeout: 30_000 }, () => {
  test('is given its arguments as they are, and returns its stdout as it is', async () => {
    const words = ['a b', '$HOME', '', "'\n"];
    assert.equal(await runProgram('printf', ['<%s>', ...words]), words.map((word) => `<${word}>`).join(''));
    assert.equal(await runProgram('echo', ['text']), 'text\n');
  });

  test('reads its input, and an empty stdin without one', async () => {
    const input = 'line\n'.repeat(100_000);
    assert.equal(await runProgram('cat', [], { input }), input);
    assert.equal(await runProgram('cat', []), '');
  });

  test('may end before it has read its input', async () => {
    assert.equal(await runProgram('true', [], { input: 'x'.repeat(1 << 20) }), '');
  });

  test('has this process’s environment, or exactly the one that is given', async () => {
    assert.match(await runProgram('env', []), /^PATH=/m);
    assert.equal(await runProgram('/usr/bin/env', [], { env: { ONLY: 'this' } }), 'ONLY=this\n');
  });

  test('sees itself called by the name that is given', async () => {
    assert.equal(
      await runProgram('/bin/sh', ['-c', 'tr "\\0" "\\n" </proc/$$/cmdline | head -n 1'], { argv0: 'loom' }),
      'loom\n',
    );
  });

  test('runs although the directory that this process began in is gone', async (t) => {
    const before = process.cwd();
    t.after(() => process.chdir(before));
    const directory = join(temporaryDirectory(t), 'gone');
    await mkdir(directory);
    process.chdir(directory);
    await rmdir(directory);
    assert.equal(await runProgram('echo', ['text']), 'text\n');
  });
});

describe('the failure of a helper program says', { timeout: 30_000 }, () => {
  test('its status and its own words', async () => {
    assert.deepEqual(await failureOf(runProgram('sh', ['-c', 'echo out; echo "no such loom" >&2; exit 3'])), {
      message: 'sh exited with status 3: no such loom',
      fault: 'failed',
      how: 'exited with status 3',
      stderr: 'no such loom',
    });
    const { message } = await failureOf(runProgram('false', []));
    assert.equal(message, 'false exited with status 1');
  });

  test('the signal that ended it', async () => {
    const { message, fault } = await failureOf(runProgram('sh', ['-c', 'kill -KILL $$']));
    assert.deepEqual([message, fault], ['sh was ended by SIGKILL', 'failed']);
  });

  test('that it is not on PATH', async () => {
    const { message, fault } = await failureOf(runProgram('no-such-program', []));
    assert.deepEqual([message, fault], ['the program no-such-program is not on PATH', 'missing']);
  });

  test('why it could not be started', async (t) => {
    const file = join(temporaryDirectory(t), 'program');
    await writeFile(file, '#!/bin/sh\n');
    await chmod(file, 0o600);
    const { message, fault } = await failureOf(runProgram(file, []));
    assert.deepEqual([message, fault], [`${file} could not be started: permission denied`, 'unstartable']);
  });

  test('that its time was up', async () => {
    const { message, fault } = await failureOf(runProgram('sleep', ['600'], { timeoutMs: 50 }));
    assert.deepEqual([message, fault], ['sleep did not end within 0.05 s', 'timed-out']);
  });

  test('that it printed too much', async () => {
    const { message, fault } = await failureOf(runProgram('sh', ['-c', 'yes | head -c 33554433']));
    assert.deepEqual([message, fault], ['sh printed more than 33554432 characters', 'failed']);
  });
});
