import assert from 'node:assert/strict';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { readDeployment } from '../../../src/daemon/network/deployment-file.ts';
import { RunningNetwork, type NetworkEnd } from '../../../src/daemon/network/running-network.ts';
import { PeerJournal } from '../../../src/daemon/peers/peer-journal.ts';
import type { UpOptions } from '../../../src/daemon/setup/options.ts';
import { openJournal } from '../../../src/host/state/journal-file.ts';
import { StoreError, type LeaseStore } from '../../../src/store/store.ts';
import { until } from '../../support/until.ts';
import { Bench, changedStore, leaseValue, underlayLink } from '../bench.ts';
import { fileCheck, fileOverlay } from '../file-overlay.ts';
import { own } from './network-bench.ts';

/** A network with the lease 10.50.1.0/24, about to run, and what it calls back. */
class Scene {
  readonly bench: Bench;
  readonly network: RunningNetwork;
  readonly journal: PeerJournal;
  readonly store: LeaseStore;
  /** `up`, `ready`, `running`, `underlay MTU`, or `degraded: why`. */
  readonly calls: readonly string[];
  readonly #stopping = new AbortController();

  private constructor(
    bench: Bench,
    network: RunningNetwork,
    journal: PeerJournal,
    store: LeaseStore,
    calls: readonly string[],
  ) {
    this.bench = bench;
    this.network = network;
    this.journal = journal;
    this.store = store;
    this.calls = calls;
  }

  static async prepare(
    t: TestContext,
    {
      storeDoes = {},
      backend = fileOverlay,
      ...changes
    }: Partial<UpOptions> & { readonly storeDoes?: Partial<LeaseStore>; readonly backend?: object } = {},
  ): Promise<Scene> {
    const bench = new Bench(t);
    bench.recipe(backend);
    const options = bench.options(changes);
    const prepared = await bench.prepare(options);
    const record = await prepared.store.create('10.50.1.0-24', leaseValue(1), 3600);
    assert.ok(record !== 'taken');
    const store = changedStore(prepared.store, storeDoes);
    const preparation = { ...prepared, store };
    const file = await openJournal(join(bench.stateDirectory, 'journal'));
    const journal = await PeerJournal.open(file);
    const calls: string[] = [];
    const commands = bench.runner(preparation, options);
    const network = new RunningNetwork({
      options,
      preparation,
      leasedNetwork: {
        commands,
        record,
        subnets: own,
        hadEnded: false,
        isCreated: true,
        isDeviceUp: false,
      },
      journal,
      emit: bench.emit,
      owner: {
        networkUp: () => void calls.push('up'),
        networkReady: () => void calls.push('ready'),
        healthChanged: (because) =>
          void calls.push(because === undefined ? 'running' : `degraded: ${because}`),
        underlayChanged: ({ mtu }) => void calls.push(`underlay ${mtu}`),
      },
      inPlace: undefined,
    });
    const scene = new Scene(bench, network, journal, store, calls);
    t.after(async () => {
      scene.stop();
      await network.leave();
      await file.close();
    });
    return scene;
  }

