import assert from 'node:assert/strict';
import type { Command } from 'commander';
import { describe, test } from 'node:test';
import { acceptGoFlags } from '../../../src/cli/arguments/go-flags.ts';
import { flanneldOptions, variableOf } from '../../../src/cli/flanneld/options.ts';
import { createProgram } from '../../../src/cli/program.ts';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';
import { flanneldFlags } from './flanneld-flags.ts';

/** What commander reads of a command line of `up`, by the names of options. */
async function readUp(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<(option: string) => { readonly value: unknown; readonly source: string | undefined }> {
  const program = await createProgram();
  let ran: Command | undefined;
  const up = program.commands.find((command) => command.name() === 'up');
  up?.action((_: unknown, self: Command) => {
    ran = self;
  });
  const before = { ...process.env };
  Object.assign(process.env, environment);
  try {
    await program.parseAsync(acceptGoFlags(program, ['node', 'heddle', 'up', ...words]));
  } finally {
    for (const name of Object.keys(environment)) Reflect.deleteProperty(process.env, name);
    Object.assign(process.env, before);
  }
  return (option) => {
    const name = ran?.options.find(({ long }) => long === `--${option}`)?.attributeName() ?? '';
    return { value: ran?.getOptionValue(name) as unknown, source: ran?.getOptionValueSource(name) };
  };
}

test('the table has each flag of flanneld with its variable and its default', () => {
  const known = flanneldOptions.map((row) => [row.name, variableOf(row), row.default]);
  const flags = flanneldFlags.map((flag) => [flag.name, flag.variable, flag.default]);
  assert.deepEqual(known.toSorted(), flags.toSorted());
  for (const { name, meaning } of flanneldOptions) {
    const outcome = flanneldFlags.find((flag) => flag.name === name)?.outcome;
    const expected = {
      same: name === 'version' ? 'version' : 'same',
      'of-store': 'warning',
      'without-effect': 'warning',
    }[meaning.kind];
    assert.equal(expected, outcome, name);
  }
});

describe('heddle up reads each flag of flanneld', () => {
  for (const { name, variable, sample, read, default: fallback } of flanneldFlags) {
    test(`-${name}`, async () => {
      for (const words of [
        [`-${name}=${sample}`],
        [`--${name}=${sample}`],
        ...(typeof read === 'boolean'
          ? []
          : [
              [`-${name}`, sample],
              [`--${name}`, sample],
            ]),
      ]) {
        const parsed = (await readUp(words))(name);
        assert.deepEqual(parsed, { value: read, source: 'cli' }, words.join(' '));
      }
      if (name !== 'version') {
        assert.deepEqual((await readUp([], { [variable]: sample }))(name), { value: read, source: 'env' });
        const both = await readUp([`-${name}=${sample}`], {
          [variable]: fallback === '' ? sample : fallback,
        });
        assert.deepEqual(both(name), { value: read, source: 'cli' }, 'the command line wins');
      }
      const { value, source } = (await readUp([]))(name);
      assert.notEqual(source, 'cli');
      // Where heddle has the option for itself, its default is the same.
      if (source === 'default' && !Array.isArray(value)) assert.equal(String(value), fallback);
    });
  }

  test('a bare truth value is true, and of repeated ones the last counts', async () => {
    for (const { name, read } of flanneldFlags) {
      if (typeof read !== 'boolean') continue;
      assert.equal((await readUp([`-${name}`]))(name).value, true, name);
      assert.equal((await readUp([`-${name}`, `--${name}=f`]))(name).value, false, name);
    }
    assert.equal((await readUp(['-subnet-file=/a', '--subnet-file', '/b']))('subnet-file').value, '/b');
    const ifaces = await readUp(['-iface=a', '-iface', 'b', '--iface-regex=c', '-iface-regex=d'], {
      FLANNELD_IFACE: 'e',
    });
    assert.deepEqual(
      [ifaces('iface').value, ifaces('iface-regex').value],
      [
        ['a', 'b'],
        ['c', 'd'],
      ],
    );
  });
});

describe('a bad value ends with exit code 2 and names the option or the variable', () => {
  const bad: readonly (readonly [name: string, value: string, why: RegExp])[] = [
    ['ip-masq', 'yes', /It must be one of 1, t, T, true, TRUE, True, 0, f, F, false, FALSE, False\.$/],
    ['iptables-forward-rules', 'on', /It must be one of 1, t,/],
    ['subnet-lease-renew-margin', '1440', /It must be a whole number from 1 to 1439\.$/],
    ['subnet-lease-renew-margin', '0', /It must be a whole number from 1 to 1439\.$/],
    ['healthz-port', '65536', /It must be a whole number from 0 to 65535\.$/],
    ['healthz-ip', 'localhost', /It must be an IP address, like 127\.0\.0\.1, 0\.0\.0\.0 or ::\.$/],
    ['iptables-resync', '5s', /It must be a whole number from 1 to 2147483647\.$/],
    ['v', 'high', /It must be a whole number/],
    ['public-ip', 'fd00::1', /It must be an IPv4 address\.$/],
    ['public-ipv6', '10.0.0.1', /It must be an IPv6 address\.$/],
    ['iface-can-reach', 'gateway', /It must be an IP address\.$/],
    ['iface-regex', 'eth(', /It is not a regular expression: missing closing \): `eth\(`\.$/],
  ];
  for (const [name, value, why] of bad) {
    test(`${name}: ${value}`, async () => {
      const asOption = await runHeddle(['up', `-${name}=${value}`]);
      assert.deepEqual([asOption.exitCode, asOption.stdout], [exitCodes.usage, '']);
      assert.match(asOption.stderr, new RegExp(`^heddle: option '--${name} [^']*' argument '`));
      assert.match(asOption.stderr, why);
      const variable = variableOf({ name });
      const asVariable = await runHeddle(['up'], { environment: { [variable]: value } });
      assert.deepEqual([asVariable.exitCode, asVariable.stdout], [exitCodes.usage, '']);
      assert.match(asVariable.stderr, new RegExp(` from env '${variable}' is invalid\\.`));
      assert.match(asVariable.stderr, why);
    });
  }
});

test('-version prints the version and ends', async () => {
  const { exitCode, stdout, stderr } = await runHeddle(['up', '-version', '-kube-subnet-mgr']);
  assert.deepEqual([exitCode, stderr], [0, '']);
  assert.match(stdout, /^\d+\.\d+\.\d+$/);
});

test("-iface-regex is in Go's syntax", async () => {
  for (const pattern of ['(?i)^ETH\\d$', '^(?P<kind>en|eth)[[:alnum:]]+\\z', '\\Qeth(0\\E']) {
    const { exitCode, stderr } = await runHeddle([
      'up',
      '--print-config',
      '--store',
      'files',
      '-iface-regex',
      pattern,
    ]);
    assert.deepEqual([exitCode, stderr], [0, ''], pattern);
  }
  // Go's syntax has no look-ahead.
  for (const command of [['up'], ['iface', 'explain']]) {
    const { exitCode, stderr } = await runHeddle([...command, '-iface-regex=^(?!docker)']);
    assert.equal(exitCode, exitCodes.usage);
    assert.match(
      stderr,
      /^heddle: option '--iface-regex <regex>' argument '\^\(\?!docker\)' is invalid\. It is not a/,
    );
  }
});
