import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { PrintedConfiguration } from '../../../src/cli/up/print-config.ts';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';
import { assertOutput } from '../../support/output-schema.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

type Found = (name: string) => readonly [value: unknown, from: string, source: string | null] | undefined;

async function print(
  words: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly find: Found; readonly warnings: readonly string[]; readonly text: string }> {
  const { exitCode, stdout, stderr } = await runHeddle(['up', '-print-config', '-json', ...words], {
    environment,
  });
  assert.deepEqual([exitCode, stderr], [0, '']);
  const { options, warnings } = assertOutput('up --print-config', stdout) as PrintedConfiguration;
  const find: Found = (name) => {
    const found = options.find((option) => option.name === name);
    return found && [found.value, found.from, found.source];
  };
  return { find, warnings, text: stdout };
}

test('each value has its origin: option, variable, file or default', async (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(join(directory, 'credentials'));
  writeFileSync(join(directory, 'psk'), 'sesame');
  writeFileSync(join(directory, 'credentials', 'heddle.param.Key'), 'sesame');
  chmodSync(join(directory, 'psk'), 0o600);
  const { find, warnings, text } = await print(
    [
      '-iface=eth1',
      '--iface',
      'eth0',
      '--param',
      `PSK=@${directory}/psk`,
      '--param',
      'VNI=7',
      '-vmodule=x=1',
    ],
    {
      FLANNELD_ETCD_ENDPOINTS: 'http://10.0.0.5:2379',
      FLANNELD_ETCD_USERNAME: 'weaver',
      FLANNELD_ETCD_PASSWORD: 'sesame',
      FLANNELD_SUBNET_LEASE_RENEW_MARGIN: '0x1e',
      FLANNELD_IFACE: 'eth7',
      HEDDLE_PARAM_MODE: 'sesame',
      CREDENTIALS_DIRECTORY: join(directory, 'credentials'),
    },
  );
  assert.deepEqual(find('--iface'), [['eth1', 'eth0'], 'option', null]);
  assert.deepEqual(find('--etcd-endpoints'), ['http://10.0.0.5:2379', 'variable', 'FLANNELD_ETCD_ENDPOINTS']);
  assert.deepEqual(find('--etcd-password'), ['***', 'variable', 'FLANNELD_ETCD_PASSWORD']);
  assert.deepEqual(find('--etcd-cafile'), [null, 'default', null]);
  assert.deepEqual(find('--store'), ['etcd', 'variable', 'FLANNELD_ETCD_ENDPOINTS']);
  assert.equal(find('--store-dir'), undefined, 'the option of a store that is not used');
  assert.deepEqual(find('--subnet-lease-renew-margin'), [
    30,
    'variable',
    'FLANNELD_SUBNET_LEASE_RENEW_MARGIN',
  ]);
  assert.deepEqual(find('--node-name'), [hostname(), 'default', 'the host name']);
  assert.deepEqual(find('--lease-ttl'), [86_400, 'default', null]);
  assert.deepEqual(find('--watch'), [false, 'default', null]);
  assert.deepEqual(find('--param PSK'), ['***', 'file', join(directory, 'psk')]);
  assert.deepEqual(find('--param VNI'), ['***', 'option', null]);
  assert.deepEqual(find('--param MODE'), ['***', 'variable', 'HEDDLE_PARAM_MODE']);
  assert.deepEqual(find('--param Key'), ['***', 'file', 'heddle.param.Key']);
  assert.doesNotMatch(text, /sesame/);
  assert.match(warnings[0] ?? '', /^--vmodule has no effect: /);
});

test('the store is named with what it follows from', async () => {
  assert.deepEqual((await print([])).find('--store'), ['files', 'default', null]);
  assert.deepEqual((await print(['--store-dir', 'x'])).find('--store'), ['files', 'option', '--store-dir']);
  assert.deepEqual((await print(['--store-dir', 'x'])).find('--store-dir'), [
    join(process.cwd(), 'x'),
    'option',
    null,
  ]);
  assert.deepEqual((await print([], { HEDDLE_STORE: 'files' })).find('--store'), [
    ...['files', 'variable', 'HEDDLE_STORE'],
  ]);
  const implied = await print(['-v=1']);
  assert.deepEqual(implied.find('--store'), ['etcd', 'default', 'as --v is given']);
  assert.match(
    implied.warnings[1] ?? '',
    /^--v is given and the store is not, so the leases are in etcd at /,
  );
});

test('for people it is a table, with the warnings on stderr', async () => {
  const environment = { FLANNELD_PUBLIC_IP: '10.0.0.5', FLANNELD_IPMASQ: 'true' };
  const words = ['up', '--print-config', '--store', 'files'];
  const { exitCode, stdout, stderr } = await runHeddle(words, { environment });
  assert.equal(exitCode, 0);
  assert.match(stdout, /^OPTION +VALUE +FROM\n--store +files +option\n/);
  assert.match(stdout, /^--public-ip +10\.0\.0\.5 +variable FLANNELD_PUBLIC_IP$/m);
  assert.match(stdout, /^--iface +- +default: the interface of the default route$/m);
  assert.equal(
    stderr,
    'heddle: the variable FLANNELD_IPMASQ has no effect: flanneld does not have an option of this name; did you mean FLANNELD_IP_MASQ?',
  );
});

test('nothing is made, and a mistake is refused as ever', async (t) => {
  const directory = temporaryDirectory(t);
  await print(['--state-dir', join(directory, 'state'), '--store-dir', join(directory, 'store')]);
  assert.deepEqual(readdirSync(directory), []);
  for (const words of [['--print-config', '--store-dir', 'x', '--etcd-prefix', '/y'], ['--json']]) {
    assert.equal((await runHeddle(['up', ...words])).exitCode, exitCodes.usage);
  }
});

for (const [where, environment, expected] of [
  ['in a terminal', {}, 'shutdown'],
  ['under systemd', { NOTIFY_SOCKET: '/run/systemd/notify' }, 'leave'],
  ['with an empty NOTIFY_SOCKET', { NOTIFY_SOCKET: '' }, 'shutdown'],
  ['in a pod of Kubernetes', { KUBERNETES_SERVICE_HOST: '10.96.0.1' }, 'leave'],
] as const) {
  test(`--on-exit is ${expected} by default ${where}`, async () => {
    const byDefault = 'leave under a service manager (NOTIFY_SOCKET) and in Kubernetes, else shutdown';
    const { find } = await print([], environment);
    assert.deepEqual(find('--on-exit'), [expected, 'default', byDefault]);
    const releasing = await print(['--release-lease'], environment);
    assert.equal(releasing.find('--on-exit')?.[0], 'shutdown');
    const given = await print(['--on-exit', 'shutdown'], environment);
    assert.deepEqual(given.find('--on-exit'), ['shutdown', 'option', null]);
  });
}
