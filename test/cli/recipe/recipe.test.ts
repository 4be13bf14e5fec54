import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { execa } from 'execa';
import {
  explainRecipe,
  type ExplainRequest,
  type RecipeExplanation,
} from '../../../src/explain/explain-recipe.ts';
import { renderDiagnostics } from '../../../src/diagnostic/code-frame.ts';
import { examineRecipe } from '../../../src/recipe-files/examine-recipe.ts';
import { shippedRecipes } from '../../../src/recipe-files/catalogue.ts';
import { commandEventNames } from '../../../src/contract/command-events.ts';
import { heddle as heddleProgram, runHeddle } from '../../kernel/lab-harness.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { given } from '../../recipe/given-parameter.ts';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const shipped = readdirSync(join(root, 'recipes'))
  .filter((file) => !file.endsWith('.schema.json'))
  .map((file) => file.replace('.json', ''));

const directory = temporaryDirectory({ after });

async function write(
  name: string,
  backend: object,
  network: object = { Network: '10.50.0.0/16' },
): Promise<string> {
  const path = join(directory, `${name}.json`);
  await writeFile(path, JSON.stringify({ ...network, Backend: { Type: 'test', Requires: [], ...backend } }));
  return path;
}

async function heddle(...args: readonly string[]) {
  return runHeddle(['recipe', ...args]);
}

/** The tools of clouds, which only their own tests install. Nothing here runs them. */
const cloudTools = ['aliyun', 'aws', 'tccli'];

interface CheckOutput {
  readonly errors: number;
  readonly warnings: number;
  readonly recipes: readonly {
    readonly file: string;
    readonly findings: readonly Record<string, unknown>[];
    readonly compiling: readonly { readonly because?: string }[];
  }[];
}

