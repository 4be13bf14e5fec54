import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Command } from 'commander';
import { addStoreOptions, chooseStore } from '../../../src/cli/arguments/store-options.ts';
import { storeOptions, type LabStore } from '../../../src/lab/plan/lab-store.ts';
import { builtInTopology } from '../../../src/lab/plan/underlay/built-in.ts';
import { planTopology } from '../../../src/lab/plan/underlay/plan-topology.ts';
import { planLabStore, type StoreHosting, type StorePlace } from '../../../src/lab/store/hosting.ts';
import { hostingOf, storeHostings } from '../../../src/lab/store/hostings.ts';
import { storeKinds } from '../../../src/store/kinds.ts';
import { kindsWithLoom, token } from '../../cli/store/toy-kind.ts';

const topology = planTopology({
  underlay: 'switched',
  model: builtInTopology('switched', 1),
  networks: [],
  storeHost: 'etcd',
});
assert.ok(!('problem' in topology));
const place: StorePlace = { host: topology.storeHost, tls: false };

const files = planLabStore(hostingOf('files'), { host: undefined, tls: false });
const etcd = planLabStore(hostingOf('etcd'), place);
const kubernetes = planLabStore(hostingOf('kubernetes'), place);
const tls = planLabStore(hostingOf('etcd'), { ...place, tls: true });

test('nodes get the store as options', () => {
  assert.equal(storeOptions(files).join(' '), '--store files --store-dir /run/lab/store');
  assert.equal(storeOptions(etcd).join(' '), '--store etcd --etcd-endpoints http://172.30.0.200:2379');
  assert.equal(
    storeOptions(tls).join(' '),
    '--store etcd --etcd-endpoints https://172.30.0.200:2379 --etcd-cafile /run/lab/tls/ca.crt ' +
      '--etcd-certfile /run/lab/tls/client.crt --etcd-keyfile /run/lab/tls/client.key',
  );
  assert.equal(
    storeOptions(kubernetes).join(' '),
    '--store kubernetes --kubeconfig-file /run/kubernetes/kubeconfig --net-config-path /run/lab/net-conf.json',
  );
});

test('commands that people run in a lab get the store as variables, and so do etcdctl and kubectl', () => {
  assert.deepEqual(files.variables, { HEDDLE_STORE: 'files', HEDDLE_STORE_DIR: '/run/lab/store' });
  assert.deepEqual(etcd.variables, {
    HEDDLE_STORE: 'etcd',
    FLANNELD_ETCD_ENDPOINTS: 'http://172.30.0.200:2379',
    ETCDCTL_API: '3',
    ETCDCTL_ENDPOINTS: 'http://172.30.0.200:2379',
  });
  assert.deepEqual(kubernetes.variables, {
    HEDDLE_STORE: 'kubernetes',
    FLANNELD_KUBECONFIG_FILE: '/run/kubernetes/kubeconfig',
    FLANNELD_NET_CONFIG_PATH: '/run/lab/net-conf.json',
    KUBECONFIG: '/run/kubernetes/kubeconfig',
  });
  assert.equal(tls.variables['FLANNELD_ETCD_CERTFILE'], '/run/lab/tls/client.crt');
  assert.equal(tls.variables['ETCDCTL_CACERT'], '/run/lab/tls/ca.crt');
});

test('flanneld gets the store as options, if it has such a store', () => {
  assert.ok(!('flanneldOptions' in hostingOf('files')));
  const options = (kind: string, where: StorePlace): string =>
    (hostingOf(kind).flanneldOptions?.(where) ?? []).join(' ');
  assert.equal(options('etcd', place), '-etcd-endpoints=http://172.30.0.200:2379');
  assert.equal(
    options('etcd', { ...place, tls: true }),
    '-etcd-endpoints=https://172.30.0.200:2379 -etcd-cafile=/run/lab/tls/ca.crt ' +
      '-etcd-certfile=/run/lab/tls/client.crt -etcd-keyfile=/run/lab/tls/client.key',
  );
  assert.equal(
    options('kubernetes', place),
    '-kube-subnet-mgr -kubeconfig-file=/run/kubernetes/kubeconfig -net-config-path=/run/lab/net-conf.json',
  );
});

async function choose(store: LabStore, kinds = storeKinds): Promise<Record<string, unknown>> {
  const command = addStoreOptions(new Command(), kinds).parse(storeOptions(store), { from: 'user' });
  return { ...(await chooseStore(command, kinds)) };
}

test('the options choose the store that they are of, as every command reads them', async () => {
  assert.deepEqual(await choose(files), { kind: 'files', directory: '/run/lab/store' });
  for (const [store, endpoint, certFile] of [
    [etcd, 'http://172.30.0.200:2379', undefined],
    [tls, 'https://172.30.0.200:2379', '/run/lab/tls/client.crt'],
  ] as const) {
    const choice = await choose(store);
    assert.equal(choice['kind'], 'etcd');
    assert.deepEqual([choice['endpoints'], choice['certFile']], [[endpoint], certFile]);
  }
  const { kind, kubeconfigFile, netConfigPath } = await choose(kubernetes);
  assert.deepEqual(
    [kind, kubeconfigFile, netConfigPath],
    ['kubernetes', '/run/kubernetes/kubeconfig', '/run/lab/net-conf.json'],
  );
});

test('a lab needs the programs of its store', () => {
  assert.deepEqual(hostingOf('files').programs(false), []);
  assert.deepEqual(hostingOf('etcd').programs(false), ['etcd']);
  assert.deepEqual(hostingOf('etcd').programs(true), ['etcd', 'openssl']);
});

test('every hosting is of a kind that heddle knows', () => {
  for (const { kind } of storeHostings) assert.ok(storeKinds.includes(kind), kind.name);
});

const [, loomKind] = kindsWithLoom;
assert.ok(loomKind);

/** How a lab would host the toy kind. */
const loomHosting: StoreHosting = {
  kind: loomKind,
  serverName: undefined,
  assignsSubnets: false,
  takesLeases: false,
  canRequireCertificates: false,
  programs: () => ['loom'],
  values: () => ({ directory: '/run/lab/loom', token }),
  toolVariables: () => ({ LOOM: 'on' }),
  start: () =>
    Promise.resolve({ server: undefined, writeNetwork: () => Promise.resolve(), leases: undefined }),
};

test('a further kind is hosted by its descriptor and its hosting alone', async () => {
  const store = planLabStore(loomHosting, { host: undefined, tls: false });
  assert.deepEqual(store.variables, { HEDDLE_STORE: 'loom', FLANNELD_LOOM_TOKEN: token, LOOM: 'on' });
  const choice = await choose(store, kindsWithLoom);
  assert.deepEqual([choice['kind'], choice['directory']], ['loom', '/run/lab/loom']);
});

test('a value that the kind does not have an option for is a defect, with its name', () => {
  const broken = { ...loomHosting, values: () => ({ shuttle: 'x' }) };
  assert.throws(
    () => planLabStore(broken, { host: undefined, tls: false }),
    /^Error: the store kind loom does not have an option shuttle$/,
  );
});
