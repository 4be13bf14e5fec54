import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { until } from '../../support/until.ts';
import type { Daemon } from '../harness/daemon.ts';
import { StoreDirectory } from '../harness/store-directory.ts';
import type { CloudCall, CloudRequest } from './cloud.ts';
import { CloudLab, type CloudNode, type CloudRecipe } from './cloud-lab.ts';

/** The messages of a recipe of a cloud for wrong input. */
export interface InputWords {
  /** The message where the metadata service does not answer. */
  readonly noMetadata: RegExp;
  /** The message where the instance has neither a role nor a key. */
  readonly noKey: RegExp;
  /** The message where the key lacks a permission. */
  readonly noPermission: RegExp;
}

/** An object without a list: `Response` is around the whole of Tencent Cloud's answers, and unknown to the others. */
const withoutList = '{"Response": {"RequestId": "none"}}';

/** Texts that come in place of a list: a proxy's page, nothing at all, a list that breaks off, and an object without one. */
const unreadable = [
  '<html><body>Bad gateway</body></html>',
  '',
  '{"RouteEntrys": {"RouteEntry": [{"Rou',
  withoutList,
] as const;

/** The recipes that ask for the instance of a dead node's route: in the others, the list itself says whether it is gone. */
const asksForInstances: readonly string[] = ['ali-vpc', 'tencent-vpc'];

const notFound = { status: 404, body: '' };

/** The source/destination check of an interface is not a route: a failed start of aws-vpc switches it back. */
const isRouteWrite = ({ name, writes }: CloudCall) => writes && /route/i.test(name);

