import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { test, type TestContext } from 'node:test';
import { openFilesStore } from '../../src/store/files/store.ts';
import { LimitedStore } from '../../src/store/limited-store.ts';
import { StoreError, type LeaseStore, type ListPart } from '../../src/store/store.ts';
import { until } from '../support/until.ts';
import { Bench, changedStore } from './bench.ts';
import { Life } from './life.ts';

/** A node whose store hands over its list as two peers, two more peers, and the node's own lease. */
class Scene {
  readonly bench: Bench;
  readonly life: Life;
  readonly #goOn: () => void;

  private constructor(bench: Bench, life: Life, goOn: () => void) {
    this.bench = bench;
    this.life = life;
    this.#goOn = goOn;
  }

  /**
   * @param changed a change of the store's lists. By default, the second page of each list waits for `goOn`.
   * @param limits the signal of a process that ends, for a store that is given up then
   */
  static async begin(
    t: TestContext,
    isKnown: boolean,
    changed?: (parts: AsyncIterable<ListPart>) => AsyncIterable<ListPart>,
    limits = new AbortController().signal,
  ): Promise<Scene> {
    const bench = new Bench(t);
    bench.recipe();
    let goOn = (): void => undefined;
    const held = new Promise<void>((resolve) => (goOn = resolve));
    const store = await openFilesStore(bench.storeDirectory, { pageSize: 2 });
    t.after(() => store.close());
    for (const subnet of [4, 5, 6, 7]) await bench.lease(subnet);
    await bench.lease(99, 1);
    if (isKnown) {
      mkdirSync(dirname(bench.subnetFile));
      writeFileSync(
        bench.subnetFile,
        'FLANNEL_NETWORK=10.50.0.0/16\nFLANNEL_SUBNET=10.50.99.1/24\nFLANNEL_MTU=1450\n',
      );
    }
    const changes: Partial<LeaseStore> = {
      list: () => Promise.reject(new Error('the leases were listed without pages')),
      listPages: () => (changed ?? holdSecondPage(held))(store.listPages()),
    };
    const limited = new LimitedStore(changedStore(store, changes), {
      stopping: limits,
      lastWriteMs: () => 500,
    });
    const life = await Life.begin(t, bench, {}, undefined, (preparation) => ({
      ...preparation,
      store: limited,
    }));
    t.after(() => {
      goOn();
    });
    return new Scene(bench, life, goOn);
  }

  /** Lets the second page come. */
  goOn(): void {
    this.#goOn();
  }

  /** The subnets of the peers that were added, in order. */
  get added(): readonly string[] {
    return this.bench.log.flatMap((line) => /^add (.*)/.exec(line)?.[1] ?? []).sort();
  }
}

function holdSecondPage(held: Promise<void>): (parts: AsyncIterable<ListPart>) => AsyncIterable<ListPart> {
  return async function* (parts) {
    let pages = 0;
    for await (const part of parts) {
      if (part.kind === 'page') pages += 1;
      if (part.kind === 'page' && pages === 2) await held;
      yield part;
    }
  };
}

const all = [4, 5, 6, 7].map((subnet) => `10.50.${subnet}.0/24`);

test('a node that knows its subnet applies the first page before the second one has come', async (t) => {
  const scene = await Scene.begin(t, true);
  await until('the peers of the first page', () => scene.added.length === 2);
  assert.deepEqual(scene.added, all.slice(0, 2));
  assert.equal(scene.bench.told('lease-acquired')[0]?.how, 'reused');
  assert.deepEqual([scene.bench.told('snapshot'), scene.bench.told('ready')], [[], []]);
  scene.goOn();
  await scene.bench.untilTold('ready');
  assert.deepEqual(scene.added, all);
  assert.equal(scene.bench.told('snapshot')[0]?.peers, 4);
});

test('a node that must find its subnet first then applies the first page of another list before the second one', async (t) => {
  let lists = 0;
  const logs: (readonly string[])[] = [];
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  t.after(() => {
    goOn();
  });
  const scene = await Scene.begin(t, false, async function* (parts) {
    lists += 1;
    const isFirst = lists === 1;
    for await (const part of isFirst ? parts : holdSecondPage(held)(parts)) {
      yield part;
      if (isFirst && part.kind === 'page') logs.push(scene.bench.log);
    }
  });
  await until('the peers of the first page', () => scene.added.length === 2);
  assert.deepEqual(scene.added, all.slice(0, 2));
  assert.deepEqual(logs, [[], [], [], []], 'nothing runs before the subnet is known');
  assert.equal(scene.bench.told('lease-acquired')[0]?.subnet, '10.50.99.0/24');
  assert.deepEqual([scene.bench.told('snapshot'), scene.bench.told('ready')], [[], []]);
  goOn();
  await scene.bench.untilTold('ready');
  assert.equal(lists, 2);
  assert.deepEqual(scene.added, all);
});

test('a node that is stopped between two pages takes down what the first one brought', async (t) => {
  const ending = new AbortController();
  const scene = await Scene.begin(t, true, undefined, ending.signal);
  await until('the peers of the first page', () => scene.added.length === 2);
  ending.abort();
  const taken = await scene.life.stop();
  assert.equal(taken.removed, 2);
  assert.deepEqual(scene.bench.log.slice(-1), ['shutdown 10.50.99.0/24']);
  assert.deepEqual(scene.added, all.slice(0, 2));
});

for (const isKnown of [true, false]) {
  test(`a list that fails in its middle is read again from its beginning, ${isKnown ? 'with' : 'without'} a known subnet`, async (t) => {
    let lists = 0;
    const scene = await Scene.begin(t, isKnown, async function* (parts) {
      lists += 1;
      for await (const part of parts) {
        yield part;
        if (lists === 1 && part.kind === 'page')
          throw new StoreError('the store went away', { retryable: true });
      }
    });
    await scene.bench.untilTold('ready');
    assert.equal(lists, isKnown ? 2 : 3);
    assert.deepEqual(scene.added, all);
    assert.equal(scene.bench.told('snapshot').length, 1);
  });
}

test('a peer of an earlier run that is in no page stays until the list is whole', async (t) => {
  const scene = await Scene.begin(t, true);
  scene.goOn();
  await scene.bench.untilTold('ready');
  await scene.life.stop({ onExit: 'leave' });
  const store = await scene.bench.openStore();
  const gone = await store.readLease('10.50.4.0-24');
  assert.ok(gone);
  await store.remove(gone);
  await scene.bench.lease(3);
  let goOn = (): void => undefined;
  const held = new Promise<void>((resolve) => (goOn = resolve));
  const paged = await openFilesStore(scene.bench.storeDirectory, { pageSize: 2 });
  t.after(() => paged.close());
  await Life.begin(t, scene.bench, {}, undefined, (preparation) => ({
    ...preparation,
    store: changedStore(paged, { listPages: () => holdSecondPage(held)(paged.listPages()) }),
  }));
  await scene.bench.untilLogged('add 10.50.3.0/24');
  assert.ok(!scene.bench.log.includes('remove 10.50.4.0/24'));
  assert.equal(scene.bench.read('peer-10.50.4.0'), 'data-4\n');
  goOn();
  await scene.bench.untilLogged('remove 10.50.4.0/24');
});
