import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { exitCodes } from '../../../src/diagnostic/failure.ts';
import { runHeddle } from '../../kernel/lab-harness.ts';
import { ownLoopbackAddress } from '../../store/etcd/loopback.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

/** Each of many runs of heddle takes a while on a busy machine. */
const limit = { timeout: 300_000 };
const endpoint = `http://${ownLoopbackAddress()}:2379`;

const refused: readonly (readonly [options: readonly string[], stderr: string])[] = [
  [
    ['--etcd-endpoints', 'loom'],
    'heddle: the etcd endpoint `loom` cannot be used\n' +
      '  write only the host and the port in --etcd-endpoints or FLANNELD_ETCD_ENDPOINTS: https://10.0.0.1:2379',
  ],
  [
    ['--etcd-endpoints', endpoint, '--etcd-cafile', '/ca.crt'],
    `heddle: the etcd endpoint ${endpoint} is not encrypted, but a certificate or an authority for TLS was given\n` +
      '  write https:// in --etcd-endpoints or FLANNELD_ETCD_ENDPOINTS, or omit --etcd-cafile, --etcd-certfile, --etcd-keyfile and their variables',
  ],
  [
    ['--etcd-certfile', '/a.crt'],
    'heddle: a certificate file for etcd was given, but no key file\n' +
      '  give both --etcd-certfile and --etcd-keyfile, or neither; their variables are FLANNELD_ETCD_CERTFILE and FLANNELD_ETCD_KEYFILE',
  ],
  [
    ['--store', 'files', '--etcd-endpoints', endpoint],
    'heddle: --store files and --etcd-endpoints contradict each other\n' +
      '  remove --etcd-endpoints if the leases are in files, or --store files if they are in etcd',
  ],
  [
    ['--store-dir', '/x', '--store', 'etcd'],
    'heddle: --store etcd and --store-dir contradict each other\n' +
      '  remove --store etcd if the leases are in files, or --store-dir if they are in etcd',
  ],
  [
    ['--etcd-username', 'weaver', '--store-dir', '/x'],
    'heddle: --store-dir and --etcd-username contradict each other\n' +
      '  remove --etcd-username if the leases are in files, or --store-dir if they are in etcd',
  ],
  [['--etcd-prefix', ''], "heddle: option '--etcd-prefix <prefix>' argument is empty"],
  [['--store-dir', ''], "heddle: option '--store-dir <dir>' argument is empty"],
];

describe('options that say where the leases are', () => {
  test('and cannot be right are wrong usage, told before anything is touched', limit, async (t) => {
    const state = join(temporaryDirectory(t), 'state');
    for (const command of [
      ['up', '--recipe', 'vxlan', '--state-dir', state],
      ['leases'],
      ['network', 'get'],
    ]) {
      for (const [options, stderr] of refused) {
        const ended = await runHeddle([...command, ...options]);
        assert.equal(ended.stderr, stderr);
        assert.deepEqual([ended.exitCode, ended.stdout], [exitCodes.usage, '']);
      }
    }
    assert.ok(!existsSync(state));
  });

  test('are refused as well where a command and the one above it were given one each', limit, async () => {
    const words = ['leases', '--store', 'files', 'release', '10.50.1.0/24', '--etcd-endpoints', endpoint];
    const ended = await runHeddle(words);
    assert.equal(ended.exitCode, exitCodes.usage);
    assert.match(ended.stderr, /^heddle: --store files and --etcd-endpoints contradict each other$/m);
  });

  const chosen: readonly (readonly [
    what: string,
    options: readonly string[],
    environment: Readonly<Record<string, string>>,
    where: RegExp,
  ])[] = [
    ['--store-dir', ['--store-dir', '/no/such'], { FLANNELD_ETCD_ENDPOINTS: endpoint }, /\/no\/such/],
    [
      '--store files',
      ['--store', 'files'],
      { HEDDLE_STORE: 'etcd', HEDDLE_STORE_DIR: '/no/such' },
      /\/no\/such/,
    ],
    ['--etcd-endpoints', ['--etcd-endpoints', endpoint], { HEDDLE_STORE: 'files' }, /etcd at \S+ refuses/],
  ];
  for (const [what, options, environment, where] of chosen) {
    test(`outweigh variables: ${what}`, limit, async () => {
      const ended = await runHeddle(['leases', ...options], { environment });
      assert.equal(ended.exitCode, exitCodes.store);
      assert.match(ended.stderr, where);
    });
  }

  test('are malformed in a variable, too; an empty one says nothing, as to flanneld', limit, async () => {
    const malformed = await runHeddle(['leases'], { environment: { FLANNELD_ETCD_ENDPOINTS: 'loom' } });
    assert.equal(malformed.exitCode, exitCodes.usage);
    const empty = { FLANNELD_ETCD_CAFILE: '', FLANNELD_ETCD_USERNAME: '', FLANNELD_ETCD_PREFIX: '' };
    const environment = { ...empty, FLANNELD_ETCD_ENDPOINTS: endpoint };
    const { stderr } = await runHeddle(['leases'], { environment });
    assert.match(stderr, /under \/coreos\.com\/network\/subnets\/: etcd at \S+ refuses connections$/);
  });
});
