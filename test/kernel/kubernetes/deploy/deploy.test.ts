import assert from 'node:assert/strict';
import { describe, test, type TestContext } from 'node:test';

import { blocksOf, readPage, type Block } from '../../../page.ts';
import { reasonToSkip } from '../../harness/needs.ts';
import { podPlugins } from '../../harness/pod.ts';
import { runHeddle } from '../../lab-harness.ts';
import { shareApiServer, skip, type KubeApiServer } from '../kube-api-server.ts';
import { NodeCluster } from './node-cluster.ts';
import { installKubeFlannel, networkOfFlannel } from './kube-flannel.ts';
import type { PodTemplate } from './daemon-set.ts';
import { lacksOverlayfs, nodeRoot, type RunningPod } from './kubelet.ts';

const server = shareApiServer();
const options = {
  skip: skip || reasonToSkip('iptables', ...podPlugins) || lacksOverlayfs(),
  timeout: 240_000,
};

const manifests = 'deploy/kubernetes/base/heddle.yml';
const kustomizations = ['base', 'overlays/custom-recipe', 'overlays/migration', 'overlays/wireguard'].map(
  (path) => `deploy/kubernetes/${path}`,
);

/**
 * Commands of docs/kubernetes.md that the tests here do not run, and why. Of `kubectl`, the verbs exec, logs and rollout status need kubelets
 * and controllers, which are imitated: see {@link NodeCluster}.
 */
const notRun: Readonly<Record<string, string>> = {
  'npm run setup -- --kubernetes': 'npm test runs it before the tests',
  'npx heddle lab run vxlan --store kubernetes': 'test/kernel/kubernetes/lab.test.ts runs it',
  'kubectl -n heddle rollout undo daemonset/heddle':
    'the controller of DaemonSets, which does not run here, writes the revisions to which this goes back',
};

// A list in the page is indented, also the blocks in it.
const page = readPage('docs/kubernetes.md').replaceAll(/^ {2,3}(?=\S)/gm, '');
const blocks = blocksOf(page).filter(({ kind, text }) => kind === 'sh' && notRun[text] === undefined);

function blocksBelow(heading: string): readonly Block[] {
  const found = blocks.filter((block) => block.heading === heading);
  assert.notEqual(found.length, 0, heading);
  return found;
}

let installing: Promise<void> | undefined;

/** Installs the manifests, once. */
function install(): Promise<void> {
  return (installing ??= (async () => {
    await server().kubectl('apply', '--validate=strict', '-f', manifests);
    // The controller-manager writes this one into each namespace.
    const authority = ['create', 'configmap', 'kube-root-ca.crt', `--from-file=ca.crt=${server().caFile}`];
    await server().kubectl('-n', 'heddle', ...authority);
  })());
}

/** The template of a DaemonSet in a kustomization, as the API server completes it. */
async function templateOf(kustomization: string): Promise<PodTemplate> {
  const words = ['apply', '--dry-run=server', '-k', kustomization, '-l', 'app=heddle', '-o', 'json'];
  const { spec } = JSON.parse(await server().kubectl(...words)) as {
    readonly spec: { readonly template: PodTemplate };
  };
  return spec.template;
}

test('the manifests and every kustomization pass a dry run of the API server', options, async () => {
  await install();
  const objects = 'namespace serviceaccount clusterrole clusterrolebinding configmap daemonset';
  const inputs = [['-f', manifests], ...kustomizations.map((path) => ['-k', path])];
  const all = await Promise.all(
    inputs.map((words) => server().kubectl('apply', '--dry-run=server', '--validate=strict', ...words)),
  );
  for (const printed of all) {
    const kinds = [...printed.matchAll(/^(\w+)[./].* \(server dry run\)$/gm)].map(([, kind]) => kind);
    for (const kind of objects.split(' ')) assert.ok(kinds.includes(kind), printed);
  }
});

