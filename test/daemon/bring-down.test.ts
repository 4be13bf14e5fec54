import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { test } from 'node:test';
import { bringDown, DownProgress } from '../../src/daemon/bring-down.ts';
import { readDeployment } from '../../src/daemon/network/deployment-file.ts';
import { createControlServer, type StopRequest } from '../../src/daemon/report/control.ts';
import { DamagedJournal } from '../../src/host/state/damaged-journal.ts';
import { claimInstance } from '../../src/host/state/instance.ts';
import { makePipeDirectory } from '../../src/shell/io/pipe-directory.ts';
import { until } from '../support/until.ts';
import { Bench, leaseValue } from './bench.ts';
import { fileOverlay } from './file-overlay.ts';
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

test('without a network, heddle down does nothing', async (t) => {
  const bench = new Bench(t);
  const down = await bringDown(bench.stateDirectory, plain, bench.emit);
  assert.deepEqual(down, {
    daemon: 'none',
    removed: 0,
    failed: [],
    left: [],
    shutdown: 'skipped',
    leaseReleased: false,
    leaseTrouble: null,
  });
});

test('the network of a dead daemon is taken down here', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await leaveNetwork(t, bench);
  const down = await bringDown(bench.stateDirectory, plain, bench.emit);
  assert.deepEqual(down, {
    daemon: 'dead',
    removed: 2,
    failed: [],
    left: [],
    shutdown: 'done',
    leaseReleased: false,
    leaseTrouble: null,
  });
  assert.match(bench.log.at(-1) ?? '', /^shutdown /);
  assert.equal((await (await bench.openStore()).list()).records.length, 3, 'its lease stays');
  assert.equal(existsSync(`${bench.stateDirectory}/heddle.sock`), false);
});

test('a take-down in a hurry ends the command that runs, also one that ignores SIGTERM', async (t) => {
  const bench = new Bench(t);
  const ShutdownCommand = 'trap "" TERM; echo $$ > begun; while :; do sleep 0.1; done';
  bench.recipe({ ...fileOverlay, ShutdownCommand });
  await leaveNetwork(t, bench);
  const progress = new DownProgress(bench.emit);
  const down = bringDown(bench.stateDirectory, plain, bench.emit, progress);
  await until('ShutdownCommand', () => existsSync(join(bench.stateDirectory, 'begun')));
  assert.deepEqual(
    [progress.stage, progress.waits.all.map(({ what }) => what)],
    ['working', ['ShutdownCommand']],
  );
  const group = Number(readFileSync(join(bench.stateDirectory, 'begun'), 'utf8'));
  progress.hurrying.abort();
  assert.equal((await down).shutdown, 'failed');
  assert.throws(() => process.kill(group, 0), { code: 'ESRCH' });
  assert.ok(await readDeployment(bench.stateDirectory), 'and it can be run again');
});

test('the names of pipes that a killed daemon left are removed', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await leaveNetwork(t, bench);
  const left = makePipeDirectory(bench.stateDirectory);
  t.after(() => rmSync(left, { recursive: true, force: true }));
  await bringDown(bench.stateDirectory, plain, bench.emit);
  assert.equal(existsSync(left), false);
});

test('the lease of a dead daemon is given back when that is asked for, and told if it was there', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const left = await leaveNetwork(t, bench);
  const options = { releaseLease: true, forget: false };
  assert.equal((await bringDown(bench.stateDirectory, options, bench.emit)).leaseReleased, true);
  assert.equal(bench.told('lease-released')[0]?.subnet, left.leaseKey?.replace('-', '/'));
  await rewriteDeployment(bench, left);
  assert.equal((await bringDown(bench.stateDirectory, options, bench.emit)).leaseReleased, false);
});

test('a store that is away does not keep the network up, but the lease cannot be given back', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await leaveNetwork(t, bench);
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  const options = { releaseLease: true, forget: false };
  const down = await bringDown(bench.stateDirectory, options, bench.emit);
  assert.equal(down.leaseReleased, false);
  assert.match(down.leaseTrouble ?? '', /may still be held: the directory .* does not contain a store/);
  assert.match(bench.log.at(-1) ?? '', /^shutdown /);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.equal(existsSync(bench.storeDirectory), false, 'nobody makes an empty one in its place');

  // When the store is back, another one gives it back, and a third one finds nothing.
  await rename(`${bench.storeDirectory}.away`, bench.storeDirectory);
  const again = await bringDown(bench.stateDirectory, options, bench.emit);
  assert.deepEqual([again.daemon, again.leaseReleased, again.leaseTrouble], ['none', true, null]);
  const third = await bringDown(bench.stateDirectory, options, bench.emit);
  assert.deepEqual([third.daemon, third.leaseReleased, third.leaseTrouble], ['none', false, null]);
});

test('a lease that was kept can be given back later', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const left = await leaveNetwork(t, bench);
  await bringDown(bench.stateDirectory, plain, bench.emit);
  assert.deepEqual((await bringDown(bench.stateDirectory, plain, bench.emit)).leaseReleased, false);
  const later = await bringDown(bench.stateDirectory, { releaseLease: true, forget: false }, bench.emit);
  assert.deepEqual([later.daemon, later.leaseReleased], ['none', true]);
  const keys = (await (await bench.openStore()).list()).records.map(({ key }) => key);
  assert.equal(keys.includes(left.leaseKey ?? ''), false);
  assert.equal(keys.length, 2, 'and nobody else’s');
});

