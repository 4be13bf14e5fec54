import assert from 'node:assert/strict';
import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { bringDown } from '../../src/daemon/bring-down.ts';
import { readDeployment } from '../../src/daemon/network/deployment-file.ts';
import { createControlServer, type StopRequest } from '../../src/daemon/report/control.ts';
import { claimInstance } from '../../src/host/state/instance.ts';
import { StoreError } from '../../src/store/store.ts';
import { Bench } from './bench.ts';
import { elsewhere, leaveNetwork, openPeerJournal, rewriteDeployment } from './takeover/takeover.ts';

/** The descriptors of this process for a file. */
function openFiles(path: string): readonly string[] {
  const target = (descriptor: string): string | undefined => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`);
    } catch {
      return undefined;
    }
  };
  return readdirSync('/proc/self/fd').filter((descriptor) => target(descriptor) === path);
}

const plain = { releaseLease: false, forget: false };

test('where nothing is up there is nothing to do', async (t) => {
  const bench = new Bench(t);
  const down = await bringDown(bench.stateDirectory, plain, bench.emit);
  assert.deepEqual(down, { daemon: 'none', removed: 0, failed: [], shutdown: 'done', leaseReleased: false });
});

test('the network of a dead daemon is taken down here', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await leaveNetwork(t, bench);
  const down = await bringDown(bench.stateDirectory, plain, bench.emit);
  assert.deepEqual(down, { daemon: 'dead', removed: 2, failed: [], shutdown: 'done', leaseReleased: false });
  assert.match(bench.log.at(-1) ?? '', /^shutdown /);
  assert.equal((await (await bench.openStore()).list()).records.length, 3, 'its lease stays');
  assert.equal(existsSync(`${bench.stateDirectory}/heddle.sock`), false);
});

test('the lease of a dead daemon is given back when that is asked for, and told if it was there', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const left = await leaveNetwork(t, bench);
  const options = { releaseLease: true, forget: false };
  assert.equal((await bringDown(bench.stateDirectory, options, bench.emit)).leaseReleased, true);
  assert.equal(bench.told('lease-released')[0]?.subnet, left.leaseKey);
  await rewriteDeployment(bench, left);
  assert.equal((await bringDown(bench.stateDirectory, options, bench.emit)).leaseReleased, false);
});

test('a store that is away does not keep the network up, but the lease cannot be given back', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await leaveNetwork(t, bench);
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  const work = bringDown(bench.stateDirectory, { releaseLease: true, forget: false }, bench.emit);
  await assert.rejects(work, (error: unknown) => {
    assert.ok(error instanceof StoreError);
    assert.match(error.message, /^the directory .* does not contain a store/);
    return true;
  });
  assert.match(bench.log.at(-1) ?? '', /^shutdown /);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.equal(existsSync(bench.storeDirectory), false, 'nobody makes an empty one in its place');
});

test('a daemon that runs is asked to do it itself', async (t) => {
  const bench = new Bench(t);
  const asked: StopRequest[] = [];
  const server = createControlServer({
    status: () => undefined,
    stop: (request) => {
      asked.push(request);
      return Promise.resolve({ removed: 7, failed: [], shutdown: 'done' });
    },
  });
  const claim = await claimInstance(bench.stateDirectory, server);
  t.after(() => claim.release());
  const down = await bringDown(bench.stateDirectory, { releaseLease: true, forget: false }, bench.emit);
  assert.deepEqual(down, {
    daemon: 'running',
    removed: 7,
    failed: [],
    shutdown: 'done',
    leaseReleased: true,
  });
  assert.deepEqual(asked, [{ onExit: 'shutdown', releaseLease: true }]);
});

test('a network that is to be forgotten runs nothing', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const left = await leaveNetwork(t, bench);
  // Also where it is in another namespace: it is gone with that, the operator says.
  await rewriteDeployment(bench, elsewhere(left));
  const down = await bringDown(bench.stateDirectory, { releaseLease: false, forget: true }, bench.emit);
  assert.deepEqual(down, {
    daemon: 'dead',
    removed: 0,
    failed: [],
    shutdown: 'skipped',
    leaseReleased: false,
  });
  assert.deepEqual(bench.log, []);
  assert.deepEqual(openFiles(join(bench.stateDirectory, 'journal')), []);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.deepEqual((await openPeerJournal(t, bench)).peers, []);
});

test('a network whose daemon runs is not forgotten', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await leaveNetwork(t, bench);
  const claim = await claimInstance(bench.stateDirectory, createServer());
  t.after(() => claim.release());
  const forgetting = bringDown(bench.stateDirectory, { releaseLease: false, forget: true }, bench.emit);
  await assert.rejects(forgetting, /is already in use by another heddle/);
  assert.ok(await readDeployment(bench.stateDirectory));
});
