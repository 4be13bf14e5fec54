import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import type { Command } from 'commander';
import { createProgram } from '../../../src/cli/program.ts';
import { outputs, renderOutputSchema, schemaFile } from '../../../src/cli/schemas/outputs.ts';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';
import { readPage, rowsBelow } from '../../page.ts';
import { assertOutput, schemaFolder, validatorOf } from '../../support/output-schema.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

// After a deliberate change, UPDATE_GOLDEN=1 writes the files in docs/schemas/. Read the difference before you commit it:
// a field that is removed, renamed or changed breaks the scripts of users.

if (process.env['UPDATE_GOLDEN'] === '1') {
  rmSync(schemaFolder, { recursive: true, force: true });
  mkdirSync(schemaFolder);
  for (const output of outputs)
    writeFileSync(new URL(schemaFile(output), schemaFolder), renderOutputSchema(output));
}

/** The names of all commands that have `--json`, below a command. */
function commandsWithJson(command: Command, name: string): readonly string[] {
  const own = command.options.some(({ long }) => long === '--json') ? [name] : [];
  const path = (child: Command): string => `${name} ${child.name()}`.trim();
  return [...own, ...command.commands.flatMap((child) => commandsWithJson(child, path(child)))];
}

const withoutOptions = (command: string): string => command.replace(/ --.*/, '');

test('every command with --json has a schema, and no other has one', async () => {
  const listed = new Set(outputs.map(({ command }) => withoutOptions(command)));
  assert.deepEqual([...listed].toSorted(), commandsWithJson(await createProgram(), '').toSorted());
});

test('docs/schemas/ holds the file of each schema, current, and nothing else', () => {
  assert.deepEqual(readdirSync(schemaFolder).toSorted(), outputs.map(schemaFile).toSorted());
  for (const output of outputs) {
    const text = readFileSync(new URL(schemaFile(output), schemaFolder), 'utf8');
    assert.equal(text, renderOutputSchema(output), schemaFile(output));
  }
});

test('docs/json-output.md has a line for each schema', () => {
  const rows = rowsBelow(readPage('docs/json-output.md'), 'Schemas');
  assert.deepEqual(
    rows.map(([command, file]) => [command, file]),
    outputs.map((output) => {
      const file = schemaFile(output);
      return [`\`heddle ${output.command} --json\``, `[${file}](schemas/${file})`];
    }),
  );
  for (const [, , description] of rows) assert.match(description ?? '', /\S/);
});

/** Every schema inside of a schema, itself included. */
function schemasIn(node: unknown): readonly Record<string, unknown>[] {
  if (typeof node !== 'object' || node === null) return [];
  const inner = Object.values(node).flatMap(schemasIn);
  return Array.isArray(node) ? inner : [node as Record<string, unknown>, ...inner];
}

describe('a schema allows no field that it does not describe:', () => {
  for (const output of outputs) {
    test(output.command, () => {
      const objects = schemasIn(JSON.parse(renderOutputSchema(output))).filter(
        ({ type }) => type === 'object',
      );
      assert.ok(objects.length > 0);
      for (const { properties, additionalProperties, required } of objects) {
        // A record has no fields of its own: any name is one of its keys.
        if (properties === undefined) assert.deepEqual(additionalProperties, { type: 'string' });
        else assert.equal(additionalProperties, false);
        assert.ok(properties === undefined || Array.isArray(required));
      }
    });
  }

  test('a document with a field too many, too few, or with another value is refused', () => {
    const validate = validatorOf('down');
    const down = {
      daemon: 'none',
      removed: 0,
      failed: [],
      left: [],
      shutdown: 'done',
      leaseReleased: false,
      leaseTrouble: null,
    };
    assert.ok(validate(down));
    assert.ok(!validate({ ...down, more: 1 }));
    assert.ok(!validate({ ...down, failed: undefined }));
    assert.ok(!validate({ ...down, daemon: 'asleep' }));
  });
});

