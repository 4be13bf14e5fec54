import assert from 'node:assert/strict';
import { rename, rm } from 'node:fs/promises';
import { test, type TestContext } from 'node:test';
import { readDeployment } from '../../../src/daemon/network/deployment-file.ts';
import { networkParts } from '../../../src/daemon/network/parts/parts.ts';
import { NoLeaseError, takeLease, type LeaseContext } from '../../../src/daemon/network/take-lease.ts';
import type { NodeState } from '../../../src/event/event.ts';
import { ContentSlot } from '../../../src/store/content-slot.ts';
import { cidr } from '../../lease/fixtures.ts';
import { Bench, changedStore, leaseValue } from '../bench.ts';

const hint = { ipv4: cidr('10.50.7.0/24'), ipv6: undefined };

/** A node about to take its lease: `states` are those that it went through, `stop` stops it. */
async function prepare(t: TestContext, changes: Partial<LeaseContext> = {}) {
  const bench = new Bench(t);
  bench.recipe();
  const options = bench.options();
  const preparation = await bench.prepare(options);
  const states: NodeState[] = [];
  const stopping = new AbortController();
  const context: LeaseContext = {
    preparation,
    options,
    commands: bench.runner(preparation),
    hint: undefined,
    earlier: undefined,
    isTakeover: false,
    mayUndo: () => true,
    isFirst: true,
    contentSlot: new ContentSlot(),
    enter: (state) => states.push(state),
    emit: bench.emit,
    signal: stopping.signal,
    ...changes,
  };
  const keys = async (): Promise<readonly string[]> =>
    (await preparation.store.list()).records.map(({ key }) => key);
  return { bench, context, states, keys, stop: () => stopping.abort() };
}

test('PreStartup comes before the lease, and its data stand in the lease', async (t) => {
  const { bench, context, states } = await prepare(t, { hint });
  const leasedNetwork = await takeLease(context);
  assert.deepEqual(states, ['pre-startup', 'leasing']);
  assert.deepEqual(bench.log, ['pre-startup']);
  assert.equal(leasedNetwork.record.key, '10.50.7.0-24');
  assert.equal(leasedNetwork.record.value, leaseValue(1, 'data-1'));
  assert.deepEqual(
    {
      isCreated: leasedNetwork.isCreated,
      hadEnded: leasedNetwork.hadEnded,
      isDeviceUp: leasedNetwork.isDeviceUp,
    },
    { isCreated: true, hadEnded: false, isDeviceUp: false },
  );
  assert.equal(bench.told('lease-acquired')[0]?.how, 'created');
});

test('the deployment file is there before PreStartup, and names the lease when there is one', async (t) => {
  const { bench, context } = await prepare(t, { hint });
  bench.put('pre-startup.hangs');
  const stopping = new AbortController();
  const taking = takeLease({ ...context, signal: stopping.signal });
  await bench.untilLogged('pre-startup');
  const early = await readDeployment(bench.stateDirectory);
  assert.equal(early?.leaseKey, null);
  assert.deepEqual(Object.keys(early.parts), ['device'], 'no other part was begun');
  stopping.abort();
  await assert.rejects(taking, NoLeaseError);

  bench.drop('pre-startup.hangs');
  await takeLease(context);
  const late = await readDeployment(bench.stateDirectory);
  assert.equal(late?.leaseKey, '10.50.7.0-24');
  assert.deepEqual(
    Object.keys(late.parts),
    networkParts.map(({ name }) => name),
  );
});

test('a lease of this node is taken again', async (t) => {
  const { bench, context } = await prepare(t);
  await bench.lease(9, 1);
  const leasedNetwork = await takeLease(context);
  assert.equal(leasedNetwork.record.key, '10.50.9.0-24');
  assert.equal(leasedNetwork.isCreated, false);
});

test('a lease that this node wrote with another address is its own, until another machine writes it', async (t) => {
  const { bench, context } = await prepare(t);
  await bench.lease(9, 22);
  const [record] = (await context.preparation.store.list()).records;
  assert.ok(record);
  const earlier = {
    key: record.key,
    revision: record.revision,
    writing: undefined,
    publicIp: '172.30.0.22',
    publicIpv6: undefined,
  };
  const leasedNetwork = await takeLease({ ...context, earlier });
  assert.deepEqual([leasedNetwork.record.key, leasedNetwork.isCreated], ['10.50.9.0-24', false]);
  assert.equal(leasedNetwork.record.value, leaseValue(1, 'data-1'));
  const told = { from: '172.30.0.22', to: '172.30.0.1', subnet: '10.50.9.0/24' };
  assert.deepEqual(bench.told('address-changed'), [{ event: 'address-changed', ...told }]);

  await context.preparation.store.replace(leasedNetwork.record, leaseValue(22), 3600);
  const other = await takeLease({ ...context, earlier });
  assert.notEqual(other.record.key, '10.50.9.0-24');
});

