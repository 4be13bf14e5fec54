import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { RecipeChanges } from '../../../src/daemon/live/recipe-changes.ts';
import { planChange } from '../../../src/daemon/live/plan-change.ts';
import type { SavedChange } from '../../../src/daemon/live/live-recipe.ts';
import { readDeployment, writeDeployment } from '../../../src/daemon/network/deployment-file.ts';
import { deploymentOf } from '../../../src/daemon/network/deployment.ts';
import type { RunningNetwork } from '../../../src/daemon/network/running-network.ts';
import { factsOfPreparation } from '../../../src/daemon/setup/node-facts.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { loadRecipe } from '../../../src/recipe-files/load-recipe.ts';
import { until } from '../../support/until.ts';
import { Bench } from '../bench.ts';
import { fileCheck, fileOverlay } from '../file-overlay.ts';
import { own } from '../network/network-bench.ts';

/** The signal of a node that is not told to stop. */
const staying = new AbortController().signal;

/** A network that notes what is done with it, and does nothing. */
class FakeNetwork {
  readonly did: string[] = [];
  readonly adopted: string[] = [];
  readonly leasedNetwork;
  readonly loop = {
    pauseWithin: () => Promise.resolve(void this.did.push('pause')),
    engine: { subnetsInPlace: new Set(['10.50.4.0/24']) },
  };

  constructor(facts: ReturnType<typeof factsOfPreparation>) {
    const adopt = ({ timeout }: { timeout: number }): number => this.adopted.push(String(timeout));
    this.leasedNetwork = { subnets: own, record: { key: '10.50.1.0-24' }, commands: { facts, adopt } };
  }

  readonly interrupt = (): void => void this.did.push('interrupt');
  readonly leave = (): Promise<void> => Promise.resolve(void this.did.push('leave'));
  readonly removePeers = (): Promise<void> => Promise.resolve(void this.did.push('remove peers'));
  readonly giveUp = (): Promise<void> => Promise.resolve(void this.did.push('give up'));
  readonly releaseLease = (): Promise<void> => Promise.resolve(void this.did.push('release'));
  readonly leasedWith = (commands: unknown): unknown => ({
    ...this.leasedNetwork,
    commands,
    isDeviceUp: true,
  });
}

/** What runs, a network of it, and a way to save another recipe. */
class Scene {
  readonly bench: Bench;
  readonly changes: RecipeChanges;
  readonly fake: FakeNetwork;

  private constructor(bench: Bench, changes: RecipeChanges) {
    this.bench = bench;
    this.changes = changes;
    this.fake = new FakeNetwork(factsOfPreparation(changes.preparation, bench.options()));
  }

  static async start(t: TestContext): Promise<Scene> {
    const bench = new Bench(t);
    bench.recipe(fileOverlay);
    const options = bench.options();
    const preparation = await bench.prepare(options);
    const facts = factsOfPreparation(preparation, options);
    await writeDeployment(bench.stateDirectory, deploymentOf(preparation, options, facts, '10.50.1.0-24'));
    const scene = new Scene(bench, new RecipeChanges(options, preparation, bench.waits, bench.emit));
    t.after(() => scene.changes.shell.close());
    return scene;
  }

  get network(): RunningNetwork {
    return this.fake as unknown as RunningNetwork;
  }

  async save(backend: object, network?: string): Promise<SavedChange> {
    const path = this.bench.recipe({ ...fileOverlay, ...backend }, network === undefined ? {} : { network });
    const plan = await planChange(this.changes.preparation, await loadRecipe(path), this.bench.options());
    assert.ok(plan.kind === 'change');
    return { ...plan, findings: 'a warning', seenAt: performance.now() };
  }

  /** Asks for a change; `isDone` says whether another one may be made. */
  request(change: SavedChange, network: RunningNetwork | undefined = this.network) {
    const asked = { isDone: false };
    const work = this.changes.request(change, network).then(() => (asked.isDone = true));
    return { asked, work };
  }

  /** Asks for a change, and waits until the network is interrupted for it. */
  async interrupt(change: SavedChange): Promise<{ asked: { isDone: boolean }; work: Promise<unknown> }> {
    const request = this.request(change);
    await until('the interruption', () => this.fake.did.includes('interrupt'));
    return request;
  }

