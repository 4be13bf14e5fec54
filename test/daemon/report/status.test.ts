import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeStatus, type NodeFacets } from '../../../src/daemon/report/status.ts';
import { readVersion } from '../../../src/host/version.ts';
import { StoreError } from '../../../src/store/store.ts';
import { given } from '../../recipe/given-parameter.ts';
import { Bench } from '../bench.ts';
import { Life } from '../life.ts';

function facetsOf(bench: Bench, changes: Partial<NodeFacets> = {}): NodeFacets {
  return {
    state: 'starting',
    because: undefined,
    startedAt: new Date(0),
    options: bench.options(),
    waitingFor: undefined,
    startOutage: undefined,
    preparation: undefined,
    running: undefined,
    ...changes,
  };
}

test('a node that knows nothing yet says so with null, not with nothing', (t) => {
  const status = describeStatus(facetsOf(new Bench(t), { waitingFor: 'the store' }));
  assert.deepEqual(status, {
    state: 'starting',
    because: null,
    version: readVersion(),
    pid: process.pid,
    node: 'node1',
    startedAt: '1970-01-01T00:00:00.000Z',
    waitingFor: 'the store',
    recipe: null,
    parameters: null,
    network: null,
    store: null,
    iface: null,
    storeOutage: null,
    lease: null,
    mtu: null,
    parts: [],
    counts: { wanted: 0, inPlace: 0, pending: 0, failing: 0, ignored: 0, rejected: 0, unreachable: 0 },
    peers: [],
    rejections: [],
    concerns: [],
    sharedAddresses: [],
    lastDrift: null,
    liberties: [],
    probe: null,
  });
});

test('an outage on the way up is shown, and that of the preparation goes before', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  const startOutage = { since: 0, because: 'no answer', hint: 'start it', nextTryAt: 2000 };
  assert.deepEqual(describeStatus(facetsOf(bench, { startOutage })).storeOutage, {
    since: '1970-01-01T00:00:00.000Z',
    because: 'no answer',
    hint: 'start it',
    nextTryAt: '1970-01-01T00:00:02.000Z',
  });
  const preparation = await bench.prepare();
  preparation.outages.failed(new StoreError('nobody listens', { retryable: true }), 1000);
  const status = describeStatus(facetsOf(bench, { preparation, startOutage }));
  assert.equal(status.storeOutage?.because, 'nobody listens');
  assert.equal(status.recipe?.name, 'overlay');
  assert.equal(status.store, preparation.store.description);
});

test('a running network shows its lease, its peers, and the leases that it cannot use', async (t) => {
  const bench = new Bench(t);
  bench.recipe();
  await bench.lease(4);
  await bench.lease(5, 4);
  await bench.lease(6, 6, 'a blank');
  const life = await Life.begin(t, bench);
  await bench.untilTold('ready');
  const running = life.life.network;
  const { preparation } = life.life;
  const status = describeStatus(facetsOf(bench, { state: 'running', preparation, running }));
  assert.deepEqual(status.counts, {
    wanted: 2,
    inPlace: 2,
    pending: 0,
    failing: 0,
    ignored: 0,
    rejected: 1,
    unreachable: 0,
  });
  assert.deepEqual(
    status.peers.map(({ key, state }) => `${key} ${state}`),
    ['10.50.4.0-24 in-place', '10.50.5.0-24 in-place'],
  );
  assert.equal(status.lease?.subnet, bench.told('lease-acquired')[0]?.subnet);
  assert.equal(status.lease?.publicIp, '172.30.0.1');
  assert.ok(Date.parse(status.lease.expiresAt ?? '') > Date.now());
  assert.equal(status.mtu, 1450);
  const parts = status.parts.map(({ name, state, settings }) => `${name} ${state}: ${settings}`);
  for (const part of [
    'device whole: on weft0, overlay MTU 1450',
    'traffic-rules whole: none',
    'blackhole-route whole: none',
    'peers whole: 2 of 2 in place; heddle does not see entries that others remove: add a CheckCommand to the recipe',
    `subnet-file whole: ${bench.subnetFile}`,
  ])
    assert.ok(parts.includes(part), `${part} is not in ${parts.join('; ')}`);
  assert.deepEqual(
    status.rejections.map(({ key }) => key),
    ['10.50.6.0-24'],
  );
  assert.deepEqual(status.sharedAddresses, [
    { address: '172.30.0.4', keys: ['10.50.4.0-24', '10.50.5.0-24'] },
  ]);
});

test('the parameters in force are shown, without secrets', async (t) => {
  const bench = new Bench(t);
  bench.recipe({
    Type: 'extension',
    Overhead: 50,
    Parameters: {
      VNI: { Type: 'integer', Default: 1 },
      DirectRouting: { Type: 'boolean', Default: false },
      PSK: { Type: 'string', Default: 'sesame', Secret: true },
      Pin: { Type: 'integer', Default: 4711, Secret: true },
      Empty: { Type: 'string', Default: '', Secret: true },
    },
  });
  const options = bench.options({ parameters: [given('VNI=7')] });
  const { parameters } = describeStatus(facetsOf(bench, { preparation: await bench.prepare(options) }));
  assert.deepEqual(parameters, { VNI: '7', DirectRouting: 'false', PSK: '***', Pin: '***', Empty: '' });
});