for (const key of ['10.50.9.0-25', '10.50.8.0-23', '10.60.9.0-24']) {
  test(`a reservation that does not fit stays, with a warning, and the node gets another subnet: ${key}`, async (t) => {
    const { bench, context, keys } = await prepare(t);
    await (await bench.openStore()).create(key, leaseValue(1), undefined);
    const { record } = await takeLease(context);
    assert.match(record.key, /^10\.50\.\d+\.0-24$/);
    assert.deepEqual([...(await keys())].sort(), [key, record.key].sort());
    assert.match(
      bench.told('warning')[0]?.message ?? '',
      new RegExp(
        `^this node's reservation ${key} does not fit the network configuration .*heddle leases release`,
      ),
    );
  });

  test(`a lease of this node that does not fit is removed, with a warning: ${key}`, async (t) => {
    const { bench, context, keys } = await prepare(t);
    await (await bench.openStore()).create(key, leaseValue(1), 3600);
    const { record } = await takeLease(context);
    assert.deepEqual(await keys(), [record.key]);
    assert.match(
      bench.told('warning')[0]?.message ?? '',
      new RegExp(`^removed this node's lease ${key}: it does`),
    );
  });
}

test('a network that is taken over and has no lease any more had its lease ended', async (t) => {
  const { context } = await prepare(t, { isTakeover: true, mayUndo: () => false, hint });
  const leasedNetwork = await takeLease(context);
  assert.equal(leasedNetwork.hadEnded, true);
});

test('a PreStartup that fails is undone', async (t) => {
  const { bench, context, keys } = await prepare(t);
  bench.put('pre-startup.fails');
  await assert.rejects(takeLease(context), /PreStartupCommand/);
  assert.deepEqual(bench.log, ['pre-startup', 'shutdown ']);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
  assert.deepEqual(await keys(), []);
});

test('a network that is taken over stays up when PreStartup fails', async (t) => {
  const { bench, context } = await prepare(t, { isTakeover: true, mayUndo: () => false });
  bench.put('pre-startup.fails');
  await assert.rejects(takeLease(context), /PreStartupCommand/);
  assert.deepEqual(bench.log, ['pre-startup']);
  assert.ok(await readDeployment(bench.stateDirectory));
});

test('a lease that was made is given back when the network document was changed meanwhile', async (t) => {
  const { bench, context, keys } = await prepare(t, { hint });
  await (await bench.openStore()).writeNetwork('{"Network":"10.60.0.0/16","Backend":{"Type":"extension"}}');
  await assert.rejects(takeLease(context), /changed while this node started/);
  assert.deepEqual(await keys(), []);
  assert.deepEqual(bench.log, ['pre-startup', 'shutdown 10.50.7.0/24']);
});

test('a document that was withdrawn meanwhile is written again', async (t) => {
  const { bench, context } = await prepare(t);
  const { text } = context.preparation.network.document;
  const store = await bench.openStore();
  await store.withdrawNetwork(text);
  await takeLease(context);
  assert.equal((await store.readNetwork())?.text, text);
});

test('a recipe that was saved later does not look after the document', async (t) => {
  const { bench, context } = await prepare(t, { isFirst: false });
  await (await bench.openStore()).writeNetwork('{"Network":"10.60.0.0/16","Backend":{"Type":"extension"}}');
  await takeLease(context);
});

test('a store that is away is waited for', async (t) => {
  const { bench, context } = await prepare(t);
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  const taking = takeLease(context);
  await bench.untilTold('store-outage');
  assert.ok(context.preparation.outages.current);
  await rename(`${bench.storeDirectory}.away`, bench.storeDirectory);
  await taking;
  assert.equal(context.preparation.outages.current, undefined);
});

test('a stop while the store is away ends the wait, and undoes what was begun', async (t) => {
  const { bench, context, stop } = await prepare(t);
  await rename(bench.storeDirectory, `${bench.storeDirectory}.away`);
  const taking = takeLease(context);
  await bench.untilTold('store-outage');
  stop();
  await assert.rejects(taking, NoLeaseError);
  assert.deepEqual(bench.log, ['pre-startup', 'shutdown ']);
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
});

test('a step that cannot be undone is told, and the others are undone all the same', async (t) => {
  const { bench, context } = await prepare(t, { hint });
  await (await bench.openStore()).writeNetwork('{"Network":"10.60.0.0/16","Backend":{"Type":"extension"}}');
  const remove = (): Promise<never> => Promise.reject(new Error('the disk is full'));
  const store = changedStore(context.preparation.store, { remove });
  const preparation = { ...context.preparation, store };
  await assert.rejects(takeLease({ ...context, preparation }), /changed while/);
  assert.deepEqual(bench.warnings, ['not everything was undone: the disk is full']);
  assert.equal(bench.log.at(-1), 'shutdown 10.50.7.0/24');
  assert.equal(await readDeployment(bench.stateDirectory), undefined);
});

test('a state directory that is gone is a Failure before anything is run', async (t) => {
  const { bench, context } = await prepare(t);
  await rm(bench.stateDirectory, { recursive: true });
  await assert.rejects(takeLease(context), /deployment\.json cannot be written/);
  assert.deepEqual(await context.preparation.store.list().then(({ records }) => records), []);
});