describe('recipe check', () => {
  test('finds nothing in the shipped recipes, by name and by path, and passes over their schema', async (t) => {
    const tools = temporaryDirectory(t);
    for (const tool of cloudTools) await writeFile(join(tools, tool), '', { mode: 0o755 });
    const paths = readdirSync(join(root, 'recipes')).map((file) => join(root, 'recipes', file));
    const environment = { PATH: `${tools}:${process.env['PATH'] ?? ''}` };
    const { exitCode, stdout, stderr } = await runHeddle(['recipe', 'check', ...shipped, ...paths], {
      environment,
    });
    assert.deepEqual([exitCode, stderr], [0, '']);
    const names = [...shipped, ...paths.filter((path) => !path.endsWith('.schema.json'))];
    const lines = stdout.split('\n');
    assert.deepEqual(
      lines.filter((line) => !line.startsWith('  ')),
      names.map((name) => `${name}: no findings`),
    );
    for (const line of lines.filter((line) => line.startsWith('  '))) {
      assert.match(line, /^ {2}Subnet(Add|Remove)Command (compiles$|does not compile: line \d+: .)/);
    }
  });

  test('exits with 0 for warnings, and shows each at its place', async () => {
    const file = join(root, 'test/recipes/extension-host-gw.json');
    const { exitCode, stdout, stderr } = await heddle('check', file);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.equal(
      stdout,
      [
        `${file}:5:26 warning[not-repeatable]: \`ip route add\` fails if what it creates already exists`,
        '  5 |     "SubnetAddCommand": "ip route add $SUBNET via $PUBLIC_IP",',
        '    |                          ^^^^^^^^^^^^',
        '  hint: write `ip route replace`',
        '',
        `${file}: 1 warning`,
        '  SubnetAddCommand compiles',
        '  SubnetRemoveCommand compiles',
      ].join('\n'),
    );
  });

  test('exits with 3 if there is an error, of the document or of a command, and reports every recipe', async () => {
    const document = await write('document', { Typo: 1 });
    const command = await write('command', { PreStartupCommand: 'if true; then echo "$SUBNET"' });
    const { exitCode, stdout } = await heddle('check', document, command, 'vxlan', '--json');
    assert.equal(exitCode, 3);
    const { errors, warnings, recipes } = JSON.parse(stdout) as CheckOutput;
    assert.deepEqual([errors, warnings], [3, 0]);
    assert.deepEqual(
      recipes.map(({ file, findings }) => [file, findings.map(({ code }) => code)]),
      [
        [document, ['unknown-key']],
        [command, ['shell-syntax', 'unset-variable']],
        ['vxlan', []],
      ],
    );
    const column = (await readFile(command, 'utf8')).indexOf('if true') + 1;
    assert.deepEqual(recipes[1]?.findings.slice(0, 1), [
      {
        severity: 'error',
        code: 'shell-syntax',
        message: 'PreStartupCommand is not valid shell: end of file unexpected (expecting "fi")',
        hint: 'add the missing `fi`',
        line: 1,
        column,
        endLine: 1,
        endColumn: column + 2,
      },
    ]);
  });

  test('shows what is wrong with the commands next to what is wrong with the document, in the order of the text', async () => {
    const file = join(directory, 'mixed.json');
    const Backend = {
      Type: 'test',
      Parameters: { VNI: { Type: 'integer', Default: '7' } },
      PreStartupComand: 'echo "$SUBNET" "$VNI"',
      PostStartupCommand: 'echo )',
      ShutdownCommand: 'no-such-program',
    };
    await writeFile(file, JSON.stringify({ Network: '10.50.0.0/16', Backend }));
    const expected = [
      ['parameter-value', null],
      ['unknown-key', 'did you mean `PreStartupCommand`?'],
      ['unset-variable', 'use it in PostStartupCommand, which runs when the node has its subnet'],
      ['shell-syntax', 'it does not close anything: remove it'],
      ['missing-program', 'install it on the nodes that run the recipe'],
    ];
    const { exitCode, stdout } = await heddle('check', file, '--json');
    assert.equal(exitCode, 3);
    const { errors, warnings, recipes } = JSON.parse(stdout) as CheckOutput;
    assert.deepEqual([errors, warnings], [4, 1]);
    assert.deepEqual(
      recipes[0]?.findings.map(({ code, hint }) => [code, hint]),
      expected,
    );
    const people = await heddle('check', file);
    const shown = [...people.stdout.matchAll(/(?:error|warning)\[([a-z-]+)\]/g)].map((match) => match[1]);
    assert.deepEqual(
      shown,
      expected.map(([code]) => code),
    );
    assert.match(people.stdout, /mixed\.json: 4 errors, 1 warning$/);
  });

  test('names every file that cannot be read, and checks none', async () => {
    const result = await heddle('check', 'no-such', 'vxlan', join(directory, 'absent.json'));
    assert.deepEqual([result.exitCode, result.stdout], [3, '']);
    assert.match(
      result.stderr,
      /^heddle: 2 recipes cannot be read\n {2}no-such cannot be read: no such file or directory\n/,
    );
    assert.match(
      result.stderr,
      /absent\.json cannot be read: no such file or directory\n {2}give paths of recipes/,
    );
    assert.equal(
      (await heddle('check', directory)).stderr.split('\n')[0],
      `heddle: ${directory} cannot be read: it is a directory`,
    );
    assert.equal((await heddle('check')).exitCode, 2);
  });

  test('says whether the commands for a peer compile, or which line of the recipe needs a shell', async (t) => {
    const path = join(temporaryDirectory(t), 'mixed.json');
    const backend = {
      Type: 'mixed',
      SubnetAddCommand: [
        '# A route.',
        'dev=$(ip -o route get "$PUBLIC_IP")',
        'ip route replace "$SUBNET" dev "$dev"',
      ],
      SubnetRemoveCommand: ['ip route delete "$SUBNET" || true'],
    };
    const check = async (more: object): Promise<CheckOutput['recipes'][number]['compiling']> => {
      const document = { Network: '10.50.0.0/16', Backend: { ...backend, ...more } };
      await writeFile(path, JSON.stringify(document, null, 2));
      const { stdout } = await heddle('check', '--json', path);
      return (JSON.parse(stdout) as CheckOutput).recipes[0]?.compiling ?? [];
    };
    const because = 'what ip prints is known only when it runs';
    assert.deepEqual(await check({}), [
      { command: 'SubnetAddCommand', kind: 'shell', line: 7, because },
      { command: 'SubnetRemoveCommand', kind: 'compiles' },
    ]);
    assert.match(
      (await heddle('check', path)).stdout,
      /\n {2}SubnetAddCommand does not compile: line 7: what ip prints is known only when it runs\n {2}SubnetRemoveCommand compiles$/,
    );
    for (const [more, why] of [
      [{ Concurrency: 1 }, /^with a `Concurrency` of 1, one peer comes after the other$/],
      [{ SubnetBatchCommand: 'cat' }, /^SubnetBatchCommand runs for many peers$/],
    ] as const) {
      for (const each of await check(more)) assert.match(each.because ?? '', why);
    }
    assert.deepEqual(await check({ Timeout: 0 }), [], 'the recipe has an error');
  });

  test('reads standard input for -, and names it so', async () => {
    const { exitCode, stdout } = await runHeddle(['recipe', 'check', '-', 'vxlan'], { input: '{}' });
    assert.equal(exitCode, 3);
    assert.match(stdout, /^<stdin>:1:1 error\[missing-key\]/);
    assert.match(
      stdout,
      /<stdin>: \d errors?\nvxlan: no findings\n {2}SubnetAddCommand .*\n {2}SubnetRemoveCommand .*$/,
    );
  });

  test('reads nothing without an end, and no name as no file', async () => {
    const endless = await heddle('check', '/dev/zero', '');
    assert.equal(endless.exitCode, 3);
    assert.match(
      endless.stderr,
      /^ {2}\/dev\/zero cannot be read: it is larger than 1 MiB\n {2}"" cannot be read: no such/m,
    );
  });

  test('ends like any other program when nobody reads on', async () => {
    const file = await write('long', {
      PostStartupCommand: Array(500).fill('ip route add 10.0.0.0/8 dev lo'),
    });
    const script = '"$0" "$1" recipe check "$2" | head -n 1';
    const { stdout, stderr } = await execa('sh', ['-c', script, process.execPath, heddleProgram, file]);
    assert.match(stdout, /^[^\n]*warning\[not-repeatable\][^\n]*$/);
    assert.equal(stderr, '');
  });

  test('never shows a secret', async () => {
    const Parameters = { PSK: { Type: 'string', Secret: true } };
    const file = await write('secret', {
      Parameters,
      PSK: 'hidden-value',
      PreStartupCommand: 'openssl enc -k $PSK',
    });
    const { exitCode, stdout, stderr } = await heddle('check', file);
    assert.equal(exitCode, 0);
    assert.match(stdout, /warning\[secret-argument\]/);
    assert.doesNotMatch(stdout + stderr, /hidden-value/);
  });

  describe('never shows a secret of a recipe that is wrong:', () => {
    const PSK = 'hidden-value';
    const secret = { Type: 'string', Secret: true };
    const cases: readonly (readonly [what: string, backend: object])[] = [
      ['in its type', { Parameters: { PSK: { ...secret, Type: 'text', Default: PSK } }, PSK }],
      ['in whether it is one', { Parameters: { PSK: { ...secret, Secret: 'yes', Default: PSK } }, PSK }],
      ['in the word for it', { Parameters: { PSK: { Type: 'text', Secrt: true, Default: PSK } }, PSK }],
      ['in the type of its default', { Parameters: { PSK: { ...secret, Default: [PSK] } }, PSK }],
      ['in the key of its value', { Parameters: { PSK: secret }, PSKK: PSK }],
      ['in the list of parameters', { Parameters: [secret], PSK }],
    ];
    for (const [what, backend] of cases) {
      test(what, async () => {
        const text = await readFile(await write('wrong', { ...backend, Timeout: 0 }), 'utf8');
        const found = renderDiagnostics(await examineRecipe({ name: 'wrong.json', text }, 'wrong'), {
          colour: false,
        });
        assert.match(found, /error\[/);
        assert.match(found, /\*{14}/);
        assert.doesNotMatch(found, /hidden-value/);
      });
    }
  });
});

/** What `recipe explain` works out; most tests need no process of their own for that. */
function explain(recipe: string, request: Partial<ExplainRequest> = {}): Promise<RecipeExplanation> {
  const nothing = { event: undefined, subnet: undefined, publicIp: undefined, iface: undefined };
  const state = { data: [], parameters: [], stateDirectory: '/var/lib/heddle/state' };
  return explainRecipe({ ...nothing, ...state, recipe, ...request });
}

describe('recipe explain', () => {
  test('shows every command of every shipped recipe, in the order of a life, and runs none', async () => {
    for (const name of shipped) {
      const { recipe, runs } = await explain(name, {
        parameters: name === 'ipsec' ? [given(`PSK=${'k'.repeat(96)}`)] : [],
      });
      assert.equal(recipe, name);
      const events = runs.map(({ event }) => event);
      assert.deepEqual(
        events,
        commandEventNames.filter((event) => events.includes(event)),
      );
      assert.ok(name === 'alloc' || (events.includes('add') && events.includes('remove')), name);
    }
    const marker = join(directory, 'ran');
    await explain(
      await write('running', { PreStartupCommand: `touch ${marker}`, SubnetAddCommand: `touch ${marker}` }),
    );
    assert.ok(!existsSync(marker));
  });

  test('gives a peer what the daemon would give it', async () => {
    const data = '{"VNI":7,"VtepMAC":"02:aa:bb:cc:dd:ee","Extra":1}';
    const args = [
      '--event',
      'add',
      '--subnet',
      '10.50.77.0/24',
      '--public-ip',
      '198.51.100.7',
      '--data',
      data,
    ];
    const more = ['--iface', 'ens3', '--param', 'VNI=9', '--state-dir', '/tmp/s', '--json'];
    const { exitCode, stdout, stderr } = await heddle('explain', 'vxlan', ...args, ...more);
    assert.deepEqual([exitCode, stderr], [0, '']);
    const { runs } = JSON.parse(stdout) as RecipeExplanation;
    const [run] = runs;
    assert.equal(runs.length, 1);
    assert.deepEqual(
      [run?.command, run?.shell, run?.cwd, run?.umask, run?.timeoutSeconds],
      ['SubnetAddCommand', 'sh -ec', '/tmp/s', '077', 30],
    );
    assert.equal(run?.stdin, '{"VNI":7,"VtepMAC":"02:aa:bb:cc:dd:ee"}\n');
    assert.deepEqual(run.environment, {
      DATA_VNI: '7',
      DATA_VTEP_MAC: '02:aa:bb:cc:dd:ee',
      DIRECT_ROUTING: 'false',
      GBP: 'false',
      IFACE: 'ens3',
      IFACE_MTU: '1500',
      LEARNING: 'false',
      LOCAL_ADDRESS: '192.0.2.1',
      LOCAL_PUBLIC_IP: '192.0.2.1',
      LOCAL_SUBNET: '10.50.1.0/24',
      LOCAL_SUBNET_IP: '10.50.1.0',
      LOCAL_SUBNET_LEN: '24',
      LOCAL_SUBNET_NUMBER: '171049216',
      MTU: '1450',
      NETWORK: '10.50.0.0/16',
      NODE_NAME: 'node1',
      PORT: '8472',
      PUBLIC_IP: '198.51.100.7',
      STATE_DIR: '/tmp/s',
      SUBNET: '10.50.77.0/24',
      SUBNET_IP: '10.50.77.0',
      SUBNET_LEN: '24',
      SUBNET_NUMBER: '171068672',
      VNI: '9',
    });
    assert.deepEqual(Object.keys(run.environment), Object.keys(run.environment).sort());
  });

  test('takes the lease for this node’s own where the command is about it; before the lease there is none', async () => {
    const post = (await explain('vxlan', { event: 'post', subnet: '10.50.77.0/24' })).runs[0]?.environment;
    assert.deepEqual([post?.['SUBNET'], post?.['LOCAL_SUBNET']], ['10.50.77.0/24', '10.50.77.0/24']);
    const pre = (await explain('vxlan', { event: 'pre' })).runs[0]?.environment;
    assert.deepEqual(
      [pre?.['SUBNET'], pre?.['LOCAL_SUBNET'], pre?.['PUBLIC_IP']],
      [undefined, undefined, '192.0.2.1'],
    );
  });

  test('shows both families, and a line for a check', async () => {
    const network = { Network: '10.50.0.0/16', EnableIPv6: true, IPv6Network: 'fd00:50::/48' };
    const file = await write(
      'dual',
      { PreStartupCommand: 'echo x', SubnetAddCommand: 'cat', CheckCommand: 'cat', MonitorCommand: 'cat' },
      network,
    );
    const { runs } = await explain(file, {
      subnet: 'fd00:50:0:7::/64',
      publicIp: '192.0.2.1',
      data: ['a:b'],
    });
    const add = runs.find(({ event }) => event === 'add');
    assert.deepEqual(
      [add?.environment['SUBNET'], add?.environment['IPV6SUBNET'], add?.environment['PUBLIC_IP'], add?.stdin],
      ['10.50.2.0/24', 'fd00:50:0:7::/64', '192.0.2.1', 'a:b\n'],
    );
    assert.equal(add?.environment['LOCAL_PUBLIC_IP'], '192.0.2.2');
    const check = runs.find(({ event }) => event === 'check');
    assert.equal(check?.stdin, 'add\t10.50.2.0/24\tfd00:50:0:7::/64\t192.0.2.1\t2001:db8::2\ta:b\n');
    assert.equal(runs.find(({ event }) => event === 'monitor')?.timeoutSeconds, null);
  });

  describe('says what it knows of a peer’s backend data:', () => {
    const publishes = { PreStartupCommand: 'ip link add loom0 type dummy' };
    const onlyARun =
      'an example, because heddle does not run PreStartupCommand to get the real data; give real data with --data';
    const noneSeen = 'none, because no command for a peer reads any; give real data with --data';
    const fromData = 'an example that BackendData allows; give real data with --data';
    const mac = '02:00:00:00:00:02\n';
    const cases: readonly (readonly [what: string, backend: object, about: string, stdin: string])[] = [
      ['nothing publishes any', {}, 'none, because the recipe does not have a PreStartupCommand', '\n'],
      [
        'none is read',
        { ...publishes, SubnetAddCommand: 'ip route replace "$SUBNET" dev loom0' },
        noneSeen,
        '\n',
      ],
      ['some is read', { ...publishes, SubnetAddCommand: 'read -r mac; echo "$mac"' }, onlyARun, mac],
      [
        'a filter reads some',
        { ...publishes, SubnetAddCommand: 'mac=$(head -n 1); echo "$mac"' },
        onlyARun,
        mac,
      ],
      ['a pipe is read', { ...publishes, SubnetAddCommand: 'ip route | grep -q x || true' }, noneSeen, '\n'],
      [
        'remove reads some',
        { ...publishes, SubnetRemoveCommand: ['read -r mac', ': "$mac"'] },
        onlyARun,
        mac,
      ],
      ['it may be read', { ...publishes, SubnetAddCommand: '. ./functions' }, onlyARun, mac],
      ['the recipe says what it is', { ...publishes, BackendData: { Pattern: '\\d+' } }, fromData, '1\n'],
    ];
    for (const [what, backend, about, stdin] of cases) {
      test(what, async () => {
        const file = await write('data', { SubnetAddCommand: 'true', ...backend });
        const { runs, assumed } = await explain(file, { event: 'add' });
        assert.deepEqual([assumed.data, runs[0]?.stdin], [about, stdin]);
        const given = await explain(file, { event: 'add', data: ['7'] });
        assert.deepEqual([given.assumed.data, given.runs[0]?.stdin], ['as given', '7\n']);
      });
    }

    test('for people, too', async () => {
      const file = await write('data', { ...publishes, SubnetAddCommand: 'true' });
      const { stdout } = await heddle('explain', file, '--event', 'add');
      assert.ok(stdout.includes(`\n  its data   ${noneSeen}\n`), stdout);
      assert.match(stdout, /^ {2}standard input\n {4}\(an empty line\)$/m);
    });
  });

  test('never shows a secret', async () => {
    const key = 'aGVkZGxlIGhlZGRsZSBoZWRkbGUgaGVkZGxlIGhlZGQ=';
    const { stdout } = await heddle('explain', 'wireguard', '--param', `PSK=${key}`);
    assert.match(stdout, /^ {4}PSK=‹secret›$/m);
    assert.ok(!stdout.includes(key));
    assert.ok(
      !JSON.stringify(await explain('wireguard', { parameters: [given(`PSK=${key}`)] })).includes(key),
    );
  });

  describe('refuses what a node would not accept, for the node’s own reason:', () => {
    const refusals: readonly (readonly [string, Partial<ExplainRequest>, RegExp])[] = [
      [
        'vxlan',
        { data: ['{"VNI":1,"VtepMAC":"$(id)"}'] },
        /VtepMAC in its backend data, "\$\(id\)", does not match/,
      ],
      ['vxlan', { data: ['x'] }, /--data "x" is not JSON/],
      [
        'vxlan',
        { data: ['1', '2'] },
        /--data was given 2 times, but the network has only one address family/,
      ],
      ['vxlan', { event: 'pre', data: ['{}'] }, /PreStartupCommand does not handle a peer/],
      ['vxlan', { subnet: '10.51.0.0/24' }, /its subnet 10\.51\.0\.0\/24 is not inside 10\.50\.0\.0\/16/],
      ['vxlan', { event: 'post', subnet: '10.51.0.0/24' }, /a node cannot lease 10\.51\.0\.0\/24/],
      ['vxlan', { subnet: '10.50.1.7/24' }, /"10\.50\.1\.7\/24" is not a subnet such as/],
      ['vxlan', { subnet: 'fd00::/64' }, /IPv6, but the recipe's network does not have IPv6/],
      ['vxlan', { subnet: '10.50.1.0/24,10.50.2.0/24' }, /two values for IPv4/],
      ['vxlan', { publicIp: '224.0.0.1' }, /its PublicIP 224\.0\.0\.1 is a multicast address/],
      ['vxlan', { event: 'post', publicIp: '127.0.0.1' }, /127\.0\.0\.1: it is a loopback address/],
      ['vxlan', { parameters: [given('VNI=0')] }, /parameter `VNI` from --param must be a whole number/],
      ['no-such-recipe', {}, /no-such-recipe cannot be read/],
    ];
    for (const [recipe, request, message] of refusals) {
      test(`${recipe} ${JSON.stringify(request)}`, async () => {
        await assert.rejects(explain(recipe, request), { name: 'Failure', message });
      });
    }

    test('with the exit code for it', async () => {
      const { exitCode, stdout, stderr } = await heddle(
        'explain',
        'vxlan',
        '--data',
        '{"VNI":1,"VtepMAC":"$(id)"}',
      );
      assert.deepEqual([exitCode, stdout], [2, '']);
      assert.match(
        stderr,
        /^heddle: a node would reject this lease and not run anything for it: VtepMAC in its/,
      );
      assert.match(
        (await heddle('explain', 'vxlan', '--event', 'never')).stderr,
        /Allowed choices are pre, post, add/,
      );
    });
  });

  test('says what there is to explain', async () => {
    const file = join(root, 'test/recipes/extension-vxlan.json');
    await assert.rejects(explain(file, { event: 'remove' }), {
      message: 'recipe extension-vxlan does not have a SubnetRemoveCommand, so nothing would run',
      hint: 'explain one of pre, post, add, shutdown',
    });
    const empty = await heddle('explain', await write('empty', {}));
    assert.match(empty.stdout, /The recipe does not have a command\.$/);
  });
});

describe('recipe list', () => {
  test('describes each shipped recipe', async () => {
    assert.deepEqual(Object.keys(shippedRecipes).sort(), shipped.sort());
    const { exitCode, stdout } = await heddle('list', '--json');
    const listed = JSON.parse(stdout) as readonly {
      name: string;
      type: string;
      description: string;
      file: string;
    }[];
    assert.equal(exitCode, 0);
    for (const name of shipped) {
      const found = listed.find((each) => each.name === name);
      assert.deepEqual([found?.type, found?.description], [name, shippedRecipes[name]]);
      assert.ok(existsSync(found?.file ?? ''));
    }
    const lines = (await heddle('list')).stdout.split('\n');
    assert.match(lines[0] ?? '', /^NAME +TYPE +DESCRIPTION$/);
    assert.match(lines.find((line) => line.startsWith('vxlan')) ?? '', /^vxlan +vxlan +VXLAN in the kernel/);
  });
});

describe('recipe new', () => {
  test('writes a recipe in which nothing is found, and overwrites none', async () => {
    const path = join(directory, 'fresh');
    const { exitCode, stdout } = await heddle('new', path);
    assert.equal(exitCode, 0);
    assert.equal(
      stdout,
      `Wrote ${path}.json. Now:\n  heddle recipe check ${path}.json\n  heddle lab run ${path}.json`,
    );
    assert.match((await heddle('check', `${path}.json`)).stdout, /^\S+fresh\.json: no findings\n/);
    assert.equal((await explain(`${path}.json`)).type, 'fresh');
    const text = await readFile(`${path}.json`, 'utf8');
    const again = await heddle('new', `${path}.json`, '--type', 'other');
    assert.deepEqual([again.exitCode, again.stdout], [2, '']);
    assert.match(again.stderr, /fresh\.json already exists\n {2}choose another name, or remove it first/);
    assert.equal(await readFile(`${path}.json`, 'utf8'), text);
  });

  test('takes another type, and refuses what cannot be one', async () => {
    const path = join(directory, 'typed.json');
    assert.equal((await heddle('new', path, '--type', 'extension')).exitCode, 0);
    assert.equal((await explain(path)).type, 'extension');
    for (const args of [
      [join(directory, 'two words')],
      [join(directory, 'fine'), '--type', '-x y'],
      ['/nowhere/at-all'],
    ]) {
      assert.equal((await heddle('new', ...args)).exitCode, 2, args.join(' '));
    }
    assert.ok(!existsSync(join(directory, 'fine.json')));
    for (const path of ['', `${directory}/`]) {
      const { exitCode, stderr } = await heddle('new', path);
      assert.equal(exitCode, 2);
      assert.match(stderr, /^heddle: \S+ is not the name of a file\n/);
    }
  });
});

test('recipe schema prints the schema that lies next to the recipes', async () => {
  const { exitCode, stdout } = await heddle('schema');
  assert.equal(exitCode, 0);
  assert.equal(`${stdout}\n`, await readFile(join(root, 'recipes/recipe.schema.json'), 'utf8'));
});
