import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import type { UpOptions } from '../../../src/daemon/setup/options.ts';
import { mayBringNetwork, prepareNode, type Preparation } from '../../../src/daemon/setup/prepare.ts';
import { StartWait } from '../../../src/daemon/setup/start-wait.ts';
import { loadRecipe } from '../../../src/recipe-files/load-recipe.ts';
import { formatCidr } from '../../../src/network/cidr.ts';
import { Bench } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';
import { InterfaceLookUp } from '../../../src/host/interface/interface.ts';
import { realInterface, withoutInterface } from '../interface.ts';
import { given } from '../../recipe/given-parameter.ts';

async function prepare(t: TestContext, bench: Bench, changes: Partial<UpOptions> = {}): Promise<Preparation> {
  const options = bench.options(changes);
  const recipe = options.recipe === undefined ? undefined : await loadRecipe(options.recipe);
  const wishes = { ...options.interface, iface: [realInterface ?? ''] };
  const preparation = await prepareNode(
    { ...options, interface: wishes },
    {
      recipe,
      stateDirectory: '/real/state',
      interfaces: new InterfaceLookUp(wishes, bench.stateDirectory),
      cniTemplate: undefined,
    },
    new StartWait(bench.emit),
    { stopping: new AbortController().signal, lastWriteMs: () => 1000 },
  );
  t.after(() => preparation.store.close());
  return preparation;
}

test(
  'a files store without a document gets that of the recipe, later',
  { skip: withoutInterface },
  async (t) => {
    const bench = new Bench(t);
    bench.recipe({ ...fileOverlay, Parameters: { Port: { Type: 'integer', Default: 1 } } });
    const { network, underlay, stateDirectory, loaded } = await prepare(t, bench, {
      parameters: [given('Port=7')],
    });
    assert.equal(network.isInStore, false);
    assert.deepEqual(network.parameterValues, { Port: 7 });
    assert.equal(underlay.name, realInterface);
    assert.equal(stateDirectory, '/real/state');
    assert.equal(loaded.recipe.name, 'overlay');
    assert.equal(await (await bench.openStore()).readNetwork(), undefined, 'nothing is written yet');
  },
);

test('the document of the store decides', { skip: withoutInterface }, async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const document = '{"Network":"10.60.0.0/16","Backend":{"Type":"extension"}}';
  await (await bench.openStore()).writeNetwork(document);
  const { network } = await prepare(t, bench);
  assert.equal(network.isInStore, true);
  assert.ok(network.configuration.ipv4);
  assert.equal(formatCidr(network.configuration.ipv4.network), '10.60.0.0/16');
});

test('without a recipe the document of the store names it', { skip: withoutInterface }, async (t) => {
  const bench = new Bench(t);
  const document = '{"Network":"10.60.0.0/16","Backend":{"Type":"host-gw"}}';
  await (await bench.openStore()).writeNetwork(document);
  const { loaded } = await prepare(t, bench, { recipe: undefined });
  assert.equal(loaded.recipe.name, 'host-gw');
});

test('a document of another type is refused with both named', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const document = '{"Network":"10.60.0.0/16","Backend":{"Type":"vxlan"}}';
  await (await bench.openStore()).writeNetwork(document);
  await assert.rejects(prepare(t, bench), /is of type "extension", but the network in .* is of type "vxlan"/);
});

test('a program that the recipe of the store needs is looked for', async (t) => {
  const bench = new Bench(t);
  const backend = { Type: 'extension', SubnetAddCommand: 'no-such-loom' };
  const document = JSON.stringify({ Network: '10.60.0.0/16', Backend: backend });
  await (await bench.openStore()).writeNetwork(document);
  const work = prepare(t, bench, { recipe: undefined, trustStoreCommands: true });
  await assert.rejects(work, /no-such-loom is not on PATH/);
});

test('only a node with a recipe brings a document, and only into a store of files', () => {
  const files = { kind: 'files', directory: '/srv' };
  assert.equal(mayBringNetwork({ store: files, recipe: 'vxlan' }), true);
  assert.equal(mayBringNetwork({ store: files, recipe: undefined }), false);
  assert.equal(mayBringNetwork({ store: { kind: 'etcd' }, recipe: 'vxlan' }), false);
});