/** Each wrong input ends the start with a message, before anything is changed. */
export async function testWrongInput(t: TestContext, recipe: CloudRecipe, words: InputWords): Promise<void> {
  const lab = await CloudLab.start(t, recipe, 1);
  const { cloud } = lab;
  const [node] = lab.nodes as [CloudNode];
  const store = new StoreDirectory(t);
  const refused = async (message: RegExp, given = store, leases = 0) => {
    const daemon = lab.up(node, given, [], {});
    const { exitCode, stderr } = await daemon.ended;
    assert.notEqual(exitCode, 0);
    assert.match(stderr, message);
    assert.deepEqual(
      cloud.calls.filter(({ writes }) => writes),
      [],
    );
    assert.equal(daemon.all('lease-acquired').length, leases);
    assert.deepEqual(given.subnets(), []);
  };
  const without = (part: RegExp) => (request: CloudRequest) =>
    part.test(request.path) ? notFound : undefined;

  const dual = new StoreDirectory(t);
  dual.putConfiguration({
    Network: '10.50.0.0/16',
    IPv6Network: '2001:cafe:42::/56',
    EnableIPv6: true,
    Backend: { Type: recipe.name },
  });
  await refused(new RegExp(`${recipe.name} makes routes for IPv4 only`), dual);
  lab.metadataFault = without(/^/);
  await refused(words.noMetadata);
  const isGoogle = recipe.name === 'gce';
  lab.metadataFault = isGoogle
    ? (request) => (request.path.includes('network-interfaces') ? { status: 200, body: '[]' } : undefined)
    : without(/\/macs\//);
  await refused(/the metadata service does not know eth0 as an interface of this instance: name another/);
  if (isGoogle) {
    lab.metadataFault = without(/instance\/name$/);
    await refused(/error: 404/);
  }
  lab.metadataFault = without(/security-credentials|service-accounts/);
  await refused(words.noKey);
  lab.metadataFault = () => undefined;
  cloud.faults.refuse(Infinity, cloud.denied);
  // Google is asked for its routes when the subnet is known, the others for their tables before.
  await refused(words.noPermission, store, isGoogle ? 1 : 0);
  // Who may read but not write is heard of when the route is made: the lease of this start goes again.
  cloud.faults.refuse(Infinity, cloud.denied, isRouteWrite);
  const { exitCode } = await lab.up(node, store).ended;
  assert.notEqual(exitCode, 0);
  assert.equal(cloud.calls.filter(isRouteWrite).length, 1);
  assert.deepEqual([store.subnets(), await cloud.routes()], [[], []]);
  assert.deepEqual(lab.shownSecrets(), []);
}

/** An answer that is not a list is never taken for an empty one: the command fails, and no route is made or deleted. */
export async function testUnreadable(t: TestContext, recipe: CloudRecipe): Promise<void> {
  const lab = await CloudLab.start(t, recipe, 2);
  const { cloud } = lab;
  const [node, dead] = lab.nodes as [CloudNode, CloudNode];
  const store = new StoreDirectory(t);
  const before = await cloud.dump();
  const routeWrites = () => cloud.calls.filter(isRouteWrite).length;

  lab.up(dead, store);
  await dead.daemon.until('ready');
  const subnet = await dead.subnet();
  // If it lived, it would list its routes when the lease of a failed start is removed, and get the wrong answer in place of the other node.
  await lab.kill(dead);
  const made = await cloud.dump();
  const lists = cloud.calls
    .slice(0, cloud.calls.findIndex(isRouteWrite))
    .filter(({ writes }) => !writes).length;
  const last = lists - 1;

  // Each list of a start, and the last one, which decides what is made, with each text.
  const cases = [
    ...Array.from({ length: lists }, (_, pass) => [pass, unreadable[0]] as const),
    ...unreadable.slice(1).map((text) => [last, text] as const),
  ];
  for (const [pass, text] of cases) {
    cloud.faults.garble(text, { calls: 1, pass });
    const { exitCode } = await lab.up(node, store).ended;
    assert.notEqual(exitCode, 0, `${text} in place of list ${pass}`);
    assert.deepEqual(await cloud.dump(), made);
    assert.equal(routeWrites(), 1, lab.callsSince(0).join(' '));
  }

  // The route of a dead node stays until the cloud answers.
  cloud.faults.end();
  lab.up(node, store);
  await node.daemon.until('ready');
  const [both, ready] = [await cloud.dump(), routeWrites()];
  await cloud.terminate(dead.machine);
  cloud.faults.garble(unreadable[2]);
  store.remove(subnet);
  await node.daemon.until('peer-failed');
  cloud.faults.garble(withoutList);
  await node.daemon.until('peer-failed');
  if (asksForInstances.includes(recipe.name)) {
    cloud.faults.garble(withoutList, { name: 'DescribeInstances' });
    await node.daemon.until('peer-failed');
  }
  assert.deepEqual(await cloud.dump(), both);
  assert.equal(routeWrites(), ready);
  cloud.faults.end();
  await node.daemon.until('peer-removed');
  const left = both.filter((line) => !line.includes(subnet));
  assert.deepEqual(await cloud.dump(), left);
  await testUnreadableForMany(node, { lab, store, recipe });
  assert.deepEqual(await cloud.dump(), left);

  // The own route stays if the end cannot ask for it, and is known at the next start.
  cloud.faults.garble(unreadable[1]);
  assert.notEqual((await node.daemon.stop()).exitCode, 0);
  assert.deepEqual(await cloud.dump(), left);
  cloud.faults.end();
  lab.up(node, store, ['--check-interval', '1']);
  await node.daemon.until('ready');
  cloud.faults.garble(unreadable[0]);
  await node.daemon.until('part-broken');
  await node.daemon.until('part-failed');
  assert.deepEqual(await cloud.dump(), left);
  cloud.faults.end();
  await node.daemon.until('part-restored');

  // After a rebuild that failed, too.
  cloud.faults.garble(withoutList);
  await node.daemon.until('part-broken');
  await node.daemon.until('part-failed');
  assert.notEqual((await node.daemon.stop()).exitCode, 0);
  assert.deepEqual(await cloud.dump(), left);
  assert.equal(routeWrites(), ready + 1, 'but for the route of the dead node, nothing was written');
  cloud.faults.end();
  lab.up(node, store);
  await node.daemon.until('ready');
  await node.daemon.stop();
  assert.deepEqual(await cloud.dump(), before);
  assert.deepEqual(lab.shownSecrets(), []);
}

/** So many peers that most of them wait while the first ones are removed one by one: those share a run of SubnetBatchCommand. */
const manyPeers = 16;

/** Where many peers go at once, their batch fails as a whole until the cloud answers. */
async function testUnreadableForMany(
  { daemon }: CloudNode,
  {
    lab,
    store,
    recipe,
  }: { readonly lab: CloudLab; readonly store: StoreDirectory; readonly recipe: CloudRecipe },
): Promise<void> {
  const [added, removed] = [countPeers(daemon, 'added'), countPeers(daemon, 'removed')];
  // The nodes of the lab have subnets up to 10.50.101.0.
  const subnets = Array.from({ length: manyPeers }, (_, index) => `10.50.${200 + index}.0/24`);
  for (const [index, subnet] of subnets.entries())
    store.put(subnet, `172.30.1.${100 + index}`, {
      BackendType: recipe.name,
      // Of aws-vpc alone: an interface that is gone. The others read none.
      BackendData: `eni-0${100 + index}`,
    });
  const explain = (): string => daemon.describe();
  await until('the many peers', () => countPeers(daemon, 'added') === added + manyPeers, explain);
  lab.cloud.faults.garble(withoutList);
  for (const subnet of subnets) store.remove(subnet);
  await daemon.until('batch-failed');
  lab.cloud.faults.end();
  await until(
    'the removal of the many peers',
    () => countPeers(daemon, 'removed') === removed + manyPeers,
    explain,
  );
}

/** The number of peers that a daemon has added or removed so far. */
function countPeers(daemon: Daemon, done: 'added' | 'removed'): number {
  const inBatches = daemon.all('batch-applied').map((event) => event[`${done}Count`]);
  return inBatches.reduce((sum, count) => sum + count, daemon.all(`peer-${done}`).length);
}