  get applied(): readonly string[] {
    return this.bench.told('recipe-applied').map(({ step }) => step);
  }
}

const swap = { CheckCommand: fileCheck };
const peers = { SubnetAddCommand: 'echo other add >> log' };
const node = { PostStartupCommand: 'echo other post-startup >> log' };

test('a swap keeps device, lease and peers, and is told once the network is ready', async (t) => {
  const scene = await Scene.start(t);
  const change = await scene.save(swap);
  assert.equal(change.step.kind, 'swap');
  const { asked, work } = await scene.interrupt(change);
  assert.equal(
    (await readDeployment(scene.bench.stateDirectory))?.change,
    undefined,
    'nothing is taken back',
  );
  const start = await scene.changes.make(scene.network, staying);
  assert.ok(start !== 'left');
  assert.deepEqual(scene.fake.did, ['interrupt', 'pause', 'leave']);
  assert.equal(start.leasedNetwork?.isDeviceUp, true);
  assert.deepEqual(start.inPlace, new Set(['10.50.4.0/24']));
  assert.ok(start.leasedNetwork.commands.has('CheckCommand'), 'with the commands that were saved');
  assert.equal(scene.changes.preparation, change.preparation);
  assert.equal(asked.isDone, false);

  scene.changes.started(scene.network);
  await work;
  assert.deepEqual(scene.applied, [], 'the network is not ready yet');
  scene.changes.announce();
  assert.deepEqual(scene.applied, ['swap']);
  const [told] = scene.bench.told('recipe-applied');
  assert.deepEqual([told?.because, told?.findings], ['CheckCommand is new', 'a warning']);
  scene.changes.announce();
  assert.deepEqual(scene.applied, ['swap'], 'told once');
});

test('a change of peers is noted before it begins, and removes the peers by the old commands', async (t) => {
  const scene = await Scene.start(t);
  await scene.interrupt(await scene.save(peers));
  assert.equal((await readDeployment(scene.bench.stateDirectory))?.change, 'peers');
  const start = await scene.changes.make(scene.network, staying);
  assert.ok(start !== 'left');
  assert.deepEqual(scene.fake.did, ['interrupt', 'pause', 'remove peers']);
  assert.equal(start.inPlace, undefined);
  assert.equal(start.leasedNetwork?.record.key, '10.50.1.0-24');
  const deployment = await readDeployment(scene.bench.stateDirectory);
  assert.equal(deployment?.change, undefined, 'the note goes with the change');
  assert.match(deployment?.recipe.text ?? '', /other add/);
});

test('a change of the node gives the network up, and asks for the same subnet', async (t) => {
  const scene = await Scene.start(t);
  await scene.interrupt(await scene.save(node));
  assert.equal((await readDeployment(scene.bench.stateDirectory))?.change, 'node');
  assert.deepEqual(await scene.changes.make(scene.network, staying), { hint: own });
  assert.deepEqual(scene.fake.did, ['interrupt', 'pause', 'give up']);
});

test('a change to another network gives the lease of the old one back', async (t) => {
  const scene = await Scene.start(t);
  const { store } = scene.changes.preparation;
  await store.writeNetwork('{"Network":"10.60.0.0/16","Backend":{"Type":"extension"}}');
  await scene.interrupt(await scene.save({}, '10.60.0.0/16'));
  await scene.changes.make(scene.network, staying);
  assert.deepEqual(scene.fake.did, ['interrupt', 'pause', 'give up', 'release']);
});

test('a saved recipe that does not come up is reverted to what ran before', async (t) => {
  const scene = await Scene.start(t);
  const before = scene.changes.preparation;
  const change = await scene.save(node);
  const { asked, work } = await scene.interrupt(change);
  await scene.changes.make(scene.network, staying);
  const failure = new Failure('command', 'it does not come up', { detail: '  no room' });
  assert.equal(await scene.changes.goBack(failure), true);
  assert.equal(scene.changes.preparation, before);
  const [told] = scene.bench.told('recipe-failed');
  assert.equal(told?.because, 'it does not come up');
  assert.match(told.detail, /no room/);
  assert.equal(asked.isDone, false);
  assert.equal(await scene.changes.goBack(failure), false, 'the old one has no fallback');
  scene.changes.started(scene.network);
  await work;
  scene.changes.announce();
  assert.deepEqual(scene.applied, []);
});

