import assert from 'node:assert/strict';
import { once } from 'node:events';
import { chmodSync, cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { execa } from 'execa';

import { kubernetesProgram } from '../../../../scripts/test/kubernetes.js';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { PodPing } from '../../etcd/pod-ping.ts';
import { startHosts } from '../../harness/host-set.ts';
import type { CommandEnd, Host } from '../../harness/host.ts';
import { Pod } from '../../harness/pod.ts';
import { heddle } from '../../lab-harness.ts';
import type { KubeApiServer } from '../kube-api-server.ts';
import { DaemonSetController, type PodTemplate } from './daemon-set.ts';
import { Kubelet, nodeRoot, type RunningPod } from './kubelet.ts';
import type { PodObject } from './pod-object.ts';

/** The `kubectl` of the page's reader: it hands its words to the test, and ends as the test says. */
const kubectlScript = `#!${process.execPath}
const socket = require('node:net').connect(process.env.KUBECTL_SOCKET);
let answer = '';
socket.on('data', (part) => (answer += part)).on('end', () => {
  const { exitCode, stdout, stderr } = JSON.parse(answer);
  if (stdout !== '') console.log(stdout);
  if (stderr !== '') console.error(stderr);
  process.exitCode = exitCode;
});
socket.end(JSON.stringify({ words: process.argv.slice(2), directory: process.cwd() }));
`;

/** One call of kubectl. */
interface Call {
  readonly words: readonly string[];
  readonly directory: string;
}

/**
 * A cluster of a real API server, whose kubelets, container runtimes and DaemonSet controller are imitated, and a shell for who operates it,
 * in a checkout of deploy/.
 */
export class NodeCluster {
  /** The controller of the DaemonSet of heddle. */
  readonly controller: DaemonSetController<RunningPod>;
  /** Runs the controllers, by the target of `kubectl rollout status`. */
  readonly rollOut: Record<string, () => Promise<void>>;
  readonly hosts: ReadonlyMap<string, Host>;
  readonly #server: KubeApiServer;
  readonly #folder: string;

  private constructor(
    server: KubeApiServer,
    hosts: ReadonlyMap<string, Host>,
    controller: DaemonSetController<RunningPod>,
    folder: string,
  ) {
    this.#server = server;
    this.hosts = hosts;
    this.controller = controller;
    this.rollOut = { 'daemonset/heddle': () => controller.reconcile() };
    this.#folder = folder;
  }

  /** Makes a cluster with these nodes. The subnet of the first one is 10.244.1.0/24. */
  static async start(t: TestContext, server: KubeApiServer, names: readonly string[]): Promise<NodeCluster> {
    const set = await startHosts(names.map(() => 1));
    const kubelets = new Map<string, Kubelet>();
    t.after(async () => {
      await set.close();
      await server.ask('DELETE', '/api/v1/namespaces/heddle/pods?gracePeriodSeconds=0');
      await server.deleteAllNodes();
    });
    for (const [index, name] of names.entries()) {
      const host = set.hosts[index];
      assert.ok(host !== undefined);
      // A kubelet annotates its Node, and flanneld needs an annotation.
      const annotations = { 'volumes.kubernetes.io/controller-managed-attach-detach': 'true' };
      await server.createNode(name, [`10.244.${index + 1}.0/24`], annotations);
      await server.patchNode(name, { metadata: { labels: { 'kubernetes.io/os': 'linux' } } });
      kubelets.set(name, await Kubelet.start(t, host, server));
    }
    const folder = temporaryDirectory(t);
    const deploy = fileURLToPath(new URL('../../../../deploy/', import.meta.url));
    cpSync(deploy, join(folder, 'deploy'), { recursive: true, verbatimSymlinks: true });
    const hosts = new Map([...kubelets].map(([name, { host }]) => [name, host]));
    const remove = (name: string): ReturnType<KubeApiServer['ask']> =>
      server.ask('DELETE', `/api/v1/namespaces/heddle/pods/${name}?gracePeriodSeconds=0`);
    const controller = new DaemonSetController<RunningPod>(server, 'heddle/heddle', names, {
      start: async (node, template) => {
        const kubelet = kubelets.get(node);
        assert.ok(kubelet !== undefined, node);
        const pod = await kubelet.run(await createPod(server, node, template));
        await pod.untilReady().catch(async (error: unknown) => {
          await remove(pod.name);
          throw error;
        });
        return pod;
      },
      end: async (pod) => {
        assert.equal(await pod.stop(), 0, pod.log);
        await remove(pod.name);
      },
    });
    const cluster = new NodeCluster(server, hosts, controller, folder);
    await cluster.#serveKubectl(t);
    return cluster;
  }

  /** Runs shell text as the operator of the cluster. Fails if a command of it fails. Returns what it prints. */
  async sh(script: string): Promise<string> {
    const { exitCode, all } = await execa('sh', ['-ec', script], {
      cwd: this.#folder,
      env: {
        PATH: `${join(this.#folder, 'bin')}:${process.env['PATH'] ?? ''}`,
        KUBECTL_SOCKET: join(this.#folder, 'kubectl.sock'),
      },
      all: true,
      reject: false,
      timeout: 90_000,
    });
    assert.equal(exitCode, 0, `${script}\n${all}`);
    return all;
  }

  host(name: string): Host {
    const host = this.hosts.get(name);
    assert.ok(host !== undefined, name);
    return host;
  }

  /** Installs a list on each node that does what kube-flannel's does by flannel's plugin. */
  async installFlannelList(): Promise<void> {
    for (const [index, host] of [...this.hosts.values()].entries()) {
      const ipam = { type: 'host-local', ranges: [[{ subnet: `10.244.${index + 1}.0/24` }]] };
      const bridge = { type: 'bridge', mtu: 1450, isDefaultGateway: true, hairpinMode: true, ipam };
      const list = { name: 'cbr0', cniVersion: '0.3.1', plugins: [bridge] };
      const directory = `${nodeRoot}/etc/cni/net.d`;
      await host.sh(
        `mkdir -p ${directory}; echo '${JSON.stringify(list)}' >${directory}/10-flannel.conflist`,
      );
    }
  }

  /** Starts a pod on each node, with the first CNI list of the node, and 200 pings a second from each to the next. */
  async startPods(t: TestContext): Promise<readonly PodPing[]> {
    const pods: { readonly host: Host; readonly pod: Pod }[] = [];
    for (const host of this.hosts.values()) {
      const directory = `${nodeRoot}/etc/cni/net.d`;
      const [list] = await host.lines(`ls ${directory}`);
      const pod = await Pod.start(host, `${directory}/${list}`);
      pods.push({ host, pod });
    }
    return Promise.all(
      pods.map(async ({ pod }, index) => {
        const [target = ''] = pods[(index + 1) % pods.length]?.pod.addresses ?? [];
        const child = pod.start(['ping', '-n', '-i', '0.005', target], { seconds: 240 });
        t.after(() => child.kill('SIGKILL'));
        return PodPing.read(child.stdout);
      }),
    );
  }

  async #serveKubectl(t: TestContext): Promise<void> {
    const programs = join(this.#folder, 'bin');
    mkdirSync(programs);
    for (const [name, script] of [
      ['kubectl', kubectlScript],
      ['heddle', `#!/bin/sh\nexec "${process.execPath}" "${heddle}" "$@"\n`],
    ] as const) {
      writeFileSync(join(programs, name), script);
      chmodSync(join(programs, name), 0o755);
    }
    const socket = createServer({ allowHalfOpen: true }, (connection) => void this.#serve(connection));
    socket.listen(join(this.#folder, 'kubectl.sock'));
    await once(socket, 'listening');
    t.after(() => socket.close());
  }

  async #serve(connection: Socket): Promise<void> {
    let words = '';
    // The shell of the operator may have been ended.
    connection.on('error', () => undefined);
    connection.on('data', (part) => (words += String(part)));
    await once(connection, 'end');
    const call = JSON.parse(words) as Call;
    const end = await this.#kubectl(call).catch((error: unknown) => ({
      exitCode: 1,
      stdout: '',
      stderr: String(error),
    }));
    connection.end(JSON.stringify(end));
  }

  /** Answers for the kubelets and the controllers; everything else is real. */
  async #kubectl({ words, directory }: Call): Promise<CommandEnd> {
    const [verb = '', ...rest] = words[0] === '-n' ? words.slice(2) : words;
    const [target = '', ...more] = rest;
    if (verb === 'exec') return this.#podOf(target).exec(more.filter((word) => word !== '--'));
    if (verb === 'logs') return { exitCode: 0, stdout: this.#podOf(target).log, stderr: '' };
    if (verb === 'rollout' && target === 'status') {
      await this.rollOut[more[0] ?? '']?.();
      return { exitCode: 0, stdout: `${more[0]} rolled out`, stderr: '' };
    }
    // The controller of Namespaces would finish the deletion.
    const wait = verb === 'delete' ? ['--wait=false'] : [];
    const { exitCode, stdout, stderr } = await execa(kubernetesProgram('kubectl'), [...words, ...wait], {
      cwd: directory,
      env: { KUBECONFIG: this.#server.kubeconfig() },
      reject: false,
      timeout: 60_000,
    });
    return { exitCode: exitCode ?? 1, stdout, stderr };
  }

  #podOf(target: string): RunningPod {
    const { pods } = this.controller;
    const pod = target === 'daemonset/heddle' ? pods[0] : pods.find(({ name }) => target === `pod/${name}`);
    assert.ok(pod !== undefined, `there is a pod ${target}`);
    return pod;
  }
}

/** Creates the Pod of a node from the template, as the controller does. */
async function createPod(
  server: KubeApiServer,
  nodeName: string,
  { metadata, spec }: PodTemplate,
): Promise<PodObject> {
  const { status, text } = await server.ask('POST', '/api/v1/namespaces/heddle/pods', {
    metadata: { generateName: 'heddle-', labels: metadata.labels },
    spec: { ...spec, nodeName },
  });
  assert.equal(status, 201, text);
  return JSON.parse(text) as PodObject;
}
