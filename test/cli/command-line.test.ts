import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { Command } from 'commander';
import { describe, test } from 'node:test';
import { createProgram } from '../../src/cli/program.ts';
import { readVersion } from '../../src/host/version.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { heddle, runHeddle } from '../kernel/lab-harness.ts';

const program = await createProgram();

/** Every subcommand as its words: `up`, `lab run` … */
function subcommands(): string[][] {
  const below = (words: string[], commands: Command['commands']): string[][] =>
    commands.flatMap((command) => {
      const path = [...words, command.name()];
      return [path, ...below(path, command.commands)];
    });
  return below([], program.commands);
}

test('a call declares its subcommand only, with the same options as the whole program', async () => {
  for (const whole of program.commands.filter((command) => command.name() !== 'help')) {
    const { commands } = await createProgram([whole.name(), '--help']);
    assert.deepEqual(
      commands.map((command) => command.name()),
      [whole.name(), 'help'],
    );
    assert.equal(commands[0]?.helpInformation(), whole.helpInformation());
  }
});

describe('help', () => {
  test('lists every subcommand with what it does', async () => {
    const { exitCode, stdout, stderr } = await runHeddle(['--help']);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, /^Usage: heddle \[options\] \[command\]\n/);
    for (const [name = '', ...rest] of subcommands()) {
      if (rest.length === 0) assert.match(stdout, new RegExp(`^ {2}${name}\\b.* {2,}[a-z]`, 'm'), name);
    }
  });

  test('is there for each of them, on stdout, and explains each of its options', async () => {
    for (const words of subcommands()) {
      const { exitCode, stdout, stderr } = await runHeddle([...words, '--help']);
      const name = words.join(' ');
      assert.deepEqual([exitCode, stderr], [0, ''], name);
      assert.ok(stdout.startsWith(`Usage: heddle ${name} `), stdout);
      assert.match(stdout, /^ {2}-h, --help +show this help$/m, name);
      assert.doesNotMatch(stdout, /default: (?:\[\]|false)/, name);
      // An option whose text does not fit beside it has it on the next line.
      const options = [...stdout.matchAll(/^ {2}(?:-\w, )?--\S+(?: <[^>]+>)?( {2,}\S.*|\n {10,}\S.*)?$/gm)];
      assert.ok(options.length > 0, name);
      for (const [option, description] of options) assert.ok(description !== undefined, `${name}: ${option}`);
    }
  });

  test('is shown by help COMMAND, too, from wherever it is asked', async () => {
    for (const words of [[], ['up'], ['lab'], ['lab', 'run'], ['leases', 'release']]) {
      const shown = await runHeddle([...words, '--help']);
      assert.deepEqual(await runHeddle(['help', ...words]), shown, words.join(' '));
      const [first = '', ...rest] = words;
      if (rest.length > 0)
        assert.deepEqual(await runHeddle([first, 'help', ...rest]), shown, words.join(' '));
    }
  });

  test('says what a command does in a line, and in sentences, none wider than a terminal', () => {
    const check = (command: Command): void => {
      if (command.parent !== null) assert.match(command.summary(), /^[a-z].*[^.]$/, command.name());
      assert.match(command.description(), /^[A-Z].*\.$/, command.name());
      for (const line of command.helpInformation().split('\n')) assert.ok(line.length <= 80, line);
      command.commands.forEach(check);
    };
    check(program);
  });

  test('of up names the options that the issue asks for, with their defaults', async () => {
    const stdout = (await runHeddle(['up', '--help'])).stdout.replace(/\s+/g, ' ');
    for (const option of [
      ...[
        '--recipe <',
        '--store-dir <dir>',
        '--state-dir <dir>',
        '--subnet-file <file>',
        '--iface <name|address>',
      ],
      ...['--public-ip <address>', '--param <K=V>', '--lease-ttl <seconds>', '--on-exit <what>'],
      ...['--release-lease', '--log-format <format>', '--node-name <name>'],
    ]) {
      assert.ok(stdout.includes(option), option);
    }
    assert.match(stdout, /--on-exit[^]*choices: "shutdown", "leave", default: leave under a service manager/);
    assert.match(stdout, /--lease-ttl[^]*\(default: 86400\)/);
    assert.match(stdout, /--subnet-file[^]*default: "\/run\/flannel\/subnet\.env"/);
  });
});

test('--version prints the version of the package', async () => {
  for (const flag of ['--version', '-V']) {
    const { exitCode, stdout, stderr } = await runHeddle([flag]);
    assert.deepEqual([exitCode, stdout, stderr], [0, readVersion(), '']);
  }
});

