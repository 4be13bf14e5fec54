import assert from 'node:assert/strict';
import { CommanderError, type Command } from 'commander';
import { describe, test } from 'node:test';
import { acceptGoFlags } from '../../../src/cli/arguments/go-flags.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';

const program = await createProgram();
/** A program whose subcommands do not print their errors. */
const quietProgram = await createProgram();
quietProgram.commands.forEach((command) => command.configureOutput({ outputError: () => undefined }));

function accept(...words: readonly string[]): string[] {
  return acceptGoFlags(program, ['node', 'heddle', ...words]).slice(2);
}

/** The error of a command line that is refused, without what commander prints. */
function refusal(...words: readonly string[]): string {
  try {
    acceptGoFlags(quietProgram, ['node', 'heddle', ...words]);
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${words.join(' ')}`);
}

/** The words of every command: those without an action of their own as well. */
function pathsBelow(command: Command, path: readonly string[] = []): readonly (readonly string[])[] {
  const below = command.commands.flatMap((each) => pathsBelow(each, [...path, each.name()]));
  return [path, ...below];
}

function findCommand(program: Command, path: readonly string[]): Command {
  const found = path.reduce<Command | undefined>(
    (command, word) => command?.commands.find((each) => each.name() === word),
    program,
  );
  assert.ok(found, path.join(' '));
  return found;
}

/** Go's ways to write an option with one dash. */
function spellings(name: string, value: string | undefined): readonly (readonly string[])[] {
  return value === undefined ? [[`-${name}`]] : [[`-${name}`, value], [`-${name}=${value}`]];
}

/** What commander reads of a command line, without running the command. */
async function parse(path: readonly string[], words: readonly string[]): Promise<Parsed> {
  const program = await createProgram();
  const printed: string[] = [];
  const silence = { writeOut: (text: string) => printed.push(text), writeErr: () => undefined };
  for (const each of pathsBelow(program)) findCommand(program, each).configureOutput(silence);
  const command = findCommand(program, path);
  let read: Parsed | undefined;
  if (command.commands.length === 0 || path.join() === 'leases') {
    command.action(() => {
      read = { options: command.optsWithGlobals(), operands: command.args };
    });
  }
  const operands = command.registeredArguments.map(() => 'operand');
  try {
    await program.parseAsync(acceptGoFlags(program, ['node', 'heddle', ...path, ...words, ...operands]));
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    return error.exitCode === 0 ? { printed } : { refused: error.message };
  }
  return read ?? { refused: 'no command ran' };
}

interface Parsed {
  readonly options?: unknown;
  readonly operands?: readonly string[];
  /** The help or the version. */
  readonly printed?: readonly string[];
  readonly refused?: string;
}

const samples = [
  'NAME',
  '5',
  '1000',
  '127.0.0.1',
  '127.0.0.1:9270',
  'fd00::1',
  'name=value',
  '10.50.1.0/24',
  '^eth',
  '1%',
  '1mbit',
  '10ms',
  'ipv4',
];

/** A value that an option takes. */
async function valueFor(
  path: readonly string[],
  long: string,
  choices: readonly string[] = samples,
): Promise<string> {
  for (const value of choices) {
    if ((await parse(path, [`${long}=${value}`])).refused === undefined) return value;
  }
  throw new Error(`${long} takes none of the values ${choices.join(', ')}`);
}

describe('a single dash becomes two', () => {
  test('for every command and the commands below it', () => {
    assert.deepEqual(accept('up', '-iface', 'eth0', '--public-ip', '1.2.3.4', '-etcd-prefix=/x', '-h'), [
      ...['up', '--iface', 'eth0', '--public-ip', '1.2.3.4', '--etcd-prefix=/x', '-h'],
    ]);
    assert.deepEqual(accept('network', 'get', '-etcd-endpoints=http://10.0.0.1:2379', '-json'), [
      ...['network', 'get', '--etcd-endpoints=http://10.0.0.1:2379', '--json'],
    ]);
    assert.deepEqual(accept('leases', '-store-dir', '/x', 'release', '10.50.1.0/24', '-json'), [
      ...['leases', '--store-dir', '/x', 'release', '10.50.1.0/24', '--json'],
    ]);
    assert.deepEqual(accept('recipe', 'check', 'a.json', 'b.json', '-json'), [
      ...['recipe', 'check', 'a.json', 'b.json', '--json'],
    ]);
    assert.deepEqual(accept('-version'), ['--version']);
    assert.deepEqual(accept('status', '-help'), ['status', '--help']);
    assert.deepEqual(accept('up', '-v', '5', '-v=2', '-log_backtrace_at', 'main.go:1'), [
      ...['up', '--v', '5', '--v=2', '--log_backtrace_at', 'main.go:1'],
    ]);
  });

  test('but not in the value of an option, after --, nor in the command line of lab exec', () => {
    for (const words of [
      ['up', '--param', '-x=1', '--data-dir', '--', '-iface'],
      ['up', '--etcd-password', '-secret', '--iface-regex', '-eth'],
      ['lab', 'exec', 'node1', 'ls', '-lah', '-long'],
      ['lab', 'exec', '--', 'node1', '-long'],
      ['-V'],
      ['lab', 'exec', '-h'],
    ]) {
      assert.deepEqual(accept(...words), words);
    }
    assert.deepEqual(accept('lab', 'exec', '-name', 'a', 'node1', 'ip', '-br', 'link'), [
      ...['lab', 'exec', '--name', 'a', 'node1', 'ip', '-br', 'link'],
    ]);
  });
});

describe('every subcommand takes each of its long options with one dash', () => {
  for (const path of pathsBelow(program)) {
    test(`heddle ${path.join(' ')}`, async () => {
      const command = findCommand(program, path);
      const options = command.options.flatMap(({ long, required, argChoices }) =>
        long == null ? [] : [{ long: long, required, choices: argChoices }],
      );
      for (const { long, required, choices } of [
        ...options,
        { long: '--help', required: false, choices: undefined },
      ]) {
        const value = required ? await valueFor(path, long, choices) : undefined;
        for (const words of spellings(long.slice(2), value)) {
          const expected = await parse(path, [`-${words[0] ?? ''}`, ...words.slice(1)]);
          assert.equal(expected.refused, undefined, `--${words.join(' ').slice(1)}`);
          assert.deepEqual(await parse(path, words), expected, [...path, ...words].join(' '));
        }
      }
    });
  }
});

test('short options of docker-opts stay short, also several in one word', () => {
  for (const words of [['-ic'], ['-fsubnet'], ['-f', '/run/subnet.env', '-kOPTS'], ['-m', '-i']]) {
    assert.deepEqual(accept('docker-opts', ...words), ['docker-opts', ...words]);
  }
});

test("an option without a value takes Go's words of truth", () => {
  assert.deepEqual(accept('status', '-json=T', '--probe=false'), ['status', '--json']);
  assert.deepEqual(accept('up', '-ip-masq', '-watch=1', '-kube-subnet-mgr=F'), [
    ...['up', '--ip-masq=true', '--watch', '--kube-subnet-mgr=F'],
  ]);
  assert.match(
    refusal('status', '--json=yes'),
    /^error: option '--json' argument 'yes' is invalid\. It must be one of 1, t, T, true,/,
  );
});

test('a word of truth after a blank is refused: Go would take the option for true', () => {
  assert.equal(
    refusal('up', '-ip-masq', 'false', '-iface', 'eth0'),
    "error: 'false' after --ip-masq is not its value; write --ip-masq=false",
  );
  assert.equal(
    refusal('up', '--iptables-forward-rules', '0'),
    "error: '0' after --iptables-forward-rules is not its value; write --iptables-forward-rules=0",
  );
});

test('an unknown option is refused with the nearest, and without its value', async () => {
  for (const [words, name, nearest] of [
    [['up', '-etcd-pasword=weft'], 'etcd-pasword', 'etcd-password'],
    [['leases', '--etcd-endpoint=http://weft:1'], 'etcd-endpoint', 'etcd-endpoints'],
    [['up', '-ipmasq'], 'ipmasq', 'ip-masq'],
    [['up', '-healthz-prot=1'], 'healthz-prot', 'healthz-port'],
    [['up', '-kube-subnet-manager'], 'kube-subnet-manager', 'kube-subnet-mgr'],
    [['docker-opts', '-combine'], 'combine', 'combined'],
  ] as const) {
    const { exitCode, stderr } = await runHeddle(words);
    assert.equal(exitCode, exitCodes.usage);
    assert.equal(stderr, `heddle: unknown option '--${name}'\n(Did you mean --${nearest}?)`);
  }
});
