import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createOneShotShell } from '../../../src/shell/one-shot-shell.ts';
import type { Command } from '../../../src/recipe/recipe.ts';
import type { ShellProgram } from '../../../src/shell/program.ts';
import { CommandScripts } from '../../../src/recipe-files/command-scripts.ts';
import type { Script } from '../../../src/shell/shell.ts';
import { jobOf, linesCommand, stringCommand } from '../command.ts';
import { implementations } from '../implementations.ts';

async function prepare(command: Command, program?: ShellProgram): Promise<Script> {
  return new CommandScripts([command], program).get(command.name);
}

/** Each script fails; its failing line is the one that ends with `# here`, or that the test names. */
const scripts: Record<string, { lines: string[]; line?: number }> = {
  'the only line': { lines: ['false # here'] },
  'the first line': { lines: ['false # here', 'true'] },
  'a later line': { lines: ['true', 'echo a', 'false # here', 'echo never'] },
  'the last line': { lines: ['true', 'exit 3 # here'] },
  'blank lines and comments between': { lines: ['true', '', '# note', '  false # here', '', 'true'] },
  'a program that is missing': { lines: ['true', 'no-such-program # here', 'true'] },
  'a line in a block': { lines: ['true', 'if true; then', '  echo a', '  false # here', 'fi', 'true'] },
  'a program that is missing, in a block': {
    lines: ['true', 'if true; then', '  echo a', '  no-such-program # here', 'fi', 'true'],
  },
  'after a block': { lines: ['for i in 1 2; do', '  echo $i', 'done', 'false # here', 'true'] },
  'a while block that reads a here-document': {
    lines: ['while read l; do', '  echo $l', 'done <<EOF', 'false', ')', 'EOF', 'false # here', 'true'],
  },
  'a case block': { lines: ['case a in', '  a)', '    true', '    ;;', 'esac', 'false # here', 'true'] },
  'a line that is continued': { lines: ['true', 'echo a \\', '  b \\', '  c | { false; } # here'] },
  'after a line that is continued': { lines: ['echo a \\', '  b', 'false # here', 'true'] },
  'after a line that ends with an operator': { lines: ['true &&', 'true |', 'cat', 'false # here', 'true'] },
  'an indented line after a block': {
    lines: ['if true; then', '  echo a', 'fi', '  false # here', 'true'],
  },
  'after the indented end of a block': {
    lines: ['if true; then', '  echo a', '  fi', '  false # here', 'true'],
  },
  'after a function, blocks and a line that does not matter': {
    lines: ['f() {', '  false', '}', 'if true; then', '  f || true', 'fi', 'true', 'false # here'],
  },
  'a redirection of a block': {
    lines: ['true', 'for i in 1; do # here', '  true', 'done </no/such'],
    line: 1,
  },
  'a round of a loop that notes more than a pipe holds': {
    lines: [
      'i=0',
      'while true; do',
      '  i=$((i + 1))',
      '  if [ $i = 20000 ]; then',
      '    false # here',
      '  fi',
      'done',
    ],
  },
  'a test in a loop': {
    lines: ['for i in 1 2 3; do', '  x=$i', '  [ "$x" -lt 3 ] # here', '  y=$x', 'done', 'true'],
  },
  'a test in a function that a loop calls': {
    lines: [
      ...['isSmall() {', '  local x=$1', '  [ "$x" -lt 3 ] # here', '}'],
      ...['for i in 1 2 3; do', '  isSmall "$i"', '  echo "$i"', 'done', 'true'],
    ],
  },
  'the end of a list in a loop': {
    lines: ['for i in 1 2; do', '  echo "$i"', '  [ "$i" = 2 ] && false # here', '  true', 'done', 'true'],
  },
  'a list in a loop whose last round is not true, at the end': {
    lines: ['for i in 1 2 3; do', '  true', '  [ "$i" = 2 ] && echo "$i" # here', 'done'],
  },
  'after a list in a loop whose failure does not count': {
    lines: ['for i in 1 2; do', '  [ "$i" = 2 ] || continue', '  x=$i', '  false # here', 'done', 'true'],
  },
  'a function of a builtin’s name in a loop': {
    lines: [
      'test() {',
      '  x=$1',
      '  return 1 # here',
      '}',
      'for i in 1; do',
      '  test "$i"',
      '  true',
      'done',
    ],
  },
  'a status that a function returns in a loop': {
    lines: [
      'f() {',
      '  x=$1',
      '  return "$x" # here',
      '}',
      'for i in 0 3; do',
      '  f "$i"',
      '  : "$i"',
      'done',
    ],
  },
  'a program in a loop after builtins': {
    lines: ['while true; do', '  i=$((i + 1))', '  echo "$i"', '  sh -c "exit $i" # here', 'done', 'true'],
  },
  'a builtin that cannot write, in a loop': {
    lines: ['for i in 1 2; do', '  echo "$i"', '  echo "$i" >/dev/full # here', 'done', 'true'],
  },
  'a function that a trap calls afterwards': {
    lines: ['clean() {', '  true', '  echo x', '}', "trap 'clean' EXIT", 'true', 'false # here'],
  },
  'a quotation over several lines': { lines: ["echo 'a", 'false', "b'", 'false # here', 'true'] },
  'a quotation that ends with a backslash': { lines: ["echo 'a\\'", 'true', 'false # here'] },
  'a function': {
    lines: ['work() {', '  echo a', '  no-such-program # here', '}', 'true', 'work', 'true'],
  },
  'a here-document before': { lines: ['cat <<EOF', ')', 'echo', 'EOF', 'false # here', 'true'] },
  'a here-document that stays open': { lines: ['true', 'false # here', 'cat <<EOF', 'text'] },
  'a command substitution over lines': { lines: ['x=$(', '  echo a', ')', 'test "$x" = b # here', 'true'] },
  'an unset variable under set -u': { lines: ['set -u', 'true', 'echo "$NO_SUCH" # here', 'true'] },
  'descriptors that the script uses': { lines: ['exec 9>&2 8>&9', 'echo x >&9', 'false # here', 'true'] },
  'stdout and stderr that go elsewhere': { lines: ['exec >/dev/null 2>&1', 'true', 'false # here', 'true'] },
  'a background child': { lines: ['sleep 0 &', 'wait', 'false # here', 'true'] },
  'the line before something opaque': { lines: ['true', 'false # here', 'eval true', 'true'] },
};

