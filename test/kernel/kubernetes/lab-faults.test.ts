import assert from 'node:assert/strict';
import { test } from 'node:test';

import { Failure } from '../../../src/diagnostic/failure.ts';
import { until } from '../../support/until.ts';
import { PodPing } from '../etcd/pod-ping.ts';
import type { FaultNode } from '../faults/fault-lab.ts';
import { reasonToSkip } from '../harness/needs.ts';
import { ClusterLab } from './cluster-lab.ts';
import { skip } from './kube-api-server.ts';

const options = { skip: reasonToSkip('etcd') || skip, timeout: 240_000 };

/** Waits until a node's status tells an outage, or no outage. Returns the reason of the outage. */
async function outageOf(node: FaultNode, isAway: boolean): Promise<string | undefined> {
  const look = async (): Promise<string | undefined> => (await node.status()).storeOutage?.because;
  await until(
    `the status of ${node.name} to say that the store is ${isAway ? 'away' : 'back'}`,
    async () => ((await look()) !== undefined) === isAway,
    () => node.lastWords(),
  );
  return look();
}

test('an API server of a lab that is stopped, killed or disconnected costs no packet', options, async (t) => {
  const lab = await ClusterLab.up(t);
  const { first, second, both } = lab;
  await lab.addStranger(190);
  await lab.converge();
  const ping = await PodPing.start(t, first, second);

  await t.test('a daemon may read Nodes and patch their status, and nothing else', async () => {
    const may = async (method: string, path: string): Promise<number> =>
      (await lab.ask('node1', method, path, method === 'GET' ? undefined : {})).status;
    assert.equal(await may('GET', '/api/v1/nodes/node2'), 200);
    assert.equal(await may('GET', '/api/v1/pods'), 403);
    assert.equal(await may('GET', '/api/v1/namespaces/kube-flannel/serviceaccounts'), 403);
    assert.equal(await may('POST', '/api/v1/nodes'), 403);
    assert.equal(await may('DELETE', '/api/v1/nodes/stranger-190'), 403);
  });

  await t.test('stopped and started', async () => {
    const entries = await first.entries();
    assert.equal(await lab.server('stop'), 'apiserver: server stopped.');
    await assert.rejects(
      lab.server('stop'),
      (error) => error instanceof Failure && error.kind === 'not-running',
    );
    for (const node of both) assert.match((await outageOf(node, true)) ?? '', /the Kubernetes API server/);
    assert.deepEqual(await first.entries(), entries);

    assert.equal(await lab.server('start'), 'apiserver: server ready.');
    await lab.addStranger(191);
    await lab.converge();
    for (const node of both) await outageOf(node, false);
  });

  await t.test('killed and started', async () => {
    assert.equal(await lab.server('kill'), 'apiserver: server killed.');
    for (const node of both) await outageOf(node, true);
    await lab.server('start');
    await lab.removeStranger(191);
    await lab.addStranger(192);
    await lab.converge();
    for (const node of both) await outageOf(node, false);
  });

  await t.test('disconnected and connected', async () => {
    const entries = await first.entries();
    await lab.server('cut');
    await lab.removeStranger(190);
    await lab.addStranger(193);
    for (const node of both) await outageOf(node, true);
    assert.deepEqual(await first.entries(), entries);

    await lab.server('join');
    await lab.converge();
    for (const node of both) await outageOf(node, false);
  });

  assert.equal(await ping.lost(), 0);
});
