import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { until } from '../support/until.ts';
import { startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import type { Host } from './harness/host.ts';
import { heddle } from './lab-harness.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

const recipe = {
  Network: '10.50.0.0/16',
  SubnetMin: '10.50.200.0',
  Backend: {
    Type: 'extension',
    SubnetAddCommand: 'echo "$SUBNET" >> /run/added',
    SubnetRemoveCommand: 'echo "$SUBNET" >> /run/removed',
    ShutdownCommand: 'true',
  },
};
/** A small file system of the host. */
const small = '/run/small';
/** It ends with an error, for want of space. */
const fill = `! head -c 64m /dev/zero 2>/dev/null >${small}/fill`;
const makeRoom = `rm ${small}/fill`;

/** A host with a small file system, and the options of a node there. */
async function prepare(
  t: TestContext,
): Promise<{ host: Host; store: StoreDirectory; args: readonly string[] }> {
  const set = await startHosts([1]);
  t.after(() => set.close());
  const [host] = set.hosts;
  assert.ok(host);
  await host.sh(`mkdir ${small}; mount -t tmpfs -o size=256k,mode=700 tmpfs ${small}`);
  const store = new StoreDirectory(t);
  const args = ['--recipe', store.recipe('disk', recipe), '--store-dir', store.path, '--check-interval', '1'];
  return { host, store, args };
}

async function statusOf(
  host: Host,
  state: string,
): Promise<NodeStatus & { readonly exitCode: number | undefined }> {
  const ran = await host.run([process.execPath, heddle, 'status', '--json', '--state-dir', state]);
  if (ran.stdout === '') throw new Error(ran.stderr);
  return { ...(JSON.parse(ran.stdout) as NodeStatus), exitCode: ran.exitCode };
}

const isFull = /no space left on device/;

describe('a disk that becomes full while a node runs', { skip: reasonToSkip(), concurrency: 2 }, () => {
  test('with the state directory: what cannot be journalled is not done, is told, and follows when there is space', async (t) => {
    const { host, store, args } = await prepare(t);
    store.put('10.50.3.0/24', '172.30.1.103', { BackendData: 'x' });
    const daemon = await startDaemon(host, args, { stateDirectory: small, seconds: 120 });
    await host.sh(fill);
    // The first of them fit into the journal's last page.
    const subnets = Array.from({ length: 99 }, (_, index) => `10.50.${index + 4}.0/24`);
    for (const [index, subnet] of subnets.entries())
      store.put(subnet, `172.30.2.${index + 1}`, { BackendData: 'x' });
    const failed = await daemon.logged('peer-failed');
    assert.match(
      failed.msg,
      /SubnetAddCommand did not run, because the journal cannot be written: .*\/run\/small\/journal/,
    );
    assert.match(failed.msg, isFull);
    const { state, exitCode, peers } = await statusOf(host, small);
    assert.deepEqual([state, exitCode], ['degraded', exitCodes.degraded]);
    assert.match(JSON.stringify(peers), isFull);

    await host.sh(makeRoom);
    await until('the node to run', async () => (await statusOf(host, small)).exitCode === 0);
    const added = new Set(await host.lines('cat /run/added'));
    assert.deepEqual(added, new Set(['10.50.3.0/24', ...subnets].sort()));
    const removed = await host.sh('cat /run/removed 2>/dev/null || true');
    assert.equal(removed, '', 'nothing was added, so nothing is removed');
    await daemon.kill();
    const down = await host.run([process.execPath, heddle, 'down', '--state-dir', small]);
    assert.match(down.stdout, /100 peers removed/, down.stderr);
  });

  test('with the state directory: the network can still be taken down', async (t) => {
    const { host, store, args } = await prepare(t);
    store.put('10.50.3.0/24', '172.30.1.103', { BackendData: 'x' });
    const daemon = await startDaemon(host, args, { stateDirectory: small });
    await host.sh(fill);
    const { exitCode, stderr } = await daemon.stop();
    assert.equal(exitCode, 0, stderr);
    assert.deepEqual(await host.lines('cat /run/removed'), ['10.50.3.0/24']);
  });

  test('with the subnet file: the node is degraded until the file can be written', async (t) => {
    const { host, args } = await prepare(t);
    const daemon = await startDaemon(host, ['--subnet-file', `${small}/subnet.env`, ...args]);
    await host.sh(`rm ${small}/subnet.env; ${fill}`);
    const failed = await daemon.logged('part-failed');
    assert.match(
      failed.because,
      /^the subnet file \/run\/small\/subnet\.env cannot be written: no space left on device$/,
    );
    const { state, because, exitCode } = await statusOf(host, '/run/state');
    assert.deepEqual([state, exitCode], ['degraded', exitCodes.degraded]);
    assert.match(because ?? '', isFull);

    await host.sh(makeRoom);
    await daemon.logged('part-restored');
    await host.sh(`grep -q ^FLANNEL_SUBNET= ${small}/subnet.env`);
    await daemon.stop();
  });
});