describe('the schema accepts the output of', () => {
  const directory = temporaryDirectory({ after });

  test('recipe check, with and without findings', async () => {
    const file = join(directory, 'wrong.json');
    const Backend = {
      Type: 'test',
      Timeout: 0,
      PreStartupCommand: ['ip rule add lookup 7', 'echo "$SUBNET"'],
    };
    writeFileSync(file, JSON.stringify({ Network: '10.50.0.0/16', Backend }));
    const { exitCode, stdout } = await runHeddle(['recipe', 'check', '--json', 'vxlan', file]);
    assert.equal(exitCode, exitCodes.recipe);
    const { errors, warnings } = assertOutput('recipe check', stdout) as Record<string, number>;
    assert.deepEqual([errors, warnings], [2, 1]);
  });

  test('recipe list', async () => {
    const { stdout } = await runHeddle(['recipe', 'list', '--json']);
    assert.ok((assertOutput('recipe list', stdout) as readonly unknown[]).length > 0);
  });

  for (const recipe of ['vxlan', 'host-gw', 'wireguard', 'test/recipes/extension-vxlan.json']) {
    test(`recipe explain ${recipe}`, async () => {
      const file = recipe.endsWith('.json')
        ? new URL(`../../../${recipe}`, import.meta.url).pathname
        : recipe;
      const { stdout, stderr } = await runHeddle(['recipe', 'explain', file, '--json']);
      assert.equal(stderr, '');
      const { runs } = assertOutput('recipe explain', stdout) as { runs: readonly unknown[] };
      assert.ok(runs.length > 2);
    });
  }

  test('leases, and of those that change them', async () => {
    const store = join(directory, 'store');
    mkdirSync(join(store, 'subnets'), { recursive: true, mode: 0o700 });
    const options = ['--store', 'files', '--store-dir', store, '--json'];
    const run = async (...words: readonly string[]): Promise<string> => {
      const { exitCode, stdout, stderr } = await runHeddle(['leases', ...words, ...options]);
      assert.deepEqual([exitCode, stderr], [0, '']);
      return stdout;
    };
    assert.deepEqual(assertOutput('leases', await run()), []);
    const both = ['10.50.4.0/24,fd00:50:0:4::/64', '192.0.2.4,2001:db8::4'];
    assertOutput('leases reserve', await run('reserve', '10.50.3.0/24', '192.0.2.3'));
    assertOutput('leases reserve', await run('reserve', ...both));
    const lease = {
      PublicIP: '192.0.2.5',
      PublicIPv6: null,
      BackendType: 'vxlan',
      BackendData: { VNI: 1, VtepMAC: '02:00:00:00:00:05' },
    };
    writeFileSync(join(store, 'subnets/10.50.5.0-24'), JSON.stringify(lease));
    const listed = assertOutput('leases', await run()) as readonly Record<string, unknown>[];
    assert.deepEqual(
      listed.map(({ subnet, backendData }) => [subnet, backendData]),
      [
        ['10.50.3.0/24', null],
        ['10.50.4.0/24 and fd00:50:0:4::/64', null],
        ['10.50.5.0/24', lease.BackendData],
      ],
    );
    assertOutput('leases release', await run('release', '10.50.3.0/24'));
    assertOutput('leases release', await run('release', both[0] ?? ''));
  });

  test('network get, as flannel and as heddle would write it', async () => {
    const store = join(directory, 'network');
    const options = ['--store', 'files', '--store-dir', store];
    const documents = {
      flannel: '{"network":"10.50.7.1/16","Loom":1,"Backend":{"type":"VXLAN","VNI":7}}',
      heddle: JSON.stringify({ Network: '10.51.0.0/16', Backend: { Type: 'vxlan', VNI: 7 } }),
    };
    for (const [name, text] of Object.entries(documents)) {
      const file = join(directory, `${name}.json`);
      writeFileSync(file, text);
      const set = await runHeddle(['network', 'set', file, ...options]);
      assert.equal(set.exitCode, 0, set.stderr);
      const { stdout } = await runHeddle(['network', 'get', '--json', ...options]);
      const { document } = assertOutput('network get', stdout) as Record<string, unknown>;
      assert.equal(document, text);
    }
  });

  test('down where nothing is up', async () => {
    const { exitCode, stdout } = await runHeddle(['down', '--state-dir', join(directory, 'none'), '--json']);
    assert.equal(exitCode, 0);
    assertOutput('down', stdout);
  });
});

test('each schema is held against what its command really prints', () => {
  const tests = new URL('../../', import.meta.url);
  const texts = readdirSync(tests, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => readFileSync(new URL(name, tests), 'utf8'));
  const unchecked = outputs.filter(
    ({ command }) => !texts.some((text) => text.includes(`assertOutput('${command}', `)),
  );
  assert.deepEqual(unchecked, []);
});

test('a failure has text on stderr and nothing on stdout', async (t) => {
  const directory = join(temporaryDirectory(t), 'none');
  for (const [args, kind] of [
    [['status', '--state-dir', directory], 'not-running'],
    [['recipe', 'explain', 'no-such-recipe'], 'recipe'],
    [['leases', '--store', 'files', '--store-dir', directory], 'store'],
    [['lab', 'ps', '--name', 'no-such-lab'], 'not-running'],
  ] as const) {
    const { exitCode, stdout, stderr } = await runHeddle([...args, '--json']);
    assert.deepEqual([exitCode, stdout], [exitCodes[kind], ''], args.join(' '));
    assert.match(stderr, /^heddle: /);
  }
});
