import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';
import { until } from '../../support/until.ts';
import { StoreDirectory } from '../harness/store-directory.ts';
import type { CloudRoute } from './cloud.ts';
import { CloudLab, type CloudNode, type CloudRecipe } from './cloud-lab.ts';
import { servingOptions, shownByNode } from './shown-by-node.ts';
import { testUnreadable, testWrongInput, type InputWords } from './wrong-input.ts';

/** The messages of a recipe of a cloud, for the tests that every such recipe passes. */
interface CloudWords extends InputWords {
  /** The message for a route that belongs to another machine; it names that machine. */
  readonly foreign: RegExp;
  /** The message for a table without room. */
  readonly full: RegExp;
}

/** The subnet that a node's earlier lease names, so that a test knows it before the node starts. */
const knownSubnet = '10.50.7.0/24';

/** Another cluster's network, in the same table. */
const otherCluster = { Network: '10.60.0.0/16' };

/** The tests that the recipe of each cloud passes. */
export function testCloudRecipe(
  recipe: CloudRecipe,
  { skip, words }: { readonly skip: string | false; readonly words: CloudWords },
): void {
  describe(`recipes/${recipe.name}.json in a cloud`, { skip }, () => {
    test('three nodes have exactly the wanted routes through churn, SIGKILL and restarts', (t) =>
      testChurn(t, recipe));
    test('throttled calls are made again, and a full table is reported until it has room', (t) =>
      testLimits(t, recipe, words));
    test("a route of another machine stays, a dead machine's is replaced, and clusters share a table", (t) =>
      testOthers(t, recipe, words));
    test('a wrong input ends the start before anything is changed', (t) => testWrongInput(t, recipe, words));
    test('an answer that is not a list is not taken for an empty table', (t) => testUnreadable(t, recipe));
  });
}

async function testChurn(t: TestContext, recipe: CloudRecipe): Promise<void> {
  const lab = await CloudLab.start(t, recipe, 3);
  const store = new StoreDirectory(t);
  const { cloud, nodes } = lab;
  const [first, second, third] = nodes as [CloudNode, CloudNode, CloudNode];

  // Routes of others: of another cluster, and of an operator inside of this cluster's network.
  const other = await cloud.addMachine('172.30.1.99');
  await cloud.put('10.60.1.0/24', other);
  await cloud.put('10.50.200.0/24', other);
  store.put('10.50.200.0/24', '172.30.1.99', { BackendType: 'static' });
  const before = await cloud.dump();
  const others: readonly CloudRoute[] = await cloud.routes();

  for (const node of nodes) lab.up(node, store, node === third ? ['--check-interval', '3'] : []);
  for (const node of nodes) await node.daemon.until('ready');
  const wanted = async () => [...others, ...(await Promise.all(nodes.map(routeOf)))];
  await lab.untilRoutes('a route for each node', await wanted());
  await assertAllReach(lab);

  // Drift: a route that is gone comes back.
  await cloud.drop(await third.subnet());
  await lab.apply();
  await lab.untilRoutes('the route to come back', await wanted());

  // A node that is taken down takes its own route with it, and no other's.
  const all = await wanted();
  const gone = await routeOf(third);
  await third.daemon.stop();
  await lab.untilRoutes(
    'the route of the stopped node to be gone',
    all.filter(({ destination }) => destination !== gone.destination),
  );
  lab.up(third, store);
  await third.daemon.until('ready');
  await lab.untilRoutes('the route of the node that is back', await wanted());

  // SIGKILL and a restart that leaves the network: nothing is written, since every route is there.
  const writes = () => cloud.calls.filter((call) => call.writes).length;
  const written = writes();
  await lab.kill(first);
  lab.up(first, store, ['--on-exit', 'leave']);
  await first.daemon.until('ready');
  await first.daemon.stop();
  lab.up(first, store);
  await first.daemon.until('ready');
  assert.equal(writes(), written, lab.callsSince(0).join(' '));
  await lab.untilRoutes('the same routes', await wanted());

  // A machine that ends without a word: when its lease is gone, so is its route.
  const dead = await routeOf(third);
  await lab.kill(third);
  await cloud.terminate(third.machine);
  await lab.apply();
  store.remove(dead.destination);
  await lab.untilRoutes('the route of the dead machine to be gone', [
    ...others,
    await routeOf(first),
    await routeOf(second),
  ]);

  for (const node of [first, second]) await node.daemon.stop();
  assert.deepEqual(await cloud.dump(), before);
  assert.deepEqual(lab.shownSecrets(), []);
}

