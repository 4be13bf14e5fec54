import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, test, type TestContext } from 'node:test';
import { tested } from '../../scripts/package/tested.js';
import { until } from '../support/until.ts';
import { Daemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const launcher = fileURLToPath(new URL('../../bin/heddle', import.meta.url));

/** Each peer leaves a process behind, which ends by itself. */
const recipe = {
  Network: '10.50.0.0/16',
  Backend: {
    Type: 'extension',
    SubnetAddCommand: '(sleep 0.1; echo over >> over) >/dev/null 2>&1 &',
    SubnetRemoveCommand: 'echo removed >> removed',
    ShutdownCommand: 'echo down > /run/down',
  },
};
const peers = 5;

/** Starts a daemon as the first process of a PID namespace, and waits until it has as many orphans as peers, which have all ended. */
async function startFirst(
  t: TestContext,
  words: readonly string[],
): Promise<{ host: Host; daemon: Daemon; zombies: () => Promise<number> }> {
  const set = await startHosts([1]);
  t.after(() => set.close());
  const [host] = set.hosts;
  assert.ok(host);
  const store = new StoreDirectory(t);
  for (let n = 1; n <= peers; n += 1)
    store.put(`10.50.${n}.0/24`, `172.30.1.${100 + n}`, { BackendData: 'x' });
  const daemon = new Daemon(host, ['--recipe', store.recipe('orphans', recipe), '--store-dir', store.path], {
    through: ['unshare', '--pid', '--fork', '--kill-child', '--mount-proc', ...words],
  });
  await daemon.until('ready');
  await host.until(`[ "$(wc -l 2>/dev/null </run/state/over)" = ${peers} ]`);
  const zombies = async (): Promise<number> =>
    Number(await host.sh(`cat /proc/[0-9]*/status 2>/dev/null | grep -c '^State:.Z' || true`));
  return { host, daemon, zombies };
}

/** Words that run the launcher in place of Node and `bin/heddle.js`, the next two. */
const launchBy = (shell: string, program = launcher): readonly string[] => [
  'sh',
  '-c',
  `shift 2; exec ${shell} "$0" "$@"`,
  program,
];

/** The first process of the PID namespace within the host's, as the host numbers it. Unlike awk, grep goes on when a process has just ended. */
const findFirst = `grep -hs '^NSpid:' /proc/[0-9]*/status | awk 'NF > 2 && $NF == 1 { print $2 }'`;

describe('heddle as PID 1', { skip: reasonToSkip('bash'), concurrency: 2 }, () => {
  for (const [name, words] of [
    ...['', 'bash', 'busybox sh'].map((shell) => [`bin/heddle ${shell}`, launchBy(shell)] as const),
    ['the single executable', launchBy('', tested.executable)] as const,
  ]) {
    test(`collects the orphans of commands, and ends as elsewhere: ${name}`, async (t) => {
      const { host, daemon, zombies } = await startFirst(t, words);
      await until('no zombie to be left', async () => (await zombies()) === 0);
      assert.deepEqual(daemon.all('warning'), []);
      await host.sh(`kill -TERM "$(${findFirst})"`);
      const { exitCode, stderr } = await daemon.ended;
      assert.equal(exitCode, 0, stderr);
      await host.sh(`[ -e /run/down ] && [ "$(wc -l </run/state/removed)" = ${peers} ]`);
    });
  }

  test('without bin/heddle, orphans stay, and the log says what to do', async (t) => {
    const { daemon, zombies } = await startFirst(t, []);
    await until('the orphans to be zombies', async () => (await zombies()) === peers);
    const [warning] = daemon.all('warning');
    assert.match(warning?.message ?? '', /first process .*\(PID 1\).* zombies.* docker run --init/);
  });
});