  run(): Promise<NetworkEnd> {
    return this.network.run(this.#stopping.signal);
  }

  /** Runs until the network is ready. Returns how it ends. */
  async untilReady(): Promise<{ readonly end: Promise<NetworkEnd> }> {
    const end = this.run();
    end.catch(() => undefined);
    await this.untilCalled('ready');
    return { end };
  }

  async untilCalled(call: string | RegExp): Promise<void> {
    const fits = (made: string): boolean => (typeof call === 'string' ? made === call : call.test(made));
    await until(
      `the call ${String(call)}`,
      () => this.calls.some(fits),
      () => this.calls.join('\n'),
    );
  }

  stop(): void {
    this.#stopping.abort();
  }

  async keys(): Promise<readonly string[]> {
    return (await this.store.list()).records.map(({ key }) => key).toSorted();
  }
}

test('the device comes up first, then the peers, then the subnet file; only then is the network ready', async (t) => {
  const scene = await Scene.prepare(t);
  await scene.bench.lease(4);
  const { end } = await scene.untilReady();
  assert.deepEqual(scene.calls, ['up', 'ready', 'running']);
  assert.deepEqual(scene.bench.log, ['post-startup 10.50.1.0/24', 'add 10.50.4.0/24']);
  assert.ok(existsSync(scene.bench.subnetFile));
  assert.deepEqual(scene.network.brokenParts, []);
  assert.equal(scene.network.counts.inPlace, 1);
  scene.stop();
  assert.deepEqual(await end, { kind: 'stopped' });
});

test('a device that does not come up ends the network, and the start is undone with its lease', async (t) => {
  const scene = await Scene.prepare(t);
  scene.bench.put('post-startup.fails');
  const end = await scene.run();
  assert.ok(end.kind === 'failed');
  assert.match(end.error.message, /PostStartupCommand .* exited with status 3/);
  assert.deepEqual(scene.calls, []);
  await scene.network.undo();
  assert.deepEqual(scene.bench.log, ['post-startup 10.50.1.0/24', 'shutdown 10.50.1.0/24']);
  assert.deepEqual(await scene.keys(), []);
  assert.equal(await readDeployment(scene.bench.stateDirectory), undefined);
});

test('a lease that cannot be given back does not keep the rest of a start from being undone', async (t) => {
  const scene = await Scene.prepare(t, {
    storeDoes: { remove: () => Promise.reject(new StoreError('the store is away', { retryable: true })) },
  });
  scene.bench.put('post-startup.fails');
  await scene.run();
  await scene.network.undo();
  assert.equal(scene.bench.log.at(-1), 'shutdown 10.50.1.0/24');
  assert.deepEqual(scene.bench.warnings, [
    'not everything was undone: the lease 10.50.1.0-24 may still be in the store: the store is away',
  ]);
});

test('a stop while the device comes up ends the network early', async (t) => {
  const scene = await Scene.prepare(t);
  scene.bench.put('post-startup.hangs');
  const end = scene.run();
  await scene.bench.untilLogged('post-startup 10.50.1.0/24');
  scene.stop();
  assert.deepEqual(await end, { kind: 'stopped-early' });
  assert.deepEqual(scene.calls, []);
});

test('a stop while a peer is being added ends the network, and is not early', async (t) => {
  const scene = await Scene.prepare(t);
  scene.bench.put('add.hangs');
  await scene.bench.lease(4);
  const end = scene.run();
  await scene.bench.untilLogged('add 10.50.4.0/24');
  scene.stop();
  assert.deepEqual(await end, { kind: 'stopped' });
  assert.deepEqual(scene.calls, ['up']);
});

test('an interrupted network says so, and its lease goes on under other commands with the device up', async (t) => {
  const scene = await Scene.prepare(t);
  const { end } = await scene.untilReady();
  scene.network.interrupt();
  assert.deepEqual(await end, { kind: 'interrupted' });
  const { commands } = scene.network.leasedNetwork;
  const { record, ...next } = scene.network.leasedWith(commands);
  assert.equal(record.key, '10.50.1.0-24');
  assert.deepEqual(next, { commands, subnets: own, hadEnded: false, isCreated: false, isDeviceUp: true });
});

test('a stop of the daemon replaces an interruption that came just before', async (t) => {
  const scene = await Scene.prepare(t);
  const { end } = await scene.untilReady();
  scene.network.interrupt();
  scene.stop();
  assert.deepEqual(await end, { kind: 'stopped' });
});

test('a network that is told to stop before it runs does not bring up anything', async (t) => {
  const scene = await Scene.prepare(t);
  scene.stop();
  assert.deepEqual(await scene.run(), { kind: 'stopped-early' });
  assert.deepEqual(scene.bench.log, []);
});

test('a network ends when another node has its lease, and says which', async (t) => {
  const scene = await Scene.prepare(t);
  const { end } = await scene.untilReady();
  writeFileSync(join(scene.bench.storeDirectory, 'subnets', '10.50.1.0-24'), leaseValue(8));
  const ended = await end;
  assert.ok(ended.kind === 'lease-taken');
  assert.match(ended.because, /172\.30\.0\.8/);
});

test('a store that no waiting helps rejects the run', async (t) => {
  const refused = new StoreError('permission denied', { retryable: false });
  const scene = await Scene.prepare(t, { storeDoes: { list: () => Promise.reject(refused) } });
  await assert.rejects(scene.run(), refused);
  assert.deepEqual(scene.calls, ['up']);
});

test('a part that is broken keeps the network from being ready, by its name, until it can be made', async (t) => {
  const scene = await Scene.prepare(t, { checkIntervalSeconds: 0.05 });
  writeFileSync(dirname(scene.bench.subnetFile), 'a file where a directory belongs');
  void scene.run();
  await scene.untilCalled(/^degraded: subnet-file: /);
  assert.deepEqual(
    scene.network.brokenParts.map(({ part }) => part),
    ['subnet-file'],
  );
  rmSync(dirname(scene.bench.subnetFile));
  await scene.untilCalled('running');
  assert.deepEqual(
    scene.calls.filter((call) => !call.startsWith('degraded')),
    ['up', 'ready', 'running'],
  );
});

test('health is told when it changes: a failing peer, and its success', async (t) => {
  const scene = await Scene.prepare(t);
  await scene.untilReady();
  scene.bench.put('add.fails');
  await scene.bench.lease(4);
  await scene.untilCalled('degraded: 1 peer failing');
  scene.bench.drop('add.fails');
  await until('the recovery', () => scene.calls.at(-1) === 'running');
  assert.equal(scene.calls.length, 5, scene.calls.join('\n'));
});

test('an interface with another MTU is followed, and the deployment file says so', async (t) => {
  const scene = await Scene.prepare(t, { checkIntervalSeconds: 0.05 });
  await scene.untilReady();
  scene.bench.link = { ...underlayLink, mtu: 1400 };
  await scene.untilCalled('underlay 1400');
  const mtu = async (): Promise<number | undefined> =>
    (await readDeployment(scene.bench.stateDirectory))?.ifaceMtu;
  await until('the deployment file', async () => (await mtu()) === 1400);
});

test('MonitorCommand starts again when the interface changes, and the old one ends', async (t) => {
  const scene = await Scene.prepare(t, {
    checkIntervalSeconds: 0.05,
    backend: {
      ...fileOverlay,
      CheckCommand: fileCheck,
      MonitorCommand: [
        "trap 'echo monitor ended >> log; exit' TERM",
        'echo "monitor $IFACE_MTU" >> log',
        'while :; do sleep 0.01; done',
      ],
    },
  });
  await scene.untilReady();
  await scene.bench.untilLogged('monitor 1500');
  scene.bench.link = { ...underlayLink, mtu: 1400 };
  await scene.bench.untilLogged('monitor 1400');
  await scene.bench.untilLogged('monitor ended');
  await scene.network.leave();
  assert.equal(scene.bench.log.filter((line) => line === 'monitor ended').length, 2);
});

test('a network that is left stays as it was', async (t) => {
  const scene = await Scene.prepare(t);
  await scene.bench.lease(4);
  await scene.untilReady();
  const before = scene.bench.log;
  await scene.network.leave();
  assert.deepEqual(scene.bench.log, before);
  assert.deepEqual(
    scene.journal.peers.map(({ key }) => key),
    ['10.50.4.0-24'],
  );
  assert.ok(existsSync(scene.bench.subnetFile));
});

test('a network that is taken down goes in the opposite order, and its lease stays until it is released', async (t) => {
  const scene = await Scene.prepare(t);
  await scene.bench.lease(4);
  await scene.untilReady();
  assert.deepEqual(await scene.network.takeDown(), { removed: 1, failed: [], left: [], shutdown: 'done' });
  assert.deepEqual(scene.bench.log.slice(2), ['remove 10.50.4.0/24', 'shutdown 10.50.1.0/24']);
  assert.equal(existsSync(scene.bench.subnetFile), false);
  assert.deepEqual(await scene.keys(), ['10.50.1.0-24', '10.50.4.0-24']);
  await scene.network.releaseLease(scene.store);
  assert.deepEqual(await scene.keys(), ['10.50.4.0-24']);
  await scene.network.releaseLease(scene.store);
  assert.deepEqual(
    scene.bench.told('lease-released').map(({ subnet }) => subnet),
    ['10.50.1.0/24'],
    'what is gone already is not told again',
  );
});

test('peers are removed without the rest of the network', async (t) => {
  const scene = await Scene.prepare(t);
  await scene.bench.lease(4);
  await scene.untilReady();
  await scene.network.removePeers(new AbortController().signal);
  assert.deepEqual(scene.bench.log.slice(2), ['remove 10.50.4.0/24']);
  assert.ok(existsSync(scene.bench.subnetFile));
});

test('a network that is given up forgets the peers that it could not remove, and names them', async (t) => {
  const scene = await Scene.prepare(t);
  await scene.bench.lease(4);
  await scene.untilReady();
  scene.bench.put('remove.fails');
  await scene.network.giveUp(new AbortController().signal);
  assert.deepEqual(scene.journal.peers, []);
  assert.match(scene.bench.warnings.join('\n'), /kernel entries of the old recipe for 10\.50\.4\.0-24 may/);
});