test(
  'a pod of the DaemonSet needs the network and files of its node and NET_ADMIN, and nothing else',
  options,
  async () => {
    await install();
    await server().create('/api/v1/namespaces', {
      metadata: { name: 'plain', labels: { 'pod-security.kubernetes.io/enforce': 'baseline' } },
    });
    await server().kubectl('-n', 'plain', 'create', 'serviceaccount', 'heddle');
    for (const kustomization of kustomizations) {
      const { metadata, spec } = await templateOf(kustomization);
      const pod = { metadata: { generateName: 'heddle-', labels: metadata.labels }, spec };
      const create = (namespace: string): ReturnType<KubeApiServer['ask']> =>
        server().ask('POST', `/api/v1/namespaces/${namespace}/pods?dryRun=All`, pod);
      const refused = await create('plain');
      assert.equal(refused.status, 403);
      const { message } = JSON.parse(refused.text) as { readonly message: string };
      assert.equal(
        message.replace(/^.*: violates/, 'violates'),
        'violates PodSecurity "baseline:latest": ' +
          'non-default capabilities (container "heddle" must not include "NET_ADMIN" in securityContext.capabilities.add), ' +
          'host namespaces (hostNetwork=true), ' +
          'hostPath volumes (volumes "state", "run-flannel", "cni", "xtables-lock", "modules")',
      );
      const accepted = await create('heddle');
      assert.equal(accepted.status, 201, accepted.text);
    }
  },
);

/** The answers of the three probes of a pod, each by its first line. */
async function probe(pod: RunningPod): Promise<readonly string[]> {
  const kinds = ['startupProbe', 'livenessProbe', 'readinessProbe'] as const;
  return Promise.all(kinds.map((kind) => pod.probe(kind)));
}

describe('docs/kubernetes.md moves a cluster node by node from kube-flannel to heddle, and back,', () => {
  const flanneld = process.env['FLANNELD'];
  const withoutFlanneld = flanneld === undefined && 'needs a flanneld: FLANNELD=PATH names one';
  test('and the two are never on one node', options, (t) => move(t, undefined));
  const real = { ...options, skip: options.skip || withoutFlanneld };
  test('and flanneld itself loses no packet', real, (t) => move(t, flanneld));
});

/** Follows the section about kube-flannel. */
async function move(t: TestContext, flanneld: string | undefined): Promise<void> {
  await install();
  const cluster = await NodeCluster.start(t, server(), ['worker-1', 'worker-2']);
  const { controller, hosts } = cluster;
  const flannel = await installKubeFlannel(t, server(), hosts, flanneld);
  cluster.rollOut['daemonset/kube-flannel-ds'] = () => flannel.reconcile();
  // The pod of heddle waits for the end of that of kube-flannel.
  cluster.rollOut['daemonset/heddle'] = async () => {
    await flannel.reconcile();
    await controller.reconcile();
  };
  await flannel.reconcile();
  await cluster.installFlannelList();
  const pings = flanneld === undefined ? [] : await cluster.startPods(t);
  const assertNoneLost = async (): Promise<void> => {
    for (const ping of pings) assert.equal(await ping.lost(100), 0);
  };
  const [show, prepare, moveOne, finish, moveBack] = blocksBelow('Move from kube-flannel, and back');
  assert.ok(show && prepare && moveOne && finish && moveBack);
  const placed = (): readonly (readonly string[])[] => [flannel.nodes, controller.nodes];

  assert.deepEqual(JSON.parse(await cluster.sh(show.text)), networkOfFlannel);
  await cluster.sh(prepare.text);
  await controller.reconcile();
  assert.deepEqual(placed(), [['worker-1', 'worker-2'], []]);
  assert.match(await cluster.sh(moveOne.text), /^state +running$/m);
  assert.deepEqual(placed(), [['worker-2'], ['worker-1']]);
  await assertNoneLost();

  await cluster.sh(moveBack.text);
  await controller.reconcile();
  await flannel.reconcile();
  assert.deepEqual(placed(), [['worker-1', 'worker-2'], []]);
  await assertNoneLost();

  for (const node of hosts.keys()) await cluster.sh(moveOne.text.replace('worker-1', node));
  assert.deepEqual(placed(), [[], ['worker-1', 'worker-2']]);
  await cluster.sh(finish.text);
  for (const host of hosts.values())
    assert.deepEqual(await host.lines(`ls ${nodeRoot}/etc/cni/net.d`), ['10-heddle.conflist']);
  await assertNoneLost();
}

