import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Metrics } from '../../../src/daemon/report/metrics.ts';
import { metricsPage } from '../../../src/daemon/report/metrics-page.ts';
import { servePages } from '../../../src/daemon/report/page-server.ts';
import type { NodeStatus } from '../../../src/daemon/report/status.ts';
import type { ListenAddress } from '../../../src/daemon/setup/options.ts';
import { eventNames } from '../../../src/event/level.ts';
import { readVersion } from '../../../src/host/version.ts';
import { Failure } from '../../../src/diagnostic/failure.ts';
import { readPage } from '../../page.ts';
import { fullMetrics, sampleStatus } from './full-metrics.ts';

const peer = { key: '10.50.4.0-24', subnet: '10.50.4.0/24', publicIp: '172.30.0.4' };

/** The lines of a metric, without its comments. */
async function linesOf(metrics: Metrics, name: string): Promise<readonly string[]> {
  return (await metrics.render()).split('\n').filter((line) => line.startsWith(name));
}

test('events are counted by name', async () => {
  const metrics = new Metrics(() => undefined);
  metrics.note({ event: 'warning', message: 'a' });
  metrics.note({ event: 'warning', message: 'b' });
  metrics.note({ event: 'lease-released', subnet: '10.50.1.0/24' });
  const lines = await linesOf(metrics, 'heddle_events_total');
  assert.deepEqual(
    lines.filter((line) => !line.endsWith(' 0')),
    ['heddle_events_total{event="lease-released"} 1', 'heddle_events_total{event="warning"} 2'],
  );
});

test('a counter is there, as 0, before its first event', async (t) => {
  const metrics = new Metrics(() => sampleStatus(t));
  const text = await metrics.render();
  for (const event of eventNames)
    assert.ok(text.includes(`heddle_events_total{event="${event}"} 0\n`), event);
  for (const operation of ['add', 'remove', 'batch'])
    assert.ok(text.includes(`heddle_operation_seconds_count{operation="${operation}"} 0\n`), operation);
  assert.match(text, /^heddle_concerns\{kind="underlay"\} 0$/m);
});

test('the version is a label of what the node runs', async (t) => {
  const metrics = new Metrics(() => sampleStatus(t));
  assert.match(
    (await linesOf(metrics, 'heddle_info')).join(),
    new RegExp(`version="${readVersion()}",node="node1"`),
  );
});

test('the durations of commands for peers are measured in seconds, each kind by itself', async () => {
  const metrics = new Metrics(() => undefined);
  metrics.note({ event: 'peer-added', peer, reason: 'new', durationMs: 20, stderr: '' });
  metrics.note({ event: 'peer-added', peer, reason: 'new', durationMs: 480, stderr: '' });
  metrics.note({ event: 'peer-removed', peer, reason: 'gone', durationMs: 7, stderr: '' });
  metrics.note({
    event: 'batch-applied',
    addedCount: 9,
    removedCount: 0,
    added: [],
    removed: [],
    durationMs: 3000,
    stderr: '',
  });
  assert.deepEqual(await linesOf(metrics, 'heddle_operation_seconds_sum'), [
    'heddle_operation_seconds_sum{operation="add"} 0.5',
    'heddle_operation_seconds_sum{operation="remove"} 0.007',
    'heddle_operation_seconds_sum{operation="batch"} 3',
  ]);
  const buckets = await linesOf(metrics, 'heddle_operation_seconds_bucket');
  assert.ok(buckets.includes('heddle_operation_seconds_bucket{le="0.025",operation="add"} 1'));
});

test('the state is one, and the one before is gone', async (t) => {
  let status = sampleStatus(t, { state: 'running' });
  const metrics = new Metrics(() => status);
  const current = async (): Promise<readonly string[]> =>
    (await linesOf(metrics, 'heddle_state')).filter((line) => !line.endsWith(' 0'));
  assert.deepEqual(await current(), ['heddle_state{state="running"} 1']);
  status = sampleStatus(t, { state: 'degraded' });
  assert.deepEqual(await current(), ['heddle_state{state="degraded"} 1']);
  assert.equal((await linesOf(metrics, 'heddle_state')).length, 8);
});

test('peers, leases and the store are told as they stand', async (t) => {
  const counts = { wanted: 5, inPlace: 3, pending: 1, failing: 1, ignored: 7, rejected: 2, unreachable: 3 };
  const lease = {
    subnet: '10.50.1.0/24',
    publicIp: '172.30.0.1',
    publicIpv6: null,
    expiresAt: '2026-01-01T00:00:00.000Z',
  };
  const storeOutage = { since: '', because: '', hint: null, nextTryAt: '' };
  const metrics = new Metrics(() => sampleStatus(t, { counts, lease, mtu: 1450, storeOutage }));
  assert.deepEqual(await linesOf(metrics, 'heddle_peers'), [
    'heddle_peers{state="wanted"} 5',
    'heddle_peers{state="in_place"} 3',
    'heddle_peers{state="pending"} 1',
    'heddle_peers{state="failing"} 1',
  ]);
  assert.deepEqual(await linesOf(metrics, 'heddle_leases_'), [
    'heddle_leases_ignored 7',
    'heddle_leases_unreachable 3',
    'heddle_leases_rejected 2',
  ]);
  assert.deepEqual(await linesOf(metrics, 'heddle_lease_expiry'), ['heddle_lease_expiry_seconds 1767225600']);
  assert.deepEqual(await linesOf(metrics, 'heddle_mtu'), ['heddle_mtu_bytes 1450']);
  assert.deepEqual(await linesOf(metrics, 'heddle_store_up'), ['heddle_store_up 0']);
});

