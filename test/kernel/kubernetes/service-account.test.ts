import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { loadAll } from 'js-yaml';

import { temporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';
import { Daemon, startDaemon } from '../harness/daemon.ts';
import { oneHost } from '../harness/one-host.ts';
import type { Host } from '../harness/host.ts';
import { openGateway } from './gateway.ts';
import { shareApiServer, skip } from './kube-api-server.ts';

const server = shareApiServer();
const options = { skip, timeout: 90_000 };

/** The address of the API server in every pod: the first one for services. It is in the server's certificate. */
const serviceAddress = '10.96.0.1';
const accountFiles = '/run/secrets/kubernetes.io/serviceaccount';
const prefix = 'flannel.alpha.coreos.com/';

const manifests = fileURLToPath(new URL('../../../deploy/kubernetes/base/heddle.yml', import.meta.url));

interface Manifest {
  readonly kind: string;
  readonly rules: readonly { readonly resources: readonly string[]; readonly verbs: readonly string[] }[];
}

/** The rights that the manifests give to heddle, each as `nodes get`. */
const rights = (loadAll(readFileSync(manifests, 'utf8')) as readonly Manifest[])
  .filter(({ kind }) => /^(?:Cluster)?Role$/.test(kind))
  .flatMap(({ rules }) => rules)
  .flatMap(({ resources, verbs }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${resource} ${verb}`)),
  );

/** Gives the ClusterRole of the manifests these rights in place of its own. Resolves when the API server knows them. */
async function allow(...given: readonly string[]): Promise<void> {
  const rules = given.map((right) => {
    const [resource, verb] = right.split(' ');
    return { apiGroups: [''], resources: [resource], verbs: [verb] };
  });
  const patch = JSON.stringify({ rules });
  await server().kubectl('patch', 'clusterrole', 'heddle', '--type', 'merge', '--patch', patch);
  await untilAllowed(given);
}

async function untilAllowed(given: readonly string[]): Promise<void> {
  for (const right of [...rights, 'pods get']) {
    const [resource = '', verb = ''] = right.split(' ');
    const question = [
      ...['auth', 'can-i', verb, resource.replace(/\/.*/, '')],
      '--as=system:serviceaccount:heddle:heddle',
    ];
    const subresource = resource.includes('/') ? ['--subresource=status'] : [];
    const answer = given.includes(right) ? 'yes' : 'no';
    await until(`the right ${right}: ${answer}`, async () => {
      return (
        (await server()
          .kubectl(...question, ...subresource)
          .catch(() => 'no')) === answer
      );
    });
  }
}

/** Writes what a pod of the ServiceAccount finds in its file system, with a new token, at once. */
async function mountAccount(host: Host): Promise<void> {
  const token = await server().kubectl('-n', 'heddle', 'create', 'token', 'heddle');
  const certificate = readFileSync(server().caFile, 'utf8');
  await host.sh(`set -e
    mkdir -p ${accountFiles}; cd ${accountFiles}; mkdir ..new
    printf %s '${token}' >..new/token; printf %s '${certificate}' >..new/ca.crt; printf heddle >..new/namespace
    name=..$(date +%s%N); mv ..new $name; ln -s $name ..data_tmp; mv -T ..data_tmp ..data
    for file in token ca.crt namespace; do [ -e $file ] || ln -s ..data/$file $file; done`);
}

interface Pod {
  readonly host: Host;
  /** The words and the environment of a daemon in the pod. */
  readonly words: (
    environment: Readonly<Record<string, string>>,
  ) => [args: readonly string[], options: { environment: Readonly<Record<string, string>> }];
}

async function startPod(t: TestContext): Promise<Pod> {
  const { host } = await oneHost(t);
  await host.sh(`ip address add ${serviceAddress}/32 dev lo`);
  const close = await openGateway(host, server(), serviceAddress);
  t.after(async () => {
    close();
    await server().deleteAllNodes();
  });
  await server().kubectl('apply', '-f', manifests);
  await mountAccount(host);
  const file = join(temporaryDirectory(t), 'net-conf.json');
  writeFileSync(file, '{"Network":"10.50.0.0/16","Backend":{"Type":"vxlan"}}');
  const words: Pod['words'] = (environment) => [
    ['--kube-subnet-mgr', '--net-config-path', file, '--on-exit', 'shutdown'],
    {
      environment: {
        KUBERNETES_SERVICE_HOST: serviceAddress,
        KUBERNETES_SERVICE_PORT: '2379',
        ...environment,
      },
    },
  ];
  return { host, words };
}

test(
  'a daemon needs the rights that the manifests give to its ServiceAccount, and not one of them less',
  options,
  async (t) => {
    const { host, words } = await startPod(t);
    assert.deepEqual(rights, ['nodes get', 'nodes list', 'nodes watch', 'nodes/status patch']);
    for (const missing of ['', ...rights]) {
      await server().createNode('one', ['10.50.1.0/24']);
      if (missing === '') await untilAllowed(rights);
      else await allow(...rights.filter((right) => right !== missing));
      const daemon = new Daemon(host, ...words({ NODE_NAME: 'one' }));
      const [resource = '', verb = ''] = missing.split(' ');
      if (missing === '') await daemon.until('ready');
      else {
        const refused = `User "system:serviceaccount:heddle:heddle" cannot ${verb} resource "${resource}"`;
        await daemon.until('store-outage', ({ because }) => because.includes(refused));
      }
      await daemon.stop();
      await server().deleteAllNodes();
    }
  },
);

test('a pod finds its Node if it may read itself', options, async (t) => {
  const { host, words } = await startPod(t);
  await server().createNode('one', ['10.50.1.0/24']);
  await server().create('/api/v1/namespaces/heddle/pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'heddle-x' },
    spec: {
      nodeName: 'one',
      serviceAccountName: 'heddle',
      containers: [{ name: 'heddle', image: 'heddle' }],
    },
  });
  await allow(...rights);
  const daemon = new Daemon(host, ...words({ POD_NAMESPACE: 'heddle', POD_NAME: 'heddle-x' }));
  await daemon.until('store-outage', ({ because }) => because.includes('cannot get resource "pods"'));
  await allow(...rights, 'pods get');
  const { subnet } = await daemon.until('ready');
  assert.equal(subnet, '10.50.1.0/24');
  await daemon.stop();
  const { exitCode, stderr } = await new Daemon(host, ...words({})).ended;
  assert.equal(exitCode, 2);
  assert.match(stderr, /give --kube-node-name, or set the variable NODE_NAME/);
  await server().kubectl('-n', 'heddle', 'delete', 'pod', 'heddle-x', '--force');
});

test(
  'the token of a ServiceAccount that is renewed on disk is used after the old one has ended',
  options,
  async (t) => {
    const { host, words } = await startPod(t);
    await server().createNode('one', ['10.50.1.0/24']);
    await allow(...rights);
    const daemon = await startDaemon(host, ...words({ NODE_NAME: 'one' }));
    // The tokens of a ServiceAccount end with it.
    await server().kubectl('-n', 'heddle', 'delete', 'serviceaccount', 'heddle');
    await server().stop();
    await server().start();
    await daemon.until('store-outage', ({ because }) => because.includes('Unauthorized'));
    await server().kubectl('apply', '-f', manifests);
    await mountAccount(host);
    await server().createNode('two', ['10.50.2.0/24'], {
      [`${prefix}kube-subnet-manager`]: 'true',
      [`${prefix}backend-type`]: 'vxlan',
      [`${prefix}backend-data`]: '{"VNI":1,"VtepMAC":"aa:c0:4f:28:74:94"}',
      [`${prefix}public-ip`]: '172.30.1.99',
    });
    await daemon.until('peer-added', ({ peer }) => peer.subnet === '10.50.2.0/24');
    await daemon.stop();
  },
);