describe('a command line that is not right is refused with 2, and one message on stderr', () => {
  const refuses = (words: readonly string[], message: RegExp): void => {
    test(`heddle ${words.join(' ')}`, async () => {
      const { exitCode, stdout, stderr } = await runHeddle(words);
      assert.match(stderr, message);
      assert.deepEqual([exitCode, stdout], [exitCodes.usage, '']);
    });
  };
  refuses(['--no-such'], /^heddle: unknown option '--no-such'$/);
  refuses(['weave'], /^heddle: unknown command 'weave'/);
  refuses(['don'], /^heddle: unknown command 'don'\n\(Did you mean down\?\)$/);
  refuses(
    ['up', '--recipe', 'vxlan', '--stat-dir', '/x'],
    /^heddle: unknown option '--stat-dir'\n\(Did you mean --state-dir\?\)$/,
  );
  refuses(['up', '--recipe'], /^heddle: option '--recipe <\S+>' argument missing$/);
  refuses(
    ['up', '--recipe', 'vxlan', 'weft'],
    /^heddle: too many arguments for 'up'\. Expected 0 arguments but got 1/,
  );
  refuses(
    ['up', '--recipe', 'vxlan', '--on-exit', 'stay'],
    /^heddle: option '--on-exit <what>' argument 'stay' is invalid\. Allowed choices are shutdown, leave\.$/,
  );
  refuses(
    ['up', '--recipe', 'vxlan', '--log-format', 'xml'],
    /^heddle: option '--log-format <format>' argument 'xml' is invalid\. Allowed choices are text, json\.$/,
  );
  for (const ttl of ['0', '2', '-5', '1e3', '3.5', 'day', '']) {
    refuses(
      ['up', '--recipe', 'vxlan', '--lease-ttl', ttl],
      /^heddle: option '--lease-ttl <seconds>' argument '.*' is invalid\. It must be a whole number from 3 to 31536000\.$/,
    );
  }
  for (const address of ['0.0.0.0:9271', '172.30.1.1:9271', '[::]:9271']) {
    refuses(
      ['up', '--recipe', 'vxlan', '--page', address],
      /^heddle: option '--page <address:port>' argument '.*' is invalid\. It must be an address of loopback and a port, like 127/,
    );
  }
  refuses(
    ['lab', 'up', 'vxlan', '--page', '--watch'],
    /^heddle: option '--page' cannot be used with option '--watch'$/,
  );
  for (const command of ['run', 'verify'])
    refuses(['lab', command, 'vxlan', '--report='], /^heddle: option '--report <file>' argument is empty$/);
  for (const command of [
    ['up', '--recipe'],
    ['recipe', 'explain'],
    ['lab', 'run'],
  ]) {
    refuses(
      [...command, 'vxlan', '--param', 'VNI'],
      /^heddle: option '--param <K=V>' argument 'VNI' is invalid\. It must be NAME=VALUE\.$/,
    );
  }
  refuses(
    ['up', '--recipe', 'vxlan', '--release-lease', '--on-exit', 'leave'],
    /^heddle: --release-lease and --on-exit leave contradict each other\n {2}remove --release-lease to leave /,
  );
  refuses(['down', '--no-such'], /^heddle: unknown option '--no-such'$/);
  refuses(['status', 'weft'], /^heddle: too many arguments for 'status'/);
  refuses(['leases', '--jason'], /^heddle: unknown option '--jason'\n\(Did you mean --json\?\)$/);
  refuses(['lab', 'weave'], /^heddle: unknown command 'weave'/);
  refuses(
    ['leases', 'relase', '10.50.1.0/24'],
    /^heddle: unknown command 'relase'\n\(Did you mean release\?\)$/,
  );
  refuses(['leases', 'release', '10.50.1.0/24', 'weft'], /^heddle: too many arguments for 'release'/);
  refuses(['help', 'weave'], /^heddle: unknown command 'weave'$/);
  refuses(['help', 'lab', 'don'], /^heddle: unknown command 'don'\n\(Did you mean down\?\)$/);
  refuses(['help', 'up', 'down'], /^heddle: unknown command 'down'$/);
  refuses(['lab', 'run'], /^heddle: missing required argument 'recipe'$/);
});

test('heddle without a word shows its help as what was wrong', async () => {
  const { exitCode, stderr } = await runHeddle([]);
  assert.equal(exitCode, exitCodes.usage);
  assert.match(stderr, /^Usage: heddle /);
});

test('an output that cannot be written is reported in one line', () => {
  for (const asked of [['recipe', 'list'], ['--help'], ['help', 'up'], ['--version']]) {
    const words = ['-c', '"$@" >/dev/full', 'sh', process.execPath, heddle, ...asked];
    const { status, stderr } = spawnSync('sh', words, { encoding: 'utf8' });
    assert.equal(status, exitCodes.internal, asked.join(' '));
    assert.equal(stderr, 'heddle: standard output cannot be written: no space left on device\n');
  }
});