for (const { name: implementation, program, create } of implementations) {
  describe(`the failing line: ${implementation}`, () => {
    const shell = create();
    after(() => shell.close());

    for (const [name, { lines, line }] of Object.entries(scripts)) {
      test(name, async () => {
        const script = await prepare(linesCommand(...lines), program);
        const outcome = await shell.run(jobOf('', { script }));
        assert.equal(outcome.kind, 'failed');
        assert.equal(outcome.line, line ?? lines.findIndex((text) => text.endsWith('# here')));
      });
    }

    test('a script with notes means what it means without', async () => {
      const lines = [
        '! true',
        'echo "not $?"',
        '(exit 5) && true',
        'echo "and $?"',
        'IFS=5',
        '(exit 5) && true',
        'echo "with IFS $?"',
        'echo() { printf "own %s\\n" "$*"; }',
        'set -- a b',
        'echo "$# $1"',
        'set -x',
        'cat',
        'set +x',
        '(echo in-a-subshell)',
        'umask',
      ];
      const script = await prepare(linesCommand(...lines), program);
      assert.ok(script.notes.length > 10);
      const job = jobOf('', { script, stdin: 'input\n' });
      const noted = await shell.run(job);
      const plain = await shell.run({ ...job, script: { ...script, notes: [] } });
      assert.equal(noted.kind, 'succeeded');
      assert.equal(plain.kind, 'succeeded');
      assert.equal(noted.stdout.text, plain.stdout.text);
      assert.equal(noted.stderr.text, plain.stderr.text);
      assert.match(
        noted.stdout.text,
        /^not 1\nand 5\nwith IFS 5\nown 2 a\ninput\nown in-a-subshell\n0?077\n$/,
      );
    });
  });
}

test('lines after which the text may mean anything are not noted', async () => {
  const tags = async (...lines: string[]) =>
    (await prepare(linesCommand(...lines))).notes.map(({ line }) => line);
  assert.deepEqual(await tags('true', 'alias x=y', 'true'), [0, 1]);
  assert.deepEqual(await tags('true', '. ./lib', 'true'), [0, 1]);
  assert.deepEqual(await tags('true', 'true && eval "$x"', 'true'), [0, 1]);
  assert.deepEqual(await tags('# comment', '', 'true'), [2]);
});

test('a script that uses all descriptors of one digit runs without notes', async (t) => {
  const shell = createOneShotShell();
  t.after(() => shell.close());
  const use = [3, 4, 5, 6, 7, 8, 9].map((digit) => `exec ${digit}>&2`);
  const script = await prepare(linesCommand(...use, 'false'));
  const outcome = await shell.run(jobOf('', { script }));
  assert.equal(outcome.kind, 'failed');
  assert.equal(outcome.stderr.text, '');
});

test('the string form runs as it is, and its only line is known', async (t) => {
  const shell = createOneShotShell();
  t.after(() => shell.close());
  const script = await prepare(stringCommand('false; echo on; exit 4'));
  assert.deepEqual(script, { text: 'false; echo on; exit 4', stopOnError: false, notes: [] });
  const outcome = await shell.run(jobOf('', { script }));
  assert.equal(outcome.kind, 'failed');
  assert.equal(outcome.stdout.text, 'on\n');
  assert.equal(outcome.line, 0);
});

test('commands of the shell alone are not noted before each round of a loop', async () => {
  const loops: readonly (readonly string[])[] = [
    ['i=0', 'while [ "$i" -lt 9 ]; do', '  i=$((i + 1))', '  x=$((i % 7))', 'done'],
    ['for i in 1 2 3; do', '  if [ "$i" = 2 ] && true; then', '    echo "$i" >&2', '  fi', 'done'],
    ['while read -r verb subnet; do', '  [ "$verb" = add ] || continue', '  last=${subnet%/*}', 'done'],
    ['f() {', '  [ "$1" -gt 0 ]', '}', 'until f "$x"; do', '  case $x in', '    *) x=1 ;;', '  esac', 'done'],
  ];
  for (const lines of loops) {
    const { notes } = await prepare(linesCommand('true', ...lines));
    const noted = notes.flatMap(({ line = 0 }) => lines[line - 1] ?? []);
    // A note stands before the whole, and may stand before the loop.
    const inside = noted.filter((text) => text !== lines[0] && !/^(while|for|until) /.test(text));
    assert.deepEqual(inside, [], lines.join('\n'));
  }
});
