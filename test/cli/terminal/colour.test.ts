import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { before, after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { quote } from 'shell-quote';
import { createProgram } from '../../../src/cli/program.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const heddle = fileURLToPath(new URL('../../../bin/heddle.js', import.meta.url));
const escape = '\u001b[';
const directory = temporaryDirectory({ after });
const bad = join(directory, 'bad.json');
const worse = join(directory, 'worse.json');

before(async () => {
  await writeFile(worse, '{ "Network": 7 }\n');
  await writeFile(bad, '{ "Network": "10.50.0.0/16", "Backend": { "Type": "extension", "Loom": 1 } }\n');
});

/** What a command writes, stdout and stderr, on a terminal of its own or into pipes. */
async function output(
  where: 'terminal' | 'pipe',
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<string> {
  const command = [process.execPath, heddle, ...args];
  // script(1) gives its command a pseudo terminal.
  const [program, ...rest] = where === 'terminal' ? ['script', '-qec', quote(command), '/dev/null'] : command;
  const env = { PATH: process.env['PATH'], TERM: 'xterm', ...environment };
  const child = spawn(program ?? '', rest, { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  assert.notEqual(stdout + stderr, '');
  return stdout + stderr;
}

const commands: Readonly<Record<string, () => readonly string[]>> = {
  'recipe check': () => ['recipe', 'check', bad],
  'recipe explain': () => ['recipe', 'explain', 'vxlan', '--event', 'add'],
  'recipe explain of a bad recipe': () => ['recipe', 'explain', bad],
  'network set': () => ['network', 'set', worse, '--store-dir', directory],
  up: () => ['up', '--recipe', bad, '--state-dir', directory],
  doctor: () => ['doctor', '--recipe', bad, '--state-dir', directory, '--store-dir', join(directory, 'none')],
  'lab run': () => ['lab', 'run', bad],
  'lab run of a bad scenario': () => ['lab', 'run', 'vxlan', '--scenario', worse],
  'lab up': () => ['lab', 'up', bad],
  'lab verify': () => ['lab', 'verify', bad],
};

/** Commands that write no findings, and so no colours, by name. */
const plainCommands: Readonly<Record<string, readonly string[]>> = {
  status: ['--state-dir', directory],
  down: ['--state-dir', directory],
  leases: ['--store-dir', join(directory, 'none')],
  'leases reserve': ['10.50.3.0/24', '192.0.2.3', '--store-dir', join(directory, 'none')],
  'leases release': ['10.50.3.0/24', '--store-dir', join(directory, 'none')],
  'network get': ['--store-dir', join(directory, 'none')],
  'iface explain': [],
  'recipe list': [],
  'recipe new': [join(directory, 'new')],
  'recipe schema': [],
  docs: [],
  'docker-opts': ['-f', join(directory, 'none'), '-d', '/dev/stdout'],
  'lab ps': ['--name', 'colourless'],
  'lab down': ['--name', 'colourless'],
  'lab trace': ['node1', 'node2', '--name', 'colourless'],
  ...Object.fromEntries(
    ['capture', 'exec', 'impair', 'logs', 'stop', 'kill', 'start', 'cut', 'join'].map((name) => [
      `lab ${name}`,
      ['node1', '--name', 'colourless'],
    ]),
  ),
};

/** The names of all commands below a command that do something themselves. */
function commandNames(command: Command, path: readonly string[] = []): readonly string[] {
  const below = command.commands
    .filter((child) => child.name() !== 'help')
    .flatMap((child) => commandNames(child, [...path, child.name()]));
  const isGroup = ['', 'network', 'iface', 'recipe', 'lab'].includes(path.join(' '));
  return isGroup ? below : [path.join(' '), ...below];
}

test('the colours of every command are tested', async () => {
  const tested = [...Object.keys(commands), ...Object.keys(plainCommands)];
  const isTested = (name: string): boolean =>
    tested.some((each) => each === name || each.startsWith(`${name} of`));
  assert.deepEqual(
    commandNames(await createProgram()).filter((name) => !isTested(name)),
    [],
  );
});

for (const [name, args] of Object.entries(commands)) {
  describe(`heddle ${name}`, () => {
    test('is coloured on a terminal', async () => {
      assert.ok((await output('terminal', args(), {})).includes(escape));
    });
    test('is not coloured in a pipe', async () => {
      assert.ok(!(await output('pipe', args(), {})).includes(escape));
    });
    test('obeys NO_COLOR and a dumb terminal', async () => {
      assert.ok(!(await output('terminal', args(), { NO_COLOR: '1' })).includes(escape));
      assert.ok(!(await output('terminal', args(), { TERM: 'dumb' })).includes(escape));
    });
    test('obeys FORCE_COLOR in a pipe', async () => {
      assert.ok((await output('pipe', args(), { FORCE_COLOR: '1' })).includes(escape));
    });
  });
}

for (const [name, options] of Object.entries(plainCommands)) {
  test(`heddle ${name} writes no colours, on a terminal either`, async () => {
    const words = name.split(' ');
    assert.ok(!(await output('terminal', [...words, ...options], {})).includes(escape));
  });
}
