import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  renderLabStatus,
  renderNodes,
  renderReport,
  summariseReport,
} from '../../../src/lab/report/render.ts';
import type { LabReport, NodeReport, PairReport } from '../../../src/lab/report/report.ts';

const plain = { colour: false };

const escape = '\u001b[';

function node(number: number): NodeReport {
  return {
    name: `node${number}`,
    publicIp: `172.30.0.${number}`,
    subnet: `10.50.${number}.0/24`,
    pod: `10.50.${number}.2`,
    mtu: 1450,
  };
}

function pair(from: number, to: number, more: Partial<PairReport> = {}): PairReport {
  return { from: `node${from}`, to: `node${to}`, ok: true, rttMs: 0.112, paths: [], ...more };
}

const good: LabReport = {
  recipe: 'vxlan',
  passed: true,
  readyMs: 812,
  nodes: [node(1), node(2)],
  pairs: [pair(1, 2), pair(2, 1, { rttMs: 12.6 })],
  leftovers: [],
  kept: [],
  reasons: [],
};

test('a good run is two tables and one closing line', () => {
  const text = renderReport(good, [], plain);
  assert.match(text, /│ node1 │ 172\.30\.0\.1 │ 10\.50\.1\.0\/24 │ 10\.50\.1\.2 │ 1450 │/);
  assert.match(text, /│ node1 +│ · +│ 0\.11 +│/);
  assert.match(text, /│ node2 +│ 13 +│ · +│/);
  assert.ok(
    text.endsWith('✔ vxlan: 2 nodes, 2 of 2 pairs reach each other, ready in 812 ms, nothing left behind\n'),
  );
  assert.ok(!text.includes(escape));
});

test('colour is only for terminals', () => {
  assert.ok(renderReport(good, [], { colour: true }).includes(escape));
});

test('a failed pair is crossed and its reason given', () => {
  const reason = 'the pod of node1 does not reach the pod of node2: 10.50.2.2 did not answer the ping';
  const report: LabReport = {
    ...good,
    passed: false,
    readyMs: null,
    pairs: [pair(1, 2, { ok: false, rttMs: null, reason: 'no echo came back' }), pair(2, 1)],
    leftovers: ['node1: link flannel.1 mtu 1450'],
    reasons: [reason],
  };
  const text = renderReport(report, [], plain);
  assert.match(text, /│ node1 +│ · +│ ✘ +│/);
  assert.ok(text.includes(`✘ ${reason}`));
  assert.match(
    text,
    /✘ vxlan: 2 nodes, 1 of 2 pairs reach each other, all nodes ready, but not every node added every other, 1 trace left behind\n$/,
  );
});

test('a message of a node is shown once, with its hint and its stderr', () => {
  const message = 'node1: wg was not found';
  const report: LabReport = { ...good, passed: false, readyMs: null, pairs: [], reasons: [message] };
  const trouble = {
    node: 'node1',
    kind: 'prerequisite',
    message,
    hint: 'install it',
    detail: 'a\nb',
  } as const;
  const text = renderReport(report, [trouble], plain);
  assert.equal(text.split(message).length, 2);
  assert.ok(text.includes(`✘ ${message}\n    a\n    b\n  install it`));
});

test('one node has no pairs to speak of', () => {
  const report: LabReport = { ...good, nodes: [node(1)], pairs: [] };
  assert.equal(summariseReport(report), '1 node, ready in 812 ms, nothing left behind');
  assert.doesNotMatch(renderReport(report, [], plain), /from ↓/);
});

test('ps shows how a daemon ended, and both families', () => {
  const status = {
    ...node(1),
    ipv6Subnet: 'fd00:1::/64',
    ipv6Pod: 'fd00:1::2',
    addresses: ['172.30.0.1'],
    daemon: 'failed',
    pid: null,
    link: 'cut',
    ended: 'exited with status 10',
    holderPid: 24,
  } as const;
  const text = renderLabStatus({ nodes: [status], server: null, routers: [] }, plain);
  assert.match(text, /failed: exited with status 10 │ – +│ cut/);
  assert.doesNotMatch(text, /etcd/);
  assert.match(text, /│ fd00:1::\/64 +│ fd00:1::2 +│/);
});

test('a node that runs flanneld is marked', () => {
  const text = renderNodes([node(1), { ...node(2), program: 'flanneld' }], plain);
  assert.match(text, /│ node1 +│ 172/);
  assert.match(text, /│ node2 \(flanneld\) │ 172/);
});

test('ps shows etcd below the nodes', () => {
  const etcd = {
    name: 'etcd',
    publicIp: '172.30.0.200',
    addresses: ['172.30.0.200'],
    daemon: 'ready',
    pid: 31,
    link: 'joined',
    ended: null,
    holderPid: 30,
  } as const;
  assert.match(
    renderLabStatus({ nodes: [], server: etcd, routers: [] }, plain),
    /│ etcd │ ready +│ 31 +│ joined │ 172\.30\.0\.200 │ – +│ – +│ – +│/,
  );
});

test('the closing line says how far the lab came', () => {
  const away = { subnet: null, pod: null, mtu: null };
  const failed = { ...good, passed: false, readyMs: null };
  assert.match(summariseReport(failed), /, all nodes ready, but not every node added every other, /);
  const half = [node(1), { ...node(2), ...away }];
  assert.match(summariseReport({ ...failed, nodes: half }), /, only 1 of 2 nodes ready, /);
  assert.match(summariseReport({ ...failed, nodes: half.slice(1) }), /^1 node, .*, no node ready, /);
});
