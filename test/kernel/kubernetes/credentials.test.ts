import assert from 'node:assert/strict';
import { copyFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

import { defaultAnnotationPrefix } from '../../../src/store/kubernetes/annotations.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/store.ts';
import type { LeaseStore } from '../../../src/store/store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { kubeTest, plainUser, shareApiServer } from './kube-api-server.ts';

const server = shareApiServer();

/** Opens a store with a kubeconfig file for this user, in a directory of its own. */
function openAs(
  t: TestContext,
  user: object,
  prepare: (directory: string) => void = () => undefined,
): { readonly store: LeaseStore; readonly directory: string } {
  const directory = temporaryDirectory(t);
  prepare(directory);
  const kubeconfigFile = join(directory, 'kubeconfig');
  copyFileSync(server().kubeconfig({ user }), kubeconfigFile);
  const store = openKubernetesStore({
    kubeconfigFile,
    annotationPrefix: defaultAnnotationPrefix,
    netConfigPath: '/nonexistent/net-conf.json',
    setNodeNetworkUnavailable: true,
    timing: { requestMs: 2000 },
  });
  t.after(() => store.close());
  return { store, directory };
}

/** Replaces a file at once, as kubelet and cert-manager do. */
function renew(file: string, content: string | Buffer): void {
  writeFileSync(`${file}.new`, content, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Waits until a new right is known to the API server. */
async function untilListed(store: LeaseStore): Promise<void> {
  await until('a list of the Nodes', () =>
    store.list().then(
      () => true,
      () => false,
    ),
  );
}

kubeTest('a client certificate that is renewed on disk is used for the next request', async (t) => {
  await server().allow('nodes list');
  const known = await server().authority.issue(plainUser.name);
  const stranger = await server().authority.issue('stranger');
  const use = ({ certFile, keyFile }: typeof known, directory: string): void => {
    renew(join(directory, 'tls.crt'), readFileSync(certFile));
    renew(join(directory, 'tls.key'), readFileSync(keyFile));
  };
  const user = { 'client-certificate': 'tls.crt', 'client-key': 'tls.key' };
  const { store, directory } = openAs(t, user, (path) => use(known, path));
  await untilListed(store);
  use(stranger, directory);
  await assert.rejects(store.list(), /User "stranger" cannot list resource "nodes"/);
  use(known, directory);
  await store.list();
});

kubeTest(
  'the tokenFile of a kubeconfig is read next to the file, wins over a token, and is followed',
  async (t) => {
    await server().allow('nodes list');
    const { store, directory } = openAs(t, { token: 'out of date', tokenFile: 'token' });
    const file = join(directory, 'token');
    await assert.rejects(
      store.list(),
      /this node's credentials for .* cannot be read: no such file or directory/,
    );
    renew(file, `${plainUser.token}\n`);
    await untilListed(store);
    renew(file, 'out of date\n');
    // The library keeps a token for a minute, so the old one may still be sent.
    renew(file, `${plainUser.token}\n`);
    await store.list();
  },
);

const plugin = `#!/bin/sh
cd "\${0%/*}"
echo "$KUBERNETES_EXEC_INFO $GREETING" >>runs
[ -e fails ] && { echo "log in first" >&2; exit 1; }
[ -e hangs ] && { echo $$ >hangs; exec sleep 60; }
exec cat credential
`;

kubeTest(
  'an exec plugin is asked as kubectl asks it, again when its credential has ended or is refused',
  async (t) => {
    await server().allow('nodes list');
    const apiVersion = 'client.authentication.k8s.io/v1';
    const exec = {
      apiVersion,
      command: './plugin',
      interactiveMode: 'Never',
      env: [{ name: 'GREETING', value: 'hello' }],
    };
    const { store, directory } = openAs(t, { exec });
    const file = (name: string): string => join(directory, name);
    writeFileSync(file('plugin'), plugin, { mode: 0o700 });
    const credential = (token: string, expirationTimestamp: string): void =>
      renew(
        file('credential'),
        JSON.stringify({ kind: 'ExecCredential', apiVersion, status: { token, expirationTimestamp } }),
      );
    const runs = (): string[] => readFileSync(file('runs'), 'utf8').trimEnd().split('\n');

    credential(plainUser.token, '2099-01-01T00:00:00Z');
    await untilListed(store);
    const ran = runs().length;
    await store.list();
    await store.list();
    assert.equal(runs().length, ran, 'a credential is kept until it ends');
    assert.equal(
      runs()[0],
      `{"kind":"ExecCredential","apiVersion":"${apiVersion}","spec":{"interactive":false}} hello`,
    );

    // A credential that the API server refuses is asked for again at once.
    const other = openAs(t, { exec: { ...exec, command: file('plugin') } });
    credential('out of date', '2099-01-01T00:00:00Z');
    await assert.rejects(other.store.list(), /says: Unauthorized/);
    credential(plainUser.token, '2001-01-01T00:00:00Z');
    const before = runs().length;
    await other.store.list();
    await other.store.list();
    assert.ok(runs().length >= before + 2, 'a credential that has ended is not used again');

    writeFileSync(file('fails'), '');
    await assert.rejects(other.store.list(), /this node's credentials for .* cannot be read: log in first$/);
  },
);

kubeTest('an exec plugin that hangs ends the request, and is not started a second time', async (t) => {
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: './plugin',
    interactiveMode: 'Never',
  };
  const { store, directory } = openAs(t, { exec });
  writeFileSync(join(directory, 'plugin'), plugin, { mode: 0o700 });
  writeFileSync(join(directory, 'hangs'), '');
  const refused = /^StoreError: cannot list the Nodes: .* cannot be read: the plugin does not answer$/;
  await assert.rejects(Promise.all([store.list(), store.list()]), refused);
  await assert.rejects(store.list(), refused);
  assert.equal(readFileSync(join(directory, 'runs'), 'utf8').trimEnd().split('\n').length, 1);
  const pid = Number(readFileSync(join(directory, 'hangs'), 'utf8'));
  assert.ok(existsSync(`/proc/${pid}`));
  await store.close();
  await until('the end of the plugin', () => !existsSync(`/proc/${pid}`));
});
