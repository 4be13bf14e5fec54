import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { loadKubeConfig } from '../../../src/store/kubernetes/kube-config.ts';
import { openKubernetesStore } from '../../../src/store/kubernetes/store.ts';
import { StoreError, type LeaseStore } from '../../../src/store/store.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const network = '{"Network":"10.50.0.0/16","Backend":{"Type":"host-gw"}}';

/** A store that no API server stands behind: its network configuration is a file. */
function open(t: TestContext, netConfigPath: string): LeaseStore {
  const store = openKubernetesStore({
    apiUrl: 'http://127.0.0.1:9',
    annotationPrefix: 'flannel.alpha.coreos.com',
    netConfigPath,
    setNodeNetworkUnavailable: true,
    node: { kind: 'node', name: 'own' },
  });
  t.after(() => store.close());
  return store;
}

test('the network configuration is read through the links of a ConfigMap, also after an update', async (t) => {
  const directory = temporaryDirectory(t);
  const path = join(directory, 'net-conf.json');
  const mount = (version: string, text: string): void => {
    mkdirSync(join(directory, version));
    writeFileSync(join(directory, version, 'net-conf.json'), text);
    rmSync(join(directory, '..data'), { force: true });
    symlinkSync(version, join(directory, '..data'));
  };
  mount('..2026_1', network);
  symlinkSync('..data/net-conf.json', path);
  const store = open(t, path);
  assert.deepEqual(await store.readNetwork(), { name: path, text: network });
  mount('..2026_2', '{}');
  assert.equal((await store.readNetwork())?.text, '{}');
  rmSync(join(directory, '..data'));
  assert.equal(await store.readNetwork(), undefined, 'it is not mounted any more');
});

test('a network configuration that is not a file is refused at once', async (t) => {
  const directory = temporaryDirectory(t);
  execFileSync('mkfifo', [join(directory, 'fifo')]);
  writeFileSync(join(directory, 'large'), ' '.repeat(8 << 20));
  for (const [path, reason] of [
    [join(directory, 'fifo'), /is not a regular file$/],
    [directory, /is not a regular file$/],
    ['/dev/zero', /is not a regular file$/],
    [join(directory, 'large'), /is larger than \d+ bytes$/],
  ] as const)
    await assert.rejects(open(t, path).readNetwork(), (error) => {
      assert.ok(error instanceof StoreError && !error.retryable);
      assert.match(error.message, reason);
      return true;
    });
});

test('a kubeconfig file, and a file that it names, are refused at once if they are not files', (t) => {
  const directory = temporaryDirectory(t);
  const at = (name: string): string => join(directory, name);
  const refused = (message: RegExp): void =>
    assert.throws(
      () => loadKubeConfig({ kubeconfigFile: at('config'), apiUrl: undefined }, new AbortController().signal),
      (error) => {
        assert.ok(error instanceof StoreError && !error.retryable);
        assert.match(error.message, message);
        return true;
      },
    );
  const write = (cluster: object, user: object): void =>
    writeFileSync(
      at('config'),
      JSON.stringify({
        clusters: [{ name: 'a', cluster: { server: 'https://127.0.0.1:9', ...cluster } }],
        users: [{ name: 'a', user }],
        contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }],
        'current-context': 'a',
      }),
    );
  refused(/^cannot read the kubeconfig file .*config: no such file or directory$/);
  execFileSync('mkfifo', [at('fifo')]);
  symlinkSync('fifo', at('config'));
  refused(/^cannot read the kubeconfig file .*config: it is not a regular file$/);
  rmSync(at('config'));
  mkdirSync(at('config'));
  refused(/it is not a regular file$/);
  rmSync(at('config'), { recursive: true });

  write({ 'certificate-authority': 'fifo' }, {});
  refused(/^cannot use .*fifo for the API server: it is not a regular file$/);
  write({}, { 'client-certificate': 'none', 'client-key': 'fifo' });
  refused(/^cannot use .*none for the API server: no such file or directory$/);
  write({}, { 'client-key': '/dev/zero' });
  refused(/zero for the API server: it is not a regular file$/);

  writeFileSync(at('ca.crt'), 'a certificate');
  symlinkSync('ca.crt', at('link'));
  write({ 'certificate-authority': 'link' }, {});
  const config = loadKubeConfig(
    { kubeconfigFile: at('config'), apiUrl: undefined },
    new AbortController().signal,
  );
  assert.equal(config.getCurrentCluster()?.caFile, at('link'), 'it lies next to the kubeconfig file');
});