test('only a failure of a node’s change is a reason to go back', async (t) => {
  const scene = await Scene.start(t);
  const failure = new Failure('command', 'it does not come up');
  assert.equal(await scene.changes.goBack(failure), false, 'nothing was changed');
  await scene.interrupt(await scene.save(swap));
  await scene.changes.make(scene.network, staying);
  assert.equal(await scene.changes.goBack(failure), false, 'the device stays in a swap');

  const other = await Scene.start(t);
  await other.interrupt(await other.save(node));
  await other.changes.make(other.network, staying);
  assert.equal(await other.changes.goBack(new TypeError('a defect')), false);
});

test('a change that is asked for while the network comes up waits until it is up', async (t) => {
  const scene = await Scene.start(t);
  const { asked } = scene.request(await scene.save(swap), undefined);
  await until('the request', () => {
    scene.changes.started(scene.network);
    return scene.fake.did.includes('interrupt');
  });
  assert.equal(asked.isDone, false);
  await scene.changes.make(scene.network, staying);
});

test('a change that was made and one that was asked for before the network was ready are both told', async (t) => {
  const scene = await Scene.start(t);
  const first = await scene.interrupt(await scene.save(swap));
  await scene.changes.make(scene.network, staying);
  scene.changes.started(scene.network);
  await first.work;
  scene.fake.did.length = 0;
  await scene.interrupt(await scene.save({ ...swap, ...peers }));
  // The network with the first one becomes ready while it is about to be interrupted.
  scene.changes.announce();
  scene.changes.announce();
  assert.deepEqual(scene.applied, ['swap']);
  await scene.changes.make(scene.network, staying);
  scene.changes.started(scene.network);
  scene.changes.announce();
  assert.deepEqual(scene.applied, ['swap', 'peers']);
});

test('a text that changes nothing is made at once, and its lines are named from then on', async (t) => {
  const scene = await Scene.start(t);
  const change = await scene.save({ Timeout: 30 });
  assert.equal(change.step.kind, 'nothing');
  const { work } = scene.request(change);
  await work;
  assert.deepEqual(scene.fake.did, []);
  assert.deepEqual(scene.fake.adopted, ['30']);
  assert.equal(scene.changes.preparation, change.preparation);
  assert.deepEqual(scene.applied, ['nothing']);
  assert.equal(scene.bench.told('recipe-applied')[0]?.because, null);
});

test('a text that changes nothing after a change that is not told yet is told as that change', async (t) => {
  const scene = await Scene.start(t);
  const first = await scene.interrupt(await scene.save(swap));
  await scene.changes.make(scene.network, staying);
  scene.changes.started(scene.network);
  await first.work;
  const again = await scene.save({ ...swap, Timeout: 30 });
  assert.equal(again.step.kind, 'nothing');
  await scene.request(again).work;
  assert.deepEqual(scene.applied, []);
  scene.changes.announce();
  assert.deepEqual(scene.applied, ['swap']);
});

test('at the end whoever waits for a change goes on, however far it is', async (t) => {
  for (const make of [false, true]) {
    const scene = await Scene.start(t);
    const { work } = await scene.interrupt(await scene.save(node));
    if (make) await scene.changes.make(scene.network, staying);
    scene.changes.end();
    await work;
  }
  (await Scene.start(t)).changes.end();
});

test('another Concurrency has the commands run by another shell', async (t) => {
  const scene = await Scene.start(t);
  const { shell } = scene.changes;
  await scene.interrupt(await scene.save(swap));
  await scene.changes.make(scene.network, staying);
  assert.equal(scene.changes.shell, shell);
  scene.changes.started(scene.network);
  scene.fake.did.length = 0;
  await scene.interrupt(await scene.save({ ...swap, Concurrency: 3 }));
  await scene.changes.make(scene.network, staying);
  assert.notEqual(scene.changes.shell, shell);
});

test('a network that is interrupted for no change is a defect', async (t) => {
  const scene = await Scene.start(t);
  await assert.rejects(scene.changes.make(scene.network, staying), /interrupted without a change/);
});
