import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NodeStatus } from '../../src/daemon/report/status.ts';
import { exitCodes } from '../../src/diagnostic/failure.ts';
import { until } from '../support/until.ts';
import { runOn, startDaemon } from './harness/daemon.ts';
import { startHosts } from './harness/host-set.ts';
import { reasonToSkip } from './harness/needs.ts';
import { StoreDirectory } from './harness/store-directory.ts';

test('a probe tells which peer is cut off, and when it is back', { skip: reasonToSkip() }, async (t) => {
  const set = await startHosts([1, 1, 1]);
  t.after(() => set.close());
  const [one, two, three] = set.hosts;
  assert.ok(one && two && three);
  const store = new StoreDirectory(t);
  const args = ['--recipe', 'vxlan', '--store-dir', store.path];
  const metricsPort = 9270;
  const metrics = ['--metrics-address', `127.0.0.1:${metricsPort}`];
  const daemon = await startDaemon(one, [...args, ...metrics]);
  await startDaemon(two, args);
  await startDaemon(three, args);
  const probe = async (): Promise<{ exitCode: number | undefined; status: NodeStatus }> => {
    const { exitCode, stdout, stderr } = await runOn(one, 'status', '--probe', '--json');
    assert.equal(stderr, '');
    return { exitCode, status: JSON.parse(stdout) as NodeStatus };
  };
  await until('both peers to answer', async () => (await probe()).status.probe?.counts.answers === 2);

  await one.sh(`ip rule add pref 1 to ${two.publicIp} blackhole`);
  const cut = await probe();
  assert.equal(cut.exitCode, exitCodes.degraded);
  assert.deepEqual(cut.status.probe?.counts, { answers: 1, silent: 1, unknown: 0 });
  const { status: own } = { status: JSON.parse((await runOn(two, 'status', '--json')).stdout) as NodeStatus };
  assert.equal(
    cut.status.probe.addresses.find(({ result }) => result === 'silent')?.subnet,
    own.lease?.subnet,
  );
  assert.deepEqual(
    cut.status.concerns.map(({ kind }) => kind),
    ['peer-silent'],
  );
  const served = await one.sh(
    `${process.execPath} -e 'fetch("http://127.0.0.1:${metricsPort}/metrics").then((r) => r.text()).then(console.log)'`,
  );
  assert.match(served, /^heddle_probe_addresses\{result="silent"\} 1$/m);
  assert.match(served, /^heddle_concerns\{kind="peer-silent"\} 1$/m);

  await one.sh(`ip rule delete pref 1 to ${two.publicIp} blackhole`);
  const back = await probe();
  assert.deepEqual([back.exitCode, back.status.state], [0, 'running']);
  assert.equal(daemon.all('concern-ended').length, 1);
});
