import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Command } from 'commander';

import { addStoreOptions, chooseStore } from '../../../src/cli/arguments/store-options.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import type { StoreChoice } from '../../../src/store/kind.ts';
import { storeKinds } from '../../../src/store/kinds.ts';
import { openStore } from '../../../src/store/open-store.ts';
import { withoutSecrets, withSecrets } from '../../../src/store/secrets.ts';
import { StoreError } from '../../../src/store/store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { kindsWithLoom, token, type LoomChoice } from './toy-kind.ts';

/** A command with the options of every kind, the toy among them. */
function makeCommand(): Command {
  return addStoreOptions(new Command('weave').exitOverride(), kindsWithLoom);
}

/** What a command chooses that is called with these words, and nothing in its environment but these variables. */
async function choose(
  t: TestContext,
  words: string,
  variables: Readonly<Record<string, string>> = {},
): Promise<StoreChoice> {
  const { env } = process;
  process.env = { ...variables };
  t.after(() => (process.env = env));
  try {
    const command = makeCommand().parse(words.split(' ').filter(Boolean), { from: 'user' });
    return await chooseStore(command, kindsWithLoom);
  } finally {
    process.env = env;
  }
}

const loom: LoomChoice = {
  kind: 'loom',
  isManaged: false,
  directory: '/srv/loom',
  networkFile: '/etc/loom/net-conf.json',
  access: { token },
};

