import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test, type TestContext } from 'node:test';
import { Daemon } from './harness/daemon.ts';
import { reasonToSkip } from './harness/needs.ts';
import { oneHost } from './harness/one-host.ts';

const options = { skip: reasonToSkip() };

/** How many commands the recipe below lets run at once: what had begun may still say so after the signal. */
const concurrency = 4;

describe('a batch that fails', options, () => {
  test('SIGTERM while its peers are run one by one: only removes begin after it', async (t) => {
    const { host, store } = await oneHost(t);
    const peers = Array.from({ length: 60 }, (_, n) => n + 100);
    for (const n of peers) store.put(`10.50.${n}.0/24`, `192.0.2.${n}`);
    const recipe = store.recipe('batches', {
      Network: '10.50.0.0/16',
      Backend: {
        Type: 'extension',
        SubnetAddCommand: 'echo add $SUBNET >>did; sleep 0.1',
        SubnetRemoveCommand: 'echo remove $SUBNET >>did',
        SubnetBatchCommand: 'cat >/dev/null; echo torn >&2; exit 1',
        CheckCommand: 'while read -r verb subnet rest; do echo $subnet; done',
        Concurrency: concurrency,
      },
    });
    const daemon = new Daemon(host, ['--recipe', recipe, '--store-dir', store.path]);
    const failed = await daemon.until('batch-failed');
    assert.match(failed.msg, /looking for the failing peers in smaller batches/);
    await daemon.until('peer-added');
    const { exitCode } = await daemon.stop();
    assert.equal(exitCode, 0, daemon.describe());
    const did = (await host.sh('cat /run/state/did')).trim().split('\n');
    // The first remove shows that the signal has come: what begins later was decided after it.
    const later = did.slice(did.findIndex((line) => line.startsWith('remove')));
    const [adds, removes] = ['add', 'remove'].map((verb) => later.filter((line) => line.startsWith(verb)));
    assert.ok((adds?.length ?? 0) <= concurrency, `${adds?.length} adds began after the signal`);
    assert.ok((removes?.length ?? 0) > 0);
    const added = did.filter((line) => line.startsWith('add')).map((line) => line.split(' ')[1]);
    const removed = new Set(removes?.map((line) => line.split(' ')[1]));
    assert.deepEqual(
      added.filter((subnet) => !removed.has(subnet)),
      [],
    );
  });

  test('one bad peer costs that peer: the others are in place, and none of them failed', async (t) => {
    const { host, store } = await oneHost(t);
    for (let n = 100; n < 164; n += 1) store.put(`10.50.${n}.0/24`, `192.0.2.${n}`);
    const recipe = store.recipe('batches', {
      Network: '10.50.0.0/16',
      Backend: {
        Type: 'extension',
        SubnetAddCommand: '[ $SUBNET != 10.50.133.0/24 ]',
        SubnetRemoveCommand: 'true',
        SubnetBatchCommand: 'set -e; while read -r verb subnet rest; do [ $subnet != 10.50.133.0/24 ]; done',
        CheckCommand: 'while read -r verb subnet rest; do echo $subnet; done',
      },
    });
    const daemon = new Daemon(host, ['--recipe', recipe, '--store-dir', store.path]);
    await daemon.until('ready');
    const failing = daemon.all('peer-failed').map(({ peer }) => peer.subnet);
    assert.deepEqual([...new Set(failing)], ['10.50.133.0/24']);
    assert.equal(daemon.all('batch-failed').length, 1);
    const added = daemon.all('batch-applied').reduce((sum, { addedCount }) => sum + addedCount, 0);
    assert.ok(added >= 60, `${added} were added in batches`);
    await daemon.stop();
  });

  test('a gateway of 2,000 that the kernel refuses costs its peer, with a batch of host-gw', async (t) => {
    const daemon = await startWithBadGateway(t, 'test/recipes/batch-host-gw.json');
    assert.equal(daemon.all('batch-failed').length, 1);
    // All others are added in batches, but for the few that share the last half with the bad one.
    assert.ok(daemon.all('peer-added').length < 20);
  });

  test('a gateway of 2,000 that the kernel refuses costs its peer, with the included host-gw', async (t) => {
    const daemon = await startWithBadGateway(t, 'recipes/host-gw.json');
    assert.equal(daemon.all('batch-failed').length, 0);
    assert.equal(daemon.all('peer-added').length, 0);
  });
});

/** Starts a node of 2,000 peers. Checks that one of them, whose gateway is not on the link, fails, and that all others are in the kernel. */
async function startWithBadGateway(t: TestContext, recipeFile: string): Promise<Daemon> {
  const { host, store } = await oneHost(t);
  await host.sh('ip address add 172.20.255.254/16 dev eth0');
  const peers = Array.from({ length: 2000 }, (_, n) => [n >> 8, n & 255] as const);
  // Off the link: Error: Nexthop has invalid gateway.
  const bad = [3, 77] as const;
  for (const [high, low] of peers) {
    const isBad = high === bad[0] && low === bad[1];
    const publicIp = isBad ? '203.0.113.9' : `172.20.${high}.${low + 1 > 255 ? 0 : low + 1}`;
    store.put(`10.${100 + high}.${low}.0/24`, publicIp, { BackendType: 'host-gw' });
  }
  const text = readFileSync(new URL(`../../${recipeFile}`, import.meta.url), 'utf8');
  const recipe = store.recipe('host-gw', text.replace('"10.50.0.0/16"', '"10.0.0.0/8"'));
  const daemon = new Daemon(host, ['--recipe', recipe, '--store-dir', store.path]);
  await daemon.until('ready');
  const failed = daemon.all('peer-failed');
  assert.deepEqual([...new Set(failed.map(({ peer }) => peer.subnet))], ['10.103.77.0/24']);
  assert.match(failed[0]?.trouble.stderr ?? '', /invalid gateway/);
  const added = daemon.all('batch-applied').reduce((sum, { addedCount }) => sum + addedCount, 0);
  assert.ok(added >= 1980, `${added} were added in batches`);
  const routes = await host.sh('ip route | grep -c " via 172.20."');
  assert.equal(Number(routes), 1999);
  const { exitCode } = await daemon.stop();
  assert.equal(exitCode, 0, daemon.describe());
  return daemon;
}