async function testLimits(t: TestContext, recipe: CloudRecipe, words: CloudWords): Promise<void> {
  const lab = await CloudLab.start(t, recipe, 1);
  const store = new StoreDirectory(t);
  const { cloud } = lab;
  const [node] = lab.nodes as [CloudNode];
  const before = await cloud.dump();

  cloud.faults.refuse(2, cloud.tooMany);
  lab.up(node, store, servingOptions);
  await node.daemon.until('ready');
  const shown = await shownByNode(node, { recipe: recipe.name, store, options: cloud.options });
  assert.match(shown, /"state":"running"/);
  assert.deepEqual(lab.secretsIn(shown), []);
  await lab.untilRoutes('the route in spite of throttled calls', [await routeOf(node)]);
  await node.daemon.stop();
  assert.deepEqual(await cloud.dump(), before);

  cloud.faults.limit = 0;
  assert.match((await lab.up(node, store).ended).stderr, words.full);
  assert.deepEqual(await cloud.dump(), before);
  cloud.faults.limit = 50;
  lab.up(node, store);
  await node.daemon.until('ready');
  await lab.untilRoutes('the route in the table that has room', [await routeOf(node)]);
  await node.daemon.stop();
  assert.deepEqual(await cloud.dump(), before);
  assert.deepEqual(lab.unseenPrograms(), []);
  assert.deepEqual(lab.shownSecrets(), []);
}

async function testOthers(t: TestContext, recipe: CloudRecipe, words: CloudWords): Promise<void> {
  const lab = await CloudLab.start(t, recipe, 2);
  const { cloud } = lab;
  const [node, second] = lab.nodes as [CloudNode, CloudNode];
  const store = new StoreDirectory(t);
  store.put(knownSubnet, node.host.publicIp, { BackendType: recipe.name });

  // A route of a living machine is not heddle's, whatever it leads to.
  const other = await cloud.addMachine('172.30.1.99');
  await cloud.put(knownSubnet, other);
  const before = await cloud.dump();
  assert.match((await lab.up(node, store).ended).stderr, words.foreign);
  assert.deepEqual(await cloud.dump(), before);
  await cloud.drop(knownSubnet);
  lab.up(node, store);
  await node.daemon.until('ready');
  await lab.untilRoutes('the own route, once the other is gone', [await routeOf(node)]);
  assert.equal((await routeOf(node)).destination, knownSubnet);

  // The machine is replaced by another with the same address and the same lease.
  await lab.kill(node);
  await cloud.terminate(node.machine);
  node.machine = await cloud.addMachine(node.host.publicIp, node.machine.mac);
  await node.host.sh('rm -rf /run/state/*');
  lab.up(node, store);
  await node.daemon.until('ready');
  await lab.untilRoutes('the route to the new machine', [await routeOf(node)]);

  // A second cluster has its own routes in the table. Neither touches the other's.
  const cluster = new StoreDirectory(t);
  cluster.putConfiguration({ ...otherCluster, Backend: { Type: recipe.name } });
  lab.up(second, cluster);
  await second.daemon.until('ready');
  const [one, two] = [await routeOf(node), await routeOf(second)];
  assert.match(two.destination, /^10\.60\./);
  await lab.untilRoutes('the routes of both clusters', [one, two]);
  await node.daemon.stop();
  await lab.untilRoutes("the other cluster's route", [two]);

  // Not even a route that leads nowhere is anybody's but its own cluster's.
  await lab.kill(second);
  await cloud.terminate(second.machine);
  const left = await cloud.dump();
  lab.up(node, store, ['--check-interval', '1']);
  await node.daemon.until('ready');
  const { length } = cloud.calls;
  await until(
    'another check',
    () => Promise.resolve(cloud.calls.length > length + 1),
    () => node.daemon.describe(),
  );
  await node.daemon.stop();
  assert.deepEqual(await cloud.dump(), left);
  second.machine = await cloud.addMachine(second.host.publicIp, second.machine.mac);
  lab.up(second, cluster);
  await second.daemon.until('ready');
  await second.daemon.stop();
  await lab.untilRoutes('an empty table', []);
  assert.deepEqual(lab.shownSecrets(), []);
}

/** The route that a node's lease asks for. */
async function routeOf(node: CloudNode): Promise<CloudRoute> {
  return { destination: await node.subnet(), via: node.host.publicIp };
}

async function assertAllReach(lab: CloudLab): Promise<void> {
  for (const from of lab.nodes) {
    for (const to of lab.nodes) {
      if (from === to) continue;
      assert.equal(await lab.reaches(from, to), true, `${from.host.publicIp} to ${to.host.publicIp}`);
    }
  }
}

/** Runs a daemon on the first node from its start to its end; returns the ids of the keys by which the cloud knew it. */
export async function keysUsed(
  lab: CloudLab,
  keys: Set<string>,
  options: readonly string[],
  environment: Readonly<Record<string, string>>,
  t: TestContext,
): Promise<readonly string[]> {
  const [node] = lab.nodes as [CloudNode];
  keys.clear();
  lab.up(node, new StoreDirectory(t), options, environment);
  await node.daemon.until('ready');
  await node.daemon.stop();
  assert.deepEqual(await lab.cloud.routes(), []);
  return [...keys];
}
