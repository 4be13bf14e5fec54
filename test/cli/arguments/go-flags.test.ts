import assert from 'node:assert/strict';
import { CommanderError } from 'commander';
import { describe, test } from 'node:test';
import { acceptGoFlags } from '../../../src/cli/arguments/go-flags.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';

function accept(...words: readonly string[]): string[] {
  return acceptGoFlags(createProgram(), ['node', 'heddle', ...words]).slice(2);
}

/** The error of a command line that is refused, without what commander prints. */
function refusal(...words: readonly string[]): string {
  const program = createProgram();
  program.commands.forEach((command) => command.configureOutput({ outputError: () => undefined }));
  try {
    acceptGoFlags(program, ['node', 'heddle', ...words]);
  } catch (error) {
    if (error instanceof CommanderError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${words.join(' ')}`);
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
  ] as const) {
    const { exitCode, stderr } = await runHeddle(words);
    assert.equal(exitCode, exitCodes.usage);
    assert.equal(stderr, `heddle: unknown option '--${name}'\n(Did you mean --${nearest}?)`);
  }
});
