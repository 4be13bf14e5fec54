import type { User } from '@kubernetes/client-node/dist/config_types.js';
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { PluginAuthenticator, pluginProvider } from '../../../src/store/kubernetes/exec-plugin.ts';
import { startHeddle } from '../../support/ending.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** Writes a plugin with this script. Its working directory is its own. */
function writePlugin(t: TestContext, script: string): string {
  const directory = temporaryDirectory(t);
  const file = join(directory, 'plugin');
  writeFileSync(file, `#!/bin/sh\ncd "\${0%/*}" || exit\n${script}\n`, { mode: 0o700 });
  return directory;
}

function userOf(directory: string, more: object = {}): User {
  const config = { command: join(directory, 'plugin'), ...more };
  return { name: 'user', authProvider: { name: pluginProvider, config } };
}

/** Prints a credential with this status. */
const print = (status: object): string => `echo run >>runs; echo '${JSON.stringify({ status })}'`;

async function ask(authenticator: PluginAuthenticator, user: User): Promise<RequestOptions> {
  const options: RequestOptions = { headers: { Accept: 'application/json' } };
  await authenticator.applyAuthentication(user, options);
  return options;
}

describe('a credential of an exec plugin', () => {
  const open = (): PluginAuthenticator => new PluginAuthenticator(new AbortController().signal);

  test('is a token, or a certificate with its key', async (t) => {
    const token = await ask(open(), userOf(writePlugin(t, print({ token: 'secret' }))));
    assert.deepEqual(token.headers, { Accept: 'application/json', Authorization: 'Bearer secret' });
    const status = { clientCertificateData: 'certificate', clientKeyData: 'key' };
    const { cert, key } = await ask(open(), userOf(writePlugin(t, print(status))));
    assert.deepEqual([cert, key], ['certificate', 'key']);
  });

  for (const [what, expirationTimestamp, runs] of [
    ['that does not end', undefined, 1],
    ['until it ends', '2099-01-01T00:00:00Z', 1],
    ['that has ended', '2001-01-01T00:00:00Z', 3],
  ] as const) {
    test(`${what} is asked for ${runs} times for three requests`, async (t) => {
      const directory = writePlugin(t, print({ token: 'secret', expirationTimestamp }));
      const authenticator = open();
      for (let i = 0; i < 3; i += 1) await ask(authenticator, userOf(directory));
      assert.equal(readFileSync(join(directory, 'runs'), 'utf8').trimEnd().split('\n').length, runs);
    });
  }

  for (const [what, script, words] of [
    ['fails', 'echo "log in first" >&2; exit 1', /^log in first$/],
    ['fails without a word', 'exit 1', /plugin failed without a word$/],
    ['prints something else', 'echo hello', /plugin did not print JSON$/],
    ['prints no status', 'echo "{}"', /plugin printed no credentials$/],
    ['prints null', 'echo null', /plugin printed no credentials$/],
  ] as const) {
    test(`is missing if the plugin ${what}, and the error says so`, async (t) => {
      await assert.rejects(ask(open(), userOf(writePlugin(t, script))), { message: words });
    });
  }

  test('is missing without a plugin that can be started', async () => {
    await assert.rejects(ask(open(), userOf('/nonexistent')), /not found/);
    await assert.rejects(ask(open(), userOf('', { command: '' })), /has no command/);
  });

  test('comes from the arguments and variables of the kubeconfig file', async (t) => {
    const directory = writePlugin(t, `printf '{"status":{"token":"%s"}}' "$1-$GREETING"`);
    const user = userOf(directory, { args: ['a b'], env: [{ name: 'GREETING', value: 'hello' }] });
    assert.deepEqual((await ask(open(), user)).headers, {
      Accept: 'application/json',
      Authorization: 'Bearer a b-hello',
    });
  });
});

describe('an exec plugin that hangs, with its child,', () => {
  const script = 'sleep 300 & echo "$$ $!" >hangs.new; mv hangs.new hangs; wait';

  /** Waits until the plugin hangs. Returns a check that its two processes are gone. */
  async function untilHung(directory: string): Promise<() => boolean> {
    const file = join(directory, 'hangs');
    await until('the plugin to hang', () => existsSync(file));
    const processes = readFileSync(file, 'utf8').trim().split(' ');
    assert.equal(processes.length, 2);
    for (const pid of processes) assert.ok(existsSync(`/proc/${pid}`), pid);
    return () => processes.every((pid) => !existsSync(`/proc/${pid}`));
  }

  test('ends when the store is closed', async (t) => {
    const directory = writePlugin(t, script);
    const closing = new AbortController();
    const asked = ask(new PluginAuthenticator(closing.signal), userOf(directory));
    const isGone = await untilHung(directory);
    closing.abort();
    await assert.rejects(asked, /plugin failed without a word/);
    await until('the end of the plugin', isGone);
  });

  for (const signal of ['SIGTERM', 'SIGINT', 'SIGKILL'] as const) {
    for (const [what, ignore] of [
      ['', ''],
      [', although it ignores SIGTERM', "trap '' TERM; "],
    ] as const) {
      test(`ends with a heddle that gets ${signal}${what}`, async (t) => {
        const directory = writePlugin(t, ignore + script);
        const kubeconfig = join(directory, 'kubeconfig');
        const cluster = { name: 'a', cluster: { server: 'http://127.0.0.1:1' } };
        const user = {
          name: 'a',
          user: { exec: { apiVersion: 'client.authentication.k8s.io/v1', command: './plugin' } },
        };
        const context = { name: 'a', context: { cluster: 'a', user: 'a' } };
        writeFileSync(
          kubeconfig,
          JSON.stringify({ clusters: [cluster], users: [user], contexts: [context], 'current-context': 'a' }),
        );
        const ran = startHeddle(t, ['leases', '--store', 'kubernetes', '--kubeconfig-file', kubeconfig]);
        const isGone = await untilHung(directory);
        ran.child.kill(signal);
        await ran.ended;
        await until('the end of the plugin', isGone);
      });
    }
  }
});
