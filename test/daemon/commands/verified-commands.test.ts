import assert from 'node:assert/strict';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import type { CommandResult } from '../../../src/daemon/commands/command-result.ts';
import { VerifiedCommands } from '../../../src/daemon/commands/verified-commands.ts';
import type { Operation } from '../../../src/engine/operation.ts';
import { createWorkerPool } from '../../../src/shell/pool/worker-pool.ts';
import type { Shell } from '../../../src/shell/shell.ts';
import { Bench } from '../bench.ts';
import { makeNumberedPeer, own } from '../network/network-bench.ts';

const { signal } = new AbortController();

const add: Operation = {
  kind: 'add',
  peer: { ...makeNumberedPeer(4), stdin: 'data 4\n' },
  reason: 'new',
  mode: 'strict',
};

interface Verified {
  readonly result: CommandResult;
  /** The differences that the log has. */
  readonly differences: readonly string[];
  readonly concerns: readonly string[];
  /** The names in the state directory. */
  readonly left: readonly string[];
}

interface VerifyOptions {
  /** Changes the script before the shell runs it, after it was compiled. The notes about its lines are at fixed places. */
  readonly edit?: (text: string) => string;
  readonly makeShell?: (bench: Bench) => Shell;
  readonly prepare?: (bench: Bench) => void;
}

async function verify(
  t: TestContext,
  SubnetAddCommand: string | readonly string[],
  { edit = (text) => text, makeShell = (bench) => bench.shell(), prepare }: VerifyOptions = {},
): Promise<Verified> {
  const bench = new Bench(t);
  bench.recipe({ Type: 'extension', Overhead: 50, SubnetAddCommand });
  const shell = makeShell(bench);
  const editing: Shell = {
    run: (job, stop) => shell.run({ ...job, script: { ...job.script, text: edit(job.script.text) } }, stop),
    close: () => shell.close(),
  };
  let concerns: readonly string[] = [];
  const runner = bench.runner(await bench.prepare(), bench.options(), editing);
  const commands = new VerifiedCommands(runner, own, (found) => {
    concerns = found.map(({ about }) => about);
  });
  prepare?.(bench);
  const result = await commands.run(add, signal);
  return {
    result,
    differences: bench.told('compile-difference').map(({ because }) => because),
    concerns,
    left: existsSync(bench.stateDirectory) ? readdirSync(bench.stateDirectory) : [],
  };
}

/** A script with all that is compared: words, environment, streams, outcomes and written text. */
const everything = [
  'read first second',
  'export A="$first b"',
  'B=2 ls -d / "$SUBNET" $second <<END 2>/dev/null || true',
  'text of $SUBNET',
  'END',
  'printf "%s\\n" "$A" | sort -r /dev/stdin >/dev/null',
  'echo "adding $SUBNET" >&2',
  'unset B; ls / </dev/null >/dev/null',
];

const pool = (t: TestContext): Shell => {
  const shell = createWorkerPool({ size: 1 });
  t.after(() => shell.close());
  return shell;
};

test('a shell that does what was compiled differs in nothing, and leaves no record', async (t) => {
  for (const makeShell of [(bench: Bench) => bench.shell(), () => pool(t)]) {
    const { result, differences, concerns, left } = await verify(t, everything, { makeShell });
    assert.equal(result.kind, 'ok');
    assert.deepEqual(differences, []);
    assert.deepEqual(concerns, []);
    assert.deepEqual(
      left.filter((name) => name.startsWith('.verify')),
      [],
    );
  }
});

/** Each edit of the script, with the difference that it makes. */
const edits: readonly (readonly [what: string, from: string, to: string, difference: RegExp])[] = [
  ['another word', '-d', '-a', /^the shell calls ls -a \/ .*, and not ls -d/],
  ['another variable', 'B=2', 'B=3', /^ls gets B as "3" from the shell, and not as "2"$/],
  [
    'a variable that is not exported',
    'export A',
    '       A',
    /^ls gets A as unset from the shell, and not as "data b"$/,
  ],
  [
    'another text for a program',
    'text of',
    'words of',
    /^ls reads "words of .*" from the shell, and not "text of/,
  ],
  [
    'another order',
    'unset B; ls / </dev/null >/dev/null',
    'ls /nowhere; ls /',
    /^the shell calls ls \/nowhere, and not ls \/$/,
  ],
  ['one call less', 'unset B; ls / </dev/null >/dev/null', '', /^the shell ends and does not call ls \/$/],
  ['one call more', '>/dev/null$', '>/dev/null; ls /', /^the shell goes on and calls ls \/$/],
  ['another status', '>/dev/null$', '>/dev/null; false', /^the shell fails, and the compiled run succeeds$/],
  ['another text of its own', 'adding', 'adders', /^the shell does not write "adding .*" to stderr$/],
];

for (const [what, from, to, difference] of edits) {
  test(`a shell that does something else is reported: ${what}`, async (t) => {
    const script = [
      ...everything.slice(0, 2),
      'B=2 ls -d / "$SUBNET" $second <<END 2>/dev/null || true',
      ...everything.slice(3),
    ];
    const edit = (text: string) => {
      const edited = text.replace(new RegExp(from), to);
      assert.notEqual(edited, text);
      return edited;
    };
    const { differences, concerns } = await verify(t, script, { edit });
    assert.equal(differences.length, 1);
    assert.match(differences[0] ?? '', difference);
    assert.equal(concerns.length, 1);
    assert.match(concerns[0] ?? '', /^SubnetAddCommand/);
  });
}

test('a program runs as without a stand-in, and ends as it does', async (t) => {
  const { result, differences } = await verify(t, ['echo "$PATH" >&2', 'exec 3>&1; ls /nowhere']);
  assert.equal(result.kind, 'trouble', 'it is not compiled, so no program stands in');
  assert.deepEqual(differences, []);
  const failing = await verify(t, 'ls /nowhere');
  assert(failing.result.kind === 'trouble');
  assert.equal(failing.result.trouble.how, 'exited with status 2');
  assert.deepEqual(failing.differences, []);
});

test('a record that is lost is a concern, and the command has run', async (t) => {
  const edit = () => 'rm -rf .verify-*';
  const { result, differences, concerns } = await verify(t, 'ls / >/dev/null', { edit });
  assert.equal(result.kind, 'ok');
  assert.deepEqual(differences, []);
  assert.deepEqual(concerns, ['recorder']);
});

test('a recorder that cannot be opened is a concern, and the command is tried by the shell', async (t) => {
  const prepare = (bench: Bench) => rmSync(bench.stateDirectory, { recursive: true });
  const { result, concerns } = await verify(t, 'ls / >/dev/null', { prepare });
  assert(result.kind === 'trouble');
  assert.equal(result.didBegin, false);
  assert.deepEqual(concerns, ['recorder']);
});

test('a stand-in that ended in the middle of its record ends the list of calls', async (t) => {
  const edit = () => 'for file in .verify-*; do : >"$file/0.words"; done';
  const { result, differences, concerns } = await verify(t, 'ls / >/dev/null', { edit });
  assert.equal(result.kind, 'ok');
  assert.deepEqual(differences, ['the shell ends and does not call ls /']);
  assert.deepEqual(concerns.length, 1);
});