test('a gauge whose value is unknown has no value', async (t) => {
  const metrics = new Metrics(() => sampleStatus(t, { lease: null, mtu: null }));
  assert.deepEqual(await linesOf(metrics, 'heddle_lease_expiry'), []);
  assert.deepEqual(await linesOf(metrics, 'heddle_mtu'), []);
});

test('text that other machines wrote stays inside its label', async (t) => {
  const rejections = [{ key: '10.50.4.0-24', because: 'a "quote"\nand a line' }];
  const metrics = new Metrics(() => sampleStatus(t, { rejections }));
  assert.deepEqual(await linesOf(metrics, 'heddle_lease_rejected{'), [
    'heddle_lease_rejected{key="10.50.4.0-24",because="a \\"quote\\"\\nand a line"} 1',
  ]);
});

test('at most a hundred rejected leases are named', async (t) => {
  const rejections = Array.from({ length: 5000 }, (_, n) => ({ key: `key-${n}`, because: 'odd' }));
  const metrics = new Metrics(() => sampleStatus(t, { rejections }));
  assert.equal((await linesOf(metrics, 'heddle_lease_rejected{')).length, 100);
});

test('without a status the gauges have no value, and the counts stay', async () => {
  const metrics = new Metrics(() => undefined);
  metrics.note({ event: 'warning', message: 'a' });
  assert.deepEqual(await linesOf(metrics, 'heddle_peers'), []);
  assert.ok(
    (await linesOf(metrics, 'heddle_events_total')).includes('heddle_events_total{event="warning"} 1'),
  );
});

test('metrics are served at /metrics, and nothing else is', async (t) => {
  const port = await freePort();
  const metrics = new Metrics(() => undefined);
  const server = await serveMetrics(metrics, { host: '127.0.0.1', port });
  t.after(() => server.close());
  const ask = (path: string, method = 'GET'): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { method });
  const answer = await ask('/metrics?x');
  assert.equal(answer.headers.get('content-type'), metrics.contentType);
  assert.match(await answer.text(), /# TYPE heddle_events_total counter/);
  assert.equal(await (await ask('/metrics', 'HEAD')).text(), '');
  assert.equal((await ask('/')).status, 404);
  assert.equal((await ask('/metrics', 'POST')).status, 405);
});

test('an error in what is read is an answer of its own', async (t) => {
  const port = await freePort();
  const metrics = new Metrics(() => {
    throw new Error('torn');
  });
  const server = await serveMetrics(metrics, { host: '127.0.0.1', port });
  t.after(() => server.close());
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`);
  assert.deepEqual([answer.status, await answer.text()], [500, 'torn\n']);
});

test('an address that is in use is a Failure that names it', async (t) => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as { port: number };
  const metrics = new Metrics(() => undefined);
  await assert.rejects(serveMetrics(metrics, { host: '127.0.0.1', port }), (error: unknown) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.kind, 'listen');
    assert.match(error.message, new RegExp(`^cannot listen for metrics at 127\\.0\\.0\\.1 port ${port}: `));
    return true;
  });
});

function serveMetrics(metrics: Metrics, address: ListenAddress): ReturnType<typeof servePages> {
  return servePages([metricsPage(metrics)], address, { noun: 'metrics', option: '--metrics-address' });
}

/** A port that was free a moment ago. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

test('docs/operations.md lists each metric with its labels, and no other', async (t) => {
  const text = await fullMetrics(t).render();
  const served = [...text.matchAll(/^# TYPE (\S+)/gm)].map(([, name = '']) => {
    const [, labels = ''] = new RegExp(`^${name}(?:_count)?\\{(.*)\\} `, 'm').exec(text) ?? [];
    const names = [...labels.matchAll(/(\w+)="/g)].map(([, label]) => label);
    return names.length === 0 ? name : `${name}{${names.join(',')}}`;
  });
  const [, section = ''] = readPage('docs/operations.md').split('\n## Metrics\n');
  const [table = ''] = section.split('\n## ');
  const listed = [...table.matchAll(/^\| `((?:heddle|process)_[^`]+)` \| /gm)].map(([, name]) => name);
  assert.deepEqual(listed.sort(), served.sort());
});

test('a node with 5,000 peers that all fail names a hundred of them', async (t) => {
  const peers = Array.from({ length: 5000 }, (_, n) => ({
    subnet: `10.${n >> 8}.${n & 255}.0/24`,
    state: 'failing',
  })) as unknown as NodeStatus['peers'];
  const metrics = new Metrics(() => sampleStatus(t, { peers }));
  assert.equal((await linesOf(metrics, 'heddle_peer_failing{')).length, 100);
  const samples = (await metrics.render()).split('\n').filter((line) => !line.startsWith('#'));
  assert.ok(samples.length < 500, `${samples.length} samples`);
});