test('a subnet that another node holds by now is not given back', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const { leaseKey } = await leaveNetwork(t, bench);
  const store = await bench.openStore();
  const own = (await store.list()).records.find(({ key }) => key === leaseKey);
  assert.ok(own && (await store.remove(own)) === 'removed');
  assert.notEqual(await store.create(own.key, leaseValue(9), 600), 'taken');
  const down = await bringDown(bench.stateDirectory, { releaseLease: true, forget: false }, bench.emit);
  assert.deepEqual([down.leaseReleased, down.leaseTrouble], [false, null]);
  assert.equal((await store.list()).records.length, 3);
});

test('a daemon that runs is asked to do it itself', async (t) => {
  const bench = new Bench(t);
  const asked: StopRequest[] = [];
  const server = createControlServer({
    status: () => undefined,
    stop: (request) => {
      asked.push(request);
      return Promise.resolve({
        removed: 7,
        failed: [],
        left: [],
        shutdown: 'done',
        lease: { kind: 'released' },
      });
    },
  });
  const claim = await claimInstance(bench.stateDirectory, server);
  t.after(() => claim.release());
  const down = await bringDown(bench.stateDirectory, { releaseLease: true, forget: false }, bench.emit);
  assert.deepEqual(down, {
    daemon: 'running',
    removed: 7,
    failed: [],
    left: [],
    shutdown: 'done',
    leaseReleased: true,
    leaseTrouble: null,
  });
  assert.deepEqual(asked, [{ onExit: 'shutdown', releaseLease: true }]);
});

test('a network that a stopping daemon leaves up is taken down here', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await leaveNetwork(t, bench);
  const server = createControlServer({
    status: () => undefined,
    // A signal had told this daemon to leave its network. It still listens when it is looked for the next time.
    stop: () => {
      server.once('connection', () => void claim.release());
      return Promise.resolve({ removed: 0, failed: [], left: [], shutdown: 'skipped' });
    },
  });
  const claim = await claimInstance(bench.stateDirectory, server);
  const down = await bringDown(bench.stateDirectory, plain, bench.emit);
  assert.deepEqual([down.daemon, down.removed, down.shutdown], ['dead', 2, 'done']);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
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
    left: [],
    shutdown: 'skipped',
    leaseReleased: false,
    leaseTrouble: null,
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

for (const [what, damage] of [
  ['cut short in its middle', (text: string) => text.replace(/"stdin".*\n/, '')],
  ['with a block of zero bytes', (text: string) => `${'\0'.repeat(512)}\n${text}`],
  ['of another program', (text: string) => `${text}{"add":{"key":"10.50.9.0-24"}}\n`],
] as const) {
  test(`a journal ${what} is kept under another name by down --forget, which forgets the network`, async (t) => {
    const bench = new Bench(t);
    bench.recipe();
    await leaveNetwork(t, bench);
    const journal = join(bench.stateDirectory, 'journal');
    const damaged = damage(readFileSync(journal, 'utf8'));
    writeFileSync(journal, damaged);
    await assert.rejects(bringDown(bench.stateDirectory, plain, bench.emit), DamagedJournal);
    assert.equal(readFileSync(journal, 'utf8'), damaged);
    assert.ok(await readDeployment(bench.stateDirectory), 'and the network is not forgotten');

    const down = await bringDown(bench.stateDirectory, { releaseLease: false, forget: true }, bench.emit);
    assert.deepEqual([down.daemon, down.removed, down.shutdown], ['dead', 0, 'skipped']);
    assert.deepEqual(bench.log, []);
    const kept = keptJournals(bench);
    assert.equal(kept.length, 1);
    assert.equal(readFileSync(kept[0] ?? '', 'utf8'), damaged);
    const warnings = bench.told('warning').map(({ message }) => message);
    assert.match(
      warnings.join(),
      /^the journal \S+\/journal is damaged: its line \d .*; the file is kept as /,
    );
    assert.ok(warnings[0]?.endsWith(kept[0] ?? ''), warnings.join());
    assert.deepEqual(openFiles(journal), []);
    assert.deepEqual(openFiles(kept[0] ?? ''), []);
    assert.equal(await readDeployment(bench.stateDirectory), undefined);
    assert.equal(existsSync(bench.subnetFile), false);
    assert.deepEqual((await openPeerJournal(t, bench)).peers, []);
  });
}

test('a damaged journal without a deployment file is kept under another name, too; a sound one stays', async (t) => {
  const bench = new Bench(t);
  const journal = join(bench.stateDirectory, 'journal');
  const options = { releaseLease: false, forget: true };
  writeFileSync(journal, '{"gone":"10.50.4.0-24"}\nrubbish\n{"gone":"10.50.5.0-24"}\n');
  const down = await bringDown(bench.stateDirectory, options, bench.emit);
  assert.deepEqual([down.daemon, down.shutdown], ['dead', 'skipped']);
  assert.match(
    bench.told('warning')[0]?.message ?? '',
    /is damaged: its line 2 is not JSON; the file is kept as/,
  );
  assert.equal(keptJournals(bench).length, 1);
  assert.equal(existsSync(journal), false);
  assert.equal((await bringDown(bench.stateDirectory, options, bench.emit)).daemon, 'none');

  writeFileSync(journal, '');
  assert.equal((await bringDown(bench.stateDirectory, options, bench.emit)).daemon, 'none');
  assert.equal(existsSync(journal), true);
  assert.equal(keptJournals(bench).length, 1);
});

/** The journals that were damaged, by path. */
function keptJournals({ stateDirectory }: Bench): readonly string[] {
  const names = readdirSync(stateDirectory).filter((name) => name.startsWith('.journal-damaged-'));
  return names.map((name) => join(stateDirectory, name));
}
