import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import { viewStore } from '../../../src/cli/up/view-store.ts';
import { refusedError } from '../../../src/store/kubernetes/errors.ts';
import { StoreError } from '../../../src/store/store.ts';
import { SmallApiServer } from '../../support/small-api-server.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

function hintOf(status: number, action: string): string | undefined {
  const error = refusedError(action, 'https://10.0.0.1:6443', { status, body: '{"message":"no"}' });
  assert.ok(error instanceof StoreError);
  assert.equal(error.message, `cannot ${action}: https://10.0.0.1:6443 says: no`);
  return error.hint;
}

test('a hint about rights names those that heddle needs, and a pod only where heddle reads one', () => {
  const rights = 'give the ServiceAccount or the user these rights: ';
  const nodes = 'nodes get, list, watch; nodes/status patch';
  assert.equal(hintOf(403, 'list the Nodes'), `${rights}${nodes}`);
  assert.equal(hintOf(403, 'read the Node pod-1'), `${rights}${nodes}`);
  assert.equal(hintOf(403, 'patch the status of the Node node1'), `${rights}${nodes}`);
  assert.equal(hintOf(403, 'read the Pod kube-system/heddle-x7k2p'), `${rights}pods get; ${nodes}`);
  assert.match(hintOf(401, 'list the Nodes') ?? '', /check its token or certificate$/);
  assert.match(
    hintOf(404, 'read the Node node9') ?? '',
    /^give --kube-node-name, or the variable NODE_NAME, /,
  );
  assert.equal(hintOf(500, 'list the Nodes'), undefined);
});

test('a missing network configuration of a cluster is a missing ConfigMap', async (t) => {
  const { endpoint } = await SmallApiServer.start(t);
  const view = await viewStore({
    kind: 'kubernetes',
    apiUrl: endpoint,
    annotationPrefix: 'flannel.alpha.coreos.com',
    netConfigPath: join(temporaryDirectory(t), 'net-conf.json'),
    setNodeNetworkUnavailable: false,
    node: { kind: 'node', name: 'node1' },
  } as Parameters<typeof viewStore>[0]);
  assert.ok(view.kind === 'seen');
  assert.deepEqual(
    [view.document, view.networkHint],
    [undefined, 'mount the ConfigMap with net-conf.json there'],
  );
});

test('a missing network configuration of another store is written with heddle network set', async (t) => {
  const directory = join(temporaryDirectory(t), 'store');
  const choice = { kind: 'files', directory };
  const view = await viewStore(choice);
  assert.ok(view.kind === 'seen');
  const command = `heddle network set --store-dir ${directory} FILE`;
  assert.ok(view.networkHint.startsWith(`write one with ${command}, for example {`), view.networkHint);
});