describe('a kind of store that is in the list', () => {
  test('has its options in the help, and a place in the default', () => {
    const help = makeCommand().configureHelp({ helpWidth: 300 }).helpInformation();
    assert.match(
      help,
      /--store <kind> +where the leases are \(default: loom if a loom option or variable is given, etcd if an etcd option or variable is given, else files\) \(choices: "files", "loom", "etcd", env: HEDDLE_STORE\)/,
    );
    assert.match(
      help,
      /--loom-subnet-mgr +loom: keep the leases on a loom \(env: FLANNELD_LOOM_SUBNET_MGR\)/,
    );
    assert.match(
      help,
      /--net-config-path <file> +loom: the network configuration \(default: "\/etc\/loom\/net-conf\.json", env: FLANNELD_NET_CONFIG_PATH\)/,
    );
  });

  test('is chosen by its name, its flag or its other options', async (t) => {
    const place = `--loom-path /srv/loom --loom-token ${token}`;
    assert.deepEqual(await choose(t, `--store loom ${place}`), loom);
    assert.deepEqual(await choose(t, place), loom);
    assert.deepEqual(await choose(t, `--loom-subnet-mgr ${place}`), { ...loom, isManaged: true });
    const networkFile = resolve('net-conf.json');
    assert.deepEqual(await choose(t, `${place} --net-config-path net-conf.json`), { ...loom, networkFile });
  });

  test('is chosen by its variables, unless the command line or HEDDLE_STORE says otherwise', async (t) => {
    const variables = { FLANNELD_LOOM_SUBNET_MGR: 'true', FLANNELD_LOOM_TOKEN: token };
    const kindOf = async (words: string, more = {}): Promise<string> =>
      (await choose(t, words, { ...variables, ...more })).kind;
    await assert.rejects(
      () => choose(t, '', variables),
      new Failure('usage', 'a loom was chosen without its path and its token'),
    );
    assert.equal(await kindOf('--loom-path /srv/loom'), 'loom');
    assert.equal(await kindOf('--loom-path /srv/loom', { HEDDLE_STORE: 'files' }), 'loom');
    assert.equal(await kindOf('--store-dir /srv/files'), 'files');
    assert.equal(await kindOf('', { HEDDLE_STORE: 'files' }), 'files');
    assert.equal(await kindOf('--etcd-prefix /weft'), 'etcd');
    await assert.rejects(
      () => kindOf('', { FLANNELD_ETCD_PREFIX: '/weft', HEDDLE_STORE_DIR: '/srv/files' }),
      /a loom was chosen/,
      'it is before etcd in the list',
    );
    assert.equal((await choose(t, '')).kind, 'files');
  });

  const contradictions: readonly (readonly [words: string, message: string, hint: string])[] = [
    [
      '--loom-path /srv/loom --store-dir /srv/files',
      '--store-dir and --loom-path contradict each other',
      'remove --loom-path if the leases are in files, or --store-dir if they are in loom',
    ],
    [
      '--store etcd --loom-subnet-mgr',
      '--store etcd and --loom-subnet-mgr contradict each other',
      'remove --store etcd if the leases are in loom, or --loom-subnet-mgr if they are in etcd',
    ],
    [
      '--etcd-prefix /weft --net-config-path /net-conf.json',
      '--net-config-path and --etcd-prefix contradict each other',
      'remove --etcd-prefix if the leases are in loom, or --net-config-path if they are in etcd',
    ],
  ];
  for (const [words, message, hint] of contradictions) {
    test(`contradicts another kind: ${words}`, async (t) => {
      await assert.rejects(() => choose(t, words), new Failure('usage', message, { hint }));
    });
  }

  test('opens its store, which reads the network configuration where it likes', async (t) => {
    const directory = temporaryDirectory(t);
    const networkFile = join(directory, 'net-conf.json');
    await writeFile(networkFile, '{"Network":"10.50.0.0/16"}');
    const choice: LoomChoice = { ...loom, directory: join(directory, 'leases'), networkFile };
    await assert.rejects(() => openStore(choice, 'existing', kindsWithLoom), /does not contain a store/);
    const store = await openStore(choice, 'read-write', kindsWithLoom);
    t.after(() => store.close());
    assert.equal((await store.readNetwork())?.text, '{"Network":"10.50.0.0/16"}');
    await store.create('10.50.4.0-24', '{"PublicIP":"172.30.0.1"}', undefined);
    assert.equal((await store.list()).records.length, 1);
  });

  test('gives no secret to a file, and takes it from its variable again', async (t) => {
    const directory = join(temporaryDirectory(t), 'leases');
    const file = `${directory}.json`;
    const chosen: LoomChoice = { ...loom, directory };
    await writeFile(file, JSON.stringify(withoutSecrets(chosen, kindsWithLoom)));
    const text = await readFile(file, 'utf8');
    assert.ok(!text.includes(token), text);
    const kept = JSON.parse(text) as StoreChoice;

    const open = async (environment: NodeJS.ProcessEnv): Promise<void> => {
      const choice = withSecrets(kept, environment, kindsWithLoom);
      await (await openStore(choice, 'read-write', kindsWithLoom)).close();
    };
    await assert.rejects(() => open({}), new StoreError('the loom refuses the token', { retryable: false }));
    await open({ FLANNELD_LOOM_TOKEN: token });
    assert.deepEqual(withSecrets(loom, { FLANNELD_LOOM_TOKEN: 'other' }, kindsWithLoom), loom);
  });

  test('has its secret in no list of processes', async () => {
    const program = fileURLToPath(new URL('toy-program.ts', import.meta.url));
    const words = ['--loom-path', '/srv/loom', '--loom-token', token];
    const { stdout } = await promisify(execFile)(process.execPath, ['--import', 'tsx', program, ...words]);
    const { before, after } = JSON.parse(stdout) as { before: string[]; after: string[] };
    assert.ok(before.includes(token));
    assert.match(after.join(' '), /--loom-path \/srv\/loom --loom-token \*\*\*/);
    assert.ok(!after.join(' ').includes(token));
  });
});

test('a choice of a kind that is not in the list is refused with those that are', async () => {
  const known = storeKinds.map(({ name }) => name).join(', ');
  await assert.rejects(
    () => openStore(loom),
    new Failure('store', `this version of heddle does not know the store kind loom, only ${known}`, {
      hint: 'use the version of heddle that brought the network up',
    }),
  );
});
