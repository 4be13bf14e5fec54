import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { readDeployment, writeDeployment } from '../../../src/daemon/network/deployment-file.ts';
import { deploymentOf } from '../../../src/daemon/network/deployment.ts';
import { gone, type LiveNetwork } from '../../../src/daemon/network/parts/part.ts';
import { networkParts, rememberParts } from '../../../src/daemon/network/parts/parts.ts';
import { requireTakenDown, takeDown } from '../../../src/daemon/network/take-down.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { renderEvent } from '../../../src/event/human.ts';
import type { StoreChoice } from '../../../src/store/kind.ts';
import { Bench } from '../bench.ts';
import { makeNumberedPeer, standNetwork } from './network-bench.ts';

const place = { stateDirectory: '/my state', store: undefined, reasons: 'the log says why' };

/** A network with two peers and its deployment file. */
async function start(t: TestContext): Promise<{ bench: Bench; network: LiveNetwork }> {
  const bench = new Bench(t);
  bench.recipe();
  const network = await standNetwork(t, bench);
  const { preparation, options, commands, stateDirectory, loop } = network;
  await writeDeployment(stateDirectory, deploymentOf(preparation, options, commands.facts, '10.50.1.0-24'));
  loop.feed({ kind: 'snapshot', peers: [4, 5].map(makeNumberedPeer) });
  await loop.settled();
  return { bench, network };
}

test('the parts go, the last one first, and then the deployment file', async (t) => {
  const { bench, network } = await start(t);
  const taken = await takeDown(network, rememberParts(network.options));
  assert.deepEqual(taken, { removed: 2, failed: [], left: [], shutdown: 'done' });
  assert.equal(bench.log.at(-1), 'shutdown 10.50.1.0/24');
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.deepEqual(bench.told('shutdown-finished'), [
    { event: 'shutdown-finished', removed: 2, failed: 0, remains: null },
  ]);
});

test('the deployment file stays while peers or the device do, so that it can be tried again', async (t) => {
  const { bench, network } = await start(t);
  bench.put('remove.fails');
  bench.put('shutdown.fails');
  const taken = await takeDown(network, rememberParts(network.options));
  assert.equal(taken.removed, 0);
  assert.deepEqual(taken.failed.toSorted(), ['10.50.4.0-24', '10.50.5.0-24']);
  assert.equal(taken.shutdown, 'failed');
  assert.ok(await readDeployment(bench.stateDirectory));
  assert.equal(network.journal.peers.length, 2);
  const [finished] = bench.told('shutdown-finished');
  assert.match(
    finished?.remains ?? '',
    /^2 of its peers could not be removed \(.*\) and ShutdownCommand failed$/,
  );
});

test('only a ShutdownCommand that failed keeps the deployment file as well', async (t) => {
  const { bench, network } = await start(t);
  bench.put('shutdown.fails');
  const taken = await takeDown(network, rememberParts(network.options));
  assert.deepEqual(taken, { removed: 2, failed: [], left: [], shutdown: 'failed' });
  assert.ok(await readDeployment(bench.stateDirectory));
  const [finished] = bench.told('shutdown-finished');
  assert.ok(finished);
  assert.deepEqual(renderEvent(finished), {
    level: 'warn',
    text: 'network not taken down completely, 2 peers removed: ShutdownCommand failed',
    detail: '',
  });
});

