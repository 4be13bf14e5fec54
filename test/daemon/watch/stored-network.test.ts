import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { StoredNetworkWatch } from '../../../src/daemon/watch/stored-network.ts';
import { Concerns, type StandingConcern } from '../../../src/event/concerns.ts';
import { given } from '../../recipe/given-parameter.ts';
import type { UpOptions } from '../../../src/daemon/setup/options.ts';
import { StoreError, type LeaseStore } from '../../../src/store/store.ts';
import { Bench, changedStore } from '../bench.ts';
import { fileOverlay } from '../file-overlay.ts';
import { Life } from '../life.ts';
import { cidr } from '../../lease/fixtures.ts';

const overlay = {
  ...fileOverlay,
  Parameters: {
    VNI: { Type: 'integer', Default: 1 },
    Port: { Type: 'integer', Default: 8472 },
    PSK: { Type: 'string', Default: '', Secret: true },
  },
};

/** Watches the store of a bench, of which the node has 10.50.1.0/24. `say` writes a document and returns what is told then. */
async function watch(t: TestContext, changes: Partial<UpOptions> = {}, store?: Partial<LeaseStore>) {
  const bench = new Bench(t);
  bench.recipe(overlay);
  const options = bench.options(changes);
  const preparation = await bench.prepare(options);
  const concerns = new Concerns(bench.emit, () => undefined, Date.now);
  const stopping = new AbortController();
  const watching = new StoredNetworkWatch({
    preparation: { ...preparation, store: changedStore(preparation.store, store ?? {}) },
    options,
    own: { ipv4: cidr('10.50.1.0/24'), ipv6: undefined },
    concerns,
    signal: stopping.signal,
  });
  const look = async (): Promise<StandingConcern | undefined> => {
    await watching.look();
    return concerns.all[0];
  };
  const say = async (network: object, backend: object = {}): Promise<StandingConcern | undefined> => {
    const document = { Network: '10.50.0.0/16', ...network, Backend: { Type: 'extension', ...backend } };
    await preparation.store.writeNetwork(JSON.stringify(document));
    return look();
  };
  return { bench, look, say, stopping };
}

/** The keys that a concern names, with both values. */
function differences(concern: StandingConcern | undefined): string | undefined {
  return concern?.because.replace(/^.* is not the one that this node runs: /, '');
}

test('a document with the same meaning in other words is not a concern', async (t) => {
  const { look, say, bench } = await watch(t);
  assert.equal(await look(), undefined);
  assert.equal(await say({ SubnetLen: 24, EnableIPv4: true }, { VNI: 1 }), undefined);
  assert.deepEqual(bench.events, []);
});

test('each key that differs is named with both values, until the document says again what runs', async (t) => {
  const { say, bench } = await watch(t);
  const changed = await say({}, { VNI: 6, Port: 4789 });
  assert.equal(changed?.kind, 'network-changed');
  assert.equal(differences(changed), 'VNI is 6 there and 1 here, Port is 4789 there and 8472 here');
  assert.match(
    changed.hint,
    /^restart heddle on every node, or put the earlier configuration back with heddle network set --store-dir \S+ FILE;/,
  );
  assert.equal(
    differences(await say({ SubnetMin: '10.50.8.0' })),
    'SubnetMin is 10.50.8.0 there and 10.50.1.0 here',
  );
  assert.equal(await say({}), undefined);
  assert.equal(bench.told('concern-ended').length, 1);
});

test('a network that the lease does not fit means another subnet, which is said', async (t) => {
  const { say } = await watch(t);
  for (const [network, named] of [
    [{ Network: '10.60.0.0/16' }, 'Network is 10.60.0.0/16 there and 10.50.0.0/16 here'],
    [{ SubnetLen: 26 }, 'SubnetLen is 26 there and 24 here'],
    [
      { EnableIPv6: true, IPv6Network: '2001:db8:42::/56' },
      'IPv6Network is 2001:db8:42::/56 there and none here',
    ],
  ] as const) {
    const concern = await say(network);
    assert.equal(differences(concern), named);
    assert.match(
      concern?.hint ?? '',
      /the lease 10\.50\.1\.0\/24 does not fit, so this node then gets another subnet/,
    );
  }
});

test('a network that overlaps this host is told before a start is refused', async (t) => {
  const overlap = { network: '172.30.0.0/16', what: 'the route 172.30.0.0/24 on weft0' };
  const { bench, say } = await watch(t);
  bench.overlap = overlap;
  const concern = await say({ Network: '172.30.0.0/16' });
  assert.match(
    concern?.because ?? '',
    /the overlay network 172\.30\.0\.0\/16 overlaps the route 172\.30\.0\.0\/24 on weft0$/,
  );
  const insisting = await watch(t, { allowOverlap: true });
  insisting.bench.overlap = overlap;
  assert.doesNotMatch((await insisting.say({ Network: '172.30.0.0/16' }))?.because ?? '', /overlaps/);
});

test('another type needs another recipe where --recipe names one', async (t) => {
  const { say } = await watch(t);
  const concern = await say({}, { Type: 'vxlan', VNI: 6 });
  assert.equal(differences(concern), 'Type is vxlan there and extension here');
  assert.match(
    concern?.hint ?? '',
    /^restart heddle on every node with a recipe of type "vxlan" for --recipe/,
  );
});

test('a parameter that --param settles does not change, and a secret is not shown', async (t) => {
  const { say, bench } = await watch(t, { parameters: ['VNI=1', 'PSK=sesame'].map(given) });
  assert.equal(await say({}, { VNI: 6, PSK: 'open' }), undefined);
  const other = await watch(t);
  assert.equal(
    differences(await other.say({}, { PSK: 'open' })),
    'PSK is another one there and a secret here',
  );
  assert.doesNotMatch(JSON.stringify([...bench.events, ...other.bench.events]), /sesame|open/);
});

test('a document that became unusable, or is gone, is a concern that says so', async (t) => {
  const { say, look, bench } = await watch(t);
  assert.match(
    (await say({ Network: '10.50.0.0/33' }))?.because ?? '',
    /was changed, and this node cannot use it: /,
  );
  assert.match((await say({}, { VNI: 'six' }))?.because ?? '', /cannot use it: parameter `VNI` /);
  const store = await bench.openStore();
  const { text = '' } = (await store.readNetwork()) ?? {};
  await store.withdrawNetwork(text);
  assert.match((await look())?.because ?? '', /^the network configuration is gone from the files in /);
});

test('a store that does not answer changes nothing, and nothing is told after the end', async (t) => {
  const outage = new StoreError('it is away', { retryable: true });
  const away = await watch(t, {}, { readNetwork: () => Promise.reject(outage) });
  assert.equal(await away.look(), undefined);
  const { stopping, say } = await watch(t);
  stopping.abort();
  assert.equal(await say({}, { VNI: 6 }), undefined);
});

test('a running node looks on its interval', async (t) => {
  const bench = new Bench(t);
  bench.recipe(overlay);
  const life = await Life.begin(t, bench, { checkIntervalSeconds: 0.05 });
  await bench.untilTold('ready');
  const store = await bench.openStore();
  const { text = '' } = (await store.readNetwork()) ?? {};
  await store.writeNetwork(text.replace('/16', '/17'));
  await life.untilIn('degraded');
  assert.match(life.states.at(-1) ?? '', /Network is 10\.50\.0\.0\/17 there and 10\.50\.0\.0\/16 here/);
  await store.writeNetwork(text);
  await life.untilIn('running');
});
