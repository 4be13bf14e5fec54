import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { planChange, type RecipePlan } from '../../../src/daemon/live/plan-change.ts';
import type { Preparation } from '../../../src/daemon/setup/prepare.ts';
import { loadRecipe } from '../../../src/recipe-files/load-recipe.ts';
import { StoreError } from '../../../src/store/store.ts';
import { Bench, changedStore } from '../bench.ts';
import { fileCheck, fileOverlay } from '../file-overlay.ts';
import { given } from '../../recipe/given-parameter.ts';

const parameters = { Parameters: { Port: { Type: 'integer', Default: 1 } } };

class Scene {
  readonly bench: Bench;
  preparation: Preparation;

  private constructor(bench: Bench, preparation: Preparation) {
    this.bench = bench;
    this.preparation = preparation;
  }

  static async start(t: TestContext): Promise<Scene> {
    const bench = new Bench(t);
    bench.recipe({ ...fileOverlay, ...parameters });
    return new Scene(bench, await bench.prepare());
  }

  async plan(backend: object, network?: string, options = this.bench.options()): Promise<RecipePlan> {
    const path = this.bench.recipe(
      { ...fileOverlay, ...parameters, ...backend },
      network === undefined ? {} : { network },
    );
    return planChange(this.preparation, await loadRecipe(path), options);
  }

  /** From now on the store cannot be reached. */
  loseStore(): void {
    const error = new StoreError('nobody listens', { retryable: true });
    const store = changedStore(this.preparation.store, { readNetwork: () => Promise.reject(error) });
    this.preparation = { ...this.preparation, store };
  }
}

for (const [kind, backend] of [
  ['nothing', {}],
  ['swap', { CheckCommand: fileCheck }],
  ['peers', { SubnetAddCommand: 'true' }],
  ['node', { PostStartupCommand: 'true' }],
] as const) {
  test(`a recipe that asks for the step ${kind} gets it`, async (t) => {
    const scene = await Scene.start(t);
    const plan = await scene.plan(backend);
    assert.ok(plan.kind === 'change');
    assert.equal(plan.step.kind, kind);
    assert.equal(plan.overruled, undefined);
    assert.notEqual(plan.preparation.loaded, scene.preparation.loaded);
  });
}

test('a network that the store decides stays, and a warning tells the author', async (t) => {
  const scene = await Scene.start(t);
  const plan = await scene.plan({}, '10.60.0.0/16');
  assert.ok(plan.kind === 'change');
  assert.equal(plan.step.kind, 'nothing');
  assert.match(
    plan.overruled ?? '',
    /^the network changed in the recipe, but the network configuration of the files in .* applies/,
  );
});

test('a document that was changed in the store is taken with the next save', async (t) => {
  const scene = await Scene.start(t);
  const document = '{"Network":"10.50.0.0/16","Backend":{"Type":"extension","Port":7}}';
  await scene.preparation.store.writeNetwork(document);
  const plan = await scene.plan({});
  assert.ok(plan.kind === 'change');
  assert.equal(plan.step.kind, 'node');
  assert.deepEqual(plan.preparation.network.parameterValues, { Port: 7 });
});

test('a parameter of the command line still counts', async (t) => {
  const scene = await Scene.start(t);
  const options = scene.bench.options({ parameters: [given('Port=9')] });
  const plan = await scene.plan({}, undefined, options);
  assert.ok(plan.kind === 'change');
  assert.deepEqual(plan.preparation.network.parameterValues, { Port: 9 });
});

test('a recipe of another type than the store’s network is refused with both named', async (t) => {
  const plan = await (await Scene.start(t)).plan({ Type: 'loom' });
  assert.ok(plan.kind === 'refused');
  assert.match(plan.because, /is of type "loom", but the network in .* is of type "extension"/);
});

test('while the store is away only what needs no lease is changed', async (t) => {
  const scene = await Scene.start(t);
  scene.loseStore();
  const swap = await scene.plan({ SubnetAddCommand: 'true' });
  assert.ok(swap.kind === 'change');
  assert.equal(swap.step.kind, 'peers');
  const node = await scene.plan({ PostStartupCommand: 'true' });
  assert.ok(node.kind === 'refused');
  assert.match(node.because, /cannot be reached \(save it again when it is back\)$/);
});

test('a defect of the store is not a refusal', async (t) => {
  const scene = await Scene.start(t);
  const readNetwork = (): Promise<never> => Promise.reject(new TypeError('a defect'));
  const store = changedStore(scene.preparation.store, { readNetwork });
  scene.preparation = { ...scene.preparation, store };
  await assert.rejects(scene.plan({}), TypeError);
});