test('a file that stays is named, and only its part is tried again', async (t) => {
  const { bench, network } = await start(t);
  const left = {
    because: 'the CNI list /x stays: read-only file system',
    failure: 'state-directory',
  } as const;
  let stays = true;
  const parts = networkParts.map((part) =>
    part.name === 'cni-list'
      ? {
          ...part,
          down: () => Promise.resolve(stays ? ({ kind: 'left', what: 'object', ...left } as const) : gone),
        }
      : part,
  );
  const taken = await takeDown(network, rememberParts(network.options), undefined, parts);
  assert.deepEqual(taken, { removed: 2, failed: [], left: [left], shutdown: 'done' });
  const deployment = await readDeployment(bench.stateDirectory);
  assert.deepEqual(Object.keys(deployment?.parts ?? {}), ['cni-list']);
  stays = false;
  const before = bench.log.length;
  const again = await takeDown(network, deployment?.parts ?? {}, undefined, parts);
  assert.deepEqual(again, { removed: 0, failed: [], left: [], shutdown: 'skipped' });
  assert.deepEqual(
    bench.told('shutdown-finished').map(({ remains }) => remains),
    [left.because, null],
  );
  assert.equal(bench.log.length, before, 'ShutdownCommand does not run again');
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
});

test('the exit code is that of the file that stays, unless a command failed as well', () => {
  const left = [{ because: 'the CNI list /x stays: permission denied', failure: 'privilege' }] as const;
  for (const [taken, kind, words] of [
    [{ removed: 1, failed: [], left, shutdown: 'done' }, 'privilege', /: the CNI list \/x stays/],
    [{ removed: 1, failed: ['a'], left, shutdown: 'done' }, 'command', /\(a\) and the CNI list \/x stays/],
    [{ removed: 1, failed: [], left, shutdown: 'failed' }, 'command', /ShutdownCommand failed and the CNI/],
  ] as const) {
    assert.throws(
      () => requireTakenDown(taken, place),
      (error: unknown) => error instanceof Failure && error.kind === kind && words.test(error.message),
    );
  }
});

test('a part that was never begun is not taken down', async (t) => {
  const { bench, network } = await start(t);
  const before = bench.log.length;
  await takeDown(network, { device: {} });
  assert.deepEqual(bench.log.slice(before), ['shutdown 10.50.1.0/24']);
});

test('remains after a take-down are named, with what to do', () => {
  const whole = { removed: 3, failed: [], left: [], shutdown: 'done' } as const;
  requireTakenDown(whole, place);
  requireTakenDown({ ...whole, shutdown: 'skipped' }, place);
  assert.throws(
    () => requireTakenDown({ removed: 1, failed: ['a', 'b'], left: [], shutdown: 'failed' }, place),
    (error: unknown) => {
      assert.ok(error instanceof Failure);
      assert.equal(error.kind, 'command');
      assert.match(
        error.message,
        /: 2 of its peers could not be removed \(a, b\) and ShutdownCommand failed$/,
      );
      assert.equal(error.hint, "the log says why; then run: heddle down --state-dir '/my state'");
      return true;
    },
  );
});

test('a lease that the store did not release is named, with the command that releases it', () => {
  const lease = { kind: 'unconfirmed', subnet: '10.50.1.0/24', because: 'etcd refuses connections' } as const;
  const hintWith = (store: object | undefined): string => {
    const taken = { removed: 3, failed: [], left: [], shutdown: 'done', lease } as const;
    try {
      requireTakenDown(taken, { ...place, store: store as StoreChoice | undefined });
    } catch (error) {
      assert.ok(error instanceof Failure && error.kind === 'store');
      return error.hint ?? '';
    }
    return assert.fail('the lease is not named');
  };
  const command = "when the store answers again, run heddle down --release-lease --state-dir '/my state'";
  const end = '; otherwise the lease ends by itself';
  const etcd = { kind: 'etcd', endpoints: [], prefix: '/x' };
  assert.equal(hintWith(undefined), `${command}${end}`);
  assert.equal(hintWith({ kind: 'files', directory: '/store' }), `${command}${end}`);
  assert.equal(hintWith({ ...etcd, user: { name: 'a', passwordFile: '/p' } }), `${command}${end}`);
  for (const password of ['', 'secret']) {
    const hint = hintWith({ ...etcd, user: { name: 'a', password } });
    assert.equal(hint, `${command}, with FLANNELD_ETCD_PASSWORD in its environment${end}`);
  }
});