test('the lab of docs/kubernetes.md loses its API server and gets it back', options, async (t) => {
  const block = blocksOf(page).find(
    ({ heading, text }) => heading === 'Try it in a lab' && text.includes('lab up'),
  );
  const lines = (block?.text ?? '').split('\n').map((line) => line.replace(/ +#.*$/, ''));
  assert.deepEqual(
    lines.slice(0, 2).map((line) => notRun[line] !== undefined),
    [true, true],
  );
  const name = `drill-${process.pid}`;
  t.after(() => runHeddle(['lab', 'down', '--name', name]));
  for (const line of lines.slice(2)) {
    const words = line.replace('npx heddle ', '').replace('--name drill', `--name ${name}`).split(/ +/);
    const { exitCode, stdout, stderr } = await runHeddle(words);
    assert.equal(exitCode, 0, `${line}\n${stdout}${stderr}`);
    if (line.endsWith('get nodes')) assert.match(stdout, /^node3 /m);
  }
});

test('docs/kubernetes.md, from the installation to the removal', options, async (t) => {
  await install();
  const cluster = await NodeCluster.start(t, server(), ['worker-1', 'worker-2']);
  const { controller } = cluster;
  const follow = async (heading: string): Promise<string> => {
    const printed = [];
    for (const { text } of blocksBelow(heading)) printed.push(await cluster.sh(text));
    return printed.join('\n');
  };

  const installed = await follow('Install');
  assert.match(installed, /^worker-1 +\[10\.244\.1\.0\/24\]$/m);
  assert.match(installed, /^state +running$[^]*^peers +1 of 1 in place$[^]*^2 leases$/m);
  for (const pod of controller.pods) {
    assert.deepEqual(await probe(pod), [
      '200 heddle is running',
      '200 heddle is running',
      '200 heddle is ready',
    ]);
    const { stdout } = await pod.exec(['grep', '-E', '^(CapEff|CapBnd|NoNewPrivs)', '/proc/1/status']);
    assert.equal(stdout, 'CapEff:\t0000000000001000\nCapBnd:\t0000000000001000\nNoNewPrivs:\t1');
  }
  const pings = await cluster.startPods(t);
  const assertNoneLost = async (): Promise<void> => {
    for (const ping of pings) assert.equal(await ping.lost(100), 0);
  };

  const names = (): readonly string[] => controller.pods.map(({ name }) => name);
  const before = names();
  await follow('Upgrade');
  assert.equal(new Set([...before, ...names()]).size, 4, 'each pod is a new one');
  await assertNoneLost();

  const answers = await follow('Troubleshooting');
  assert.match(
    answers,
    /^state +running$[^]*^0 errors, 0 warnings$[^]*^2 leases$[^]*^eth0 +172\.30\.1\.1 +taken/m,
  );
  assert.match(answers, / info +ready: subnet 10\.244\.1\.0\/24, MTU 1450/);

  await follow('A recipe of your own');
  const [ran = ''] = await cluster.host('worker-1').lines('ip -o route show 10.244.2.0/24');
  assert.match(ran, / dev ov0 /);
  await Promise.all(pings.map((ping) => ping.lost()));
  // An author changes the recipe again, which does not interrupt the network.
  const lostBefore = await Promise.all(pings.map((ping) => ping.lost()));
  const change = (from: string, to: string): Promise<string> =>
    cluster.sh(`
      cd deploy/kubernetes/overlays/custom-recipe
      sed -i 's/${from}/${to}/' overlay.json
      kubectl apply -k .`);
  await change('Without its device', 'If the device is missing');
  await controller.reconcile();
  // A recipe with an error ends the rollout at the first node, whose network stays up.
  const [, ofSecond] = names();
  await change('"Overhead"', '"Overhed"');
  await assert.rejects(controller.reconcile(), /does not have a key `Overhed`/);
  assert.equal(controller.podOn('worker-2').name, ofSecond);
  await change('"Overhed"', '"Overhead"');
  await controller.reconcile();
  assert.deepEqual(await Promise.all(pings.map((ping) => ping.lost(100))), lostBefore);

  await follow('Remove heddle');
  await controller.reconcile();
  assert.deepEqual(controller.nodes, []);
  for (const host of cluster.hosts.values()) {
    const left = `ls ${nodeRoot}/etc/cni/net.d ${nodeRoot}/run/flannel | grep -v :; ip -o link show dev ov0 2>/dev/null; iptables-save | grep HEDDLE`;
    assert.deepEqual(await host.lines(`{ ${left}; } || true`), []);
  }
});
