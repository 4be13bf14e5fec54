import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { locateLine } from '../../src/recipe/command-text.ts';
import { CommandScripts, findComplaints } from '../../src/recipe-files/command-scripts.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';
import { linesCommand, stringCommand } from '../shell/command.ts';

const busybox = { file: 'busybox', name: 'busybox', arguments: ['sh'] };

test('commands whose syntax is right pass, and nothing of them is run', async (t) => {
  const file = join(temporaryDirectory(t), 'made');
  const commands = [
    stringCommand(`touch ${file}; a | b && c`),
    linesCommand('if true; then', `touch ${file}`, 'fi'),
  ];
  assert.deepEqual(await findComplaints(commands), []);
  assert.equal(existsSync(file), false);
});

test('a command that cannot be read is told with its line and the words of the shell', async () => {
  const good = linesCommand('true');
  const bad = linesCommand('echo fine', 'echo )', 'true');
  assert.deepEqual(await findComplaints([good, bad]), [{ command: bad, line: 1, message: '")" unexpected' }]);
  assert.deepEqual(locateLine(bad, 1), { text: 'echo )', span: { offset: 1, length: 1 } });
});

test('a quote or block that is never closed is reported at the end', async () => {
  const [unclosedIf] = await findComplaints([linesCommand('if true; then', 'echo')]);
  assert.match(unclosedIf?.message ?? '', /end of file unexpected/);
  const [unclosedQuote] = await findComplaints([stringCommand("echo 'a")]);
  assert.match(unclosedQuote?.message ?? '', /Unterminated quoted string/);
});

test('busybox says it without a line', async () => {
  const bad = stringCommand('echo )');
  assert.deepEqual(await findComplaints([bad], busybox), [
    { command: bad, line: undefined, message: 'unexpected ")"' },
  ]);
});

test('a script that no shell can get is refused', async () => {
  const nul = linesCommand('true', 'echo \0');
  const long = stringCommand(`: ${'x'.repeat(128 * 1024)}`);
  const errors = await findComplaints([nul, long]);
  assert.deepEqual(
    errors.map(({ command, line }) => ({ command, line })),
    [
      { command: nul, line: 1 },
      { command: long, line: undefined },
    ],
  );
});

test('an element of several lines is found for each of them', () => {
  const command = linesCommand('a', 'b\n  c', 'd');
  assert.deepEqual(
    [0, 1, 2, 3, 4].map((line) => locateLine(command, line)),
    [
      { text: 'a', span: { offset: 0, length: 1 } },
      { text: 'b', span: { offset: 1, length: 1 } },
      { text: 'c', span: { offset: 1, length: 1 } },
      { text: 'd', span: { offset: 2, length: 1 } },
      undefined,
    ],
  );
});

const lines = ['true', 'if true; then', '  true', 'fi', 'false'];
const inLines = { text: lines.join('\n'), stopOnError: true };

test('each command has its lines, whichever is asked for first', async () => {
  const commands = [
    linesCommand(...lines),
    { ...linesCommand(...lines), name: 'PreStartupCommand' as const },
  ];
  for (const order of [commands, commands.toReversed()]) {
    const scripts = new CommandScripts(commands);
    for (const { name } of order) {
      const { notes, ...source } = await scripts.get(name);
      assert.deepEqual(source, inLines);
      assert.deepEqual(
        notes.map(({ line }) => line),
        [0, 1, 2, 4],
      );
      assert.equal(await scripts.get(name), await scripts.get(name), 'a script is made once');
    }
  }
});

test('a command whose lines the shell does not find has none', async () => {
  const { name } = linesCommand();
  const scripts = new CommandScripts([linesCommand(...lines)], { file: 'false', name: 'sh', arguments: [] });
  assert.deepEqual(await scripts.get(name), { ...inLines, notes: [] });
});

test('a command that the recipe does not have has no script', async () => {
  const scripts = new CommandScripts([linesCommand('true')]);
  assert.equal(scripts.source('CheckCommand'), undefined);
  await assert.rejects(scripts.get('CheckCommand'), /the recipe has no CheckCommand/);
});
