import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

import { ConfigMapVolume } from '../../../support/config-map-volume.ts';
import { temporaryDirectory } from '../../../support/temporary-directory.ts';
import { until } from '../../../support/until.ts';
import type { CommandEnd, Host } from '../../harness/host.ts';
import { openGateway } from '../gateway.ts';
import type { KubeApiServer } from '../kube-api-server.ts';
import type { PodContainer, PodObject, Probe, Volume } from './pod-object.ts';

/** The first address for services: that of the API server in every pod. It is in the server's certificate. */
export const serviceAddress = '10.96.0.1';

/** The files of the node, in place of those of this machine: a hostPath /etc/x is /run/node/etc/x on the host. */
export const nodeRoot = '/run/node';

const checkout = fileURLToPath(new URL('../../../../', import.meta.url));

/** The image: this machine's programs and libraries, with heddle in /opt/heddle, as a writable layer over them that only the set-up writes. */
const imageScript = `
layers=$(mktemp -d /run/layers-XXXXXX)
mkdir "$layers/upper" "$layers/work" "$layers/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$layers/upper,workdir=$layers/work" "$layers/root"
root=$layers/root
mkdir -p "$root/opt/heddle" "$root$NODE_DIRECTORY"
[ -e "$root$NODE_DIRECTORY/node" ] || mount --bind "$NODE_DIRECTORY" "$root$NODE_DIRECTORY"
mount --bind "$CHECKOUT" "$root/opt/heddle"
mount -o remount,bind,ro "$root/opt/heddle"
mount -t tmpfs tmpfs "$root/run"
mount -t proc proc "$root/proc"
mount --bind "$root/proc/sys" "$root/proc/sys"; mount -o remount,bind,ro "$root/proc/sys"
mount -t sysfs -o ro sysfs "$root/sys"
mount -t tmpfs tmpfs "$root/dev"
for device in null zero full random urandom tty; do : >"$root/dev/$device"; mount --bind "/dev/$device" "$root/dev/$device"; done
`;

/** After the mounts of the volumes: the root becomes the image's, and the container's process takes the place of the shell. */
const enterScript = `
cd "$root"
pivot_root . .
umount -l .
cd /
exec "$@"
`;

/** The reason why no container can run here; false if it can. */
export function lacksOverlayfs(): string | false {
  const script = `
    mount -t tmpfs tmpfs /run && mkdir /run/upper /run/work /run/root &&
    mount -t overlay overlay -o lowerdir=/,upperdir=/run/upper,workdir=/run/work /run/root`;
  const { status } = spawnSync('unshare', ['--mount', '--propagation', 'private', 'sh', '-c', script]);
  return status !== 0 && 'needs overlayfs in the kernel';
}

/**
 * A node's kubelet and container runtime, as far as they matter to a container: mounts, environment, capabilities, namespaces, probes and
 * signals. The container is a process tree with a PID and a mount namespace of its own in the host's network namespace.
 */
export class Kubelet {
  readonly host: Host;
  readonly #server: KubeApiServer;
  readonly #directory: string;
  #volumes = 0;

  private constructor(host: Host, server: KubeApiServer, directory: string) {
    this.host = host;
    this.#server = server;
    this.#directory = directory;
  }

  static async start(t: TestContext, host: Host, server: KubeApiServer): Promise<Kubelet> {
    // host-local keeps its records in /var/lib/cni.
    await host.sh(`ip address add ${serviceAddress}/32 dev lo; mount -t tmpfs tmpfs /var/lib`);
    t.after(await openGateway(host, server, serviceAddress));
    return new Kubelet(host, server, temporaryDirectory(t));
  }

  /** Starts the container of a pod. */
  async run(pod: PodObject): Promise<RunningPod> {
    const [container] = pod.spec.containers;
    const mounts: string[] = [];
    for (const volume of pod.spec.volumes) {
      const uses = container.volumeMounts.filter(({ name }) => name === volume.name);
      const source = await this.#place(pod, volume);
      for (const { mountPath, readOnly } of uses)
        mounts.push(mountText(source, mountPath, readOnly === true));
    }
    assert.equal(container.securityContext.readOnlyRootFilesystem, true);
    const readOnlyRoot = 'mount -o remount,bind,ro "$root"; mount -o remount,bind,ro "$root/run"';
    const script = ['set -e', imageScript, ...mounts, readOnlyRoot, enterScript].join('\n');
    const inside = [
      ...confinement(container),
      ...['env', '-i', ...environmentOf(pod), ...container.command, ...(container.args ?? [])],
    ];
    const namespaces = ['--mount', '--pid', '--fork', '--kill-child', '--propagation', 'private'];
    const child = this.host.start(
      [
        ...['sh', '-c', 'echo $$; exec "$@"', 'sh', 'unshare', ...namespaces],
        ...['sh', '-c', script, 'sh', ...inside],
      ],
      {
        environment: { CHECKOUT: checkout, NODE_DIRECTORY: join(process.execPath, '..') },
        seconds: 300,
      },
    );
    const log = new Log(child);
    const soFar = (): string => log.text;
    const outer = await until('the container to be started', () => /^(\d+)\n/.exec(log.text)?.[1], soFar);
    const first = await until(
      'the first process of the container',
      async () => {
        const { stdout } = await this.host.run(['cat', `/proc/${outer}/task/${outer}/children`]);
        const pid = stdout.trim();
        return pid === '' ? undefined : pid;
      },
      soFar,
    );
    return new RunningPod(this, pod, Number(first), child, log);
  }

  /** Makes the source of a volume, and returns its path on the host. */
  async #place(pod: PodObject, volume: Volume): Promise<string> {
    const { hostPath, configMap, projected } = volume;
    if (hostPath !== undefined) {
      const path = `${nodeRoot}${hostPath.path}`;
      const isFile = hostPath.type === 'FileOrCreate';
      await this.host.sh(
        isFile ? `mkdir -p ${join(path, '..')}; [ -e ${path} ] || : >${path}` : `mkdir -p ${path}`,
      );
      return path;
    }
    this.#volumes += 1;
    const own = join(this.#directory, `${volume.name}-${this.#volumes}`);
    if (configMap !== undefined) {
      new ConfigMapVolume(own).write(await this.#readConfigMap(pod, configMap.name));
      return own;
    }
    if (projected !== undefined) {
      let files: Readonly<Record<string, string>> = {};
      for (const { serviceAccountToken, configMap: source } of projected.sources) {
        if (serviceAccountToken !== undefined)
          files = { ...files, [serviceAccountToken.path]: await this.#createToken(pod) };
        else if (source !== undefined) files = { ...files, ...(await this.#readConfigMap(pod, source.name)) };
        else files = { ...files, namespace: pod.metadata.namespace };
      }
      new ConfigMapVolume(own).write(files);
      return own;
    }
    assert.ok(volume.emptyDir !== undefined, `the volume ${volume.name} is of a known kind`);
    const path = `/run/empty-${this.#volumes}`;
    await this.host.sh(`mkdir -m 777 ${path}`);
    return path;
  }

  async #readConfigMap(pod: PodObject, name: string): Promise<Readonly<Record<string, string>>> {
    const text = await this.#server.kubectl(
      ...['-n', pod.metadata.namespace, 'get', 'configmap', name, '-o', 'json'],
    );
    return (JSON.parse(text) as { readonly data: Readonly<Record<string, string>> }).data;
  }

  async #createToken({ metadata, spec }: PodObject): Promise<string> {
    return this.#server.kubectl('-n', metadata.namespace, 'create', 'token', spec.serviceAccountName ?? '');
  }
}

/** The output of a program so far. */
class Log {
  text = '';

  constructor({ stdout, stderr }: ReturnType<Host['start']>) {
    for (const stream of [stdout, stderr]) stream.on('data', (part) => (this.text += String(part)));
  }
}

/** A pod whose container runs. */
export class RunningPod {
  readonly name: string;
  readonly #kubelet: Kubelet;
  readonly #object: PodObject;
  readonly #first: number;
  readonly #child: ReturnType<Host['start']>;
  readonly #log: Log;

  constructor(
    kubelet: Kubelet,
    object: PodObject,
    first: number,
    child: ReturnType<Host['start']>,
    log: Log,
  ) {
    this.name = object.metadata.name;
    this.#kubelet = kubelet;
    this.#object = object;
    this.#first = first;
    this.#child = child;
    this.#log = log;
  }

  /** Makes the request of a probe, from the node to the pod's address, which is the node's. */
  async probe(kind: 'startupProbe' | 'livenessProbe' | 'readinessProbe'): Promise<string> {
    const probe: Probe = this.#object.spec.containers[0][kind];
    const { host = this.#kubelet.host.publicIp, port, path } = probe.httpGet;
    const script = `fetch('http://${host}:${port}${path}', { signal: AbortSignal.timeout(${probe.timeoutSeconds * 1000}) })
      .then(async (r) => console.log(r.status, await r.text()), ({ cause }) => console.log('none', cause?.code))`;
    return (await this.#kubelet.host.run([process.execPath, '-e', script])).stdout.trimEnd();
  }

  /** Waits until the startup probe, and then the readiness probe, succeeds. */
  async untilReady(): Promise<void> {
    for (const kind of ['startupProbe', 'readinessProbe'] as const) {
      let last = '';
      await until(
        `the ${kind} of ${this.name} to succeed`,
        async () => {
          if (this.#child.exitCode !== null) throw new Error(`the container ended:\n${this.log}`);
          last = await this.probe(kind);
          return last.startsWith('200 ');
        },
        () => `${last}\n${this.log}`,
      );
    }
  }

  /** Runs a program in the container, as `kubectl exec` does. */
  exec(words: readonly string[]): Promise<CommandEnd> {
    const [container] = this.#object.spec.containers;
    return this.#kubelet.host.run([
      ...['nsenter', '--target', String(this.#first), '--mount', '--pid', '--'],
      ...[...confinement(container), 'env', '-i', ...environmentOf(this.#object), ...words],
    ]);
  }

  /** Sends SIGTERM to the container's first process, and waits for the end within the grace period. Returns the exit code. */
  async stop(): Promise<number | undefined> {
    await this.#kubelet.host.run(['kill', '-TERM', String(this.#first)]);
    const { terminationGracePeriodSeconds: seconds } = this.#object.spec;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      const give = (): void => reject(new Error(`${this.name} did not end within ${seconds} seconds`));
      timer = setTimeout(give, seconds * 1000);
    });
    const { exitCode } = await Promise.race([this.#child, late]).finally(() => clearTimeout(timer));
    return exitCode;
  }

  /** The log of the container so far. */
  get log(): string {
    return this.#log.text;
  }
}

function mountText(source: string, mountPath: string, isReadOnly: boolean): string {
  // As in a container, /var/run is /run, and a mount point that the image lacks is created.
  const target = `"$root"${mountPath.replace('/var/run/', '/run/')}`;
  const place = `if [ -d ${source} ]; then mkdir -p ${target}; else mkdir -p "$(dirname ${target})"; : >${target}; fi`;
  const readOnly = isReadOnly ? `; mount -o remount,bind,ro ${target}` : '';
  return `${place}; mount --bind ${source} ${target}${readOnly}`;
}

/** The words that start a program with the capabilities of a container. */
function confinement({ securityContext }: PodContainer): readonly string[] {
  const { capabilities, allowPrivilegeEscalation, privileged } = securityContext;
  assert.deepEqual([capabilities.drop, privileged], [['ALL'], false]);
  const bounding = ['-all', ...capabilities.add.map((name) => `+${name.toLowerCase()}`)].join(',');
  const escalation = allowPrivilegeEscalation ? [] : ['--no-new-privs'];
  return ['setpriv', '--inh-caps=-all', `--bounding-set=${bounding}`, ...escalation, '--'];
}

/** The variables of a container: of the image, of the cluster, and of the pod. */
function environmentOf({ metadata, spec }: PodObject): readonly string[] {
  const fields: Readonly<Record<string, unknown>> = { metadata, spec };
  const read = (path: string): string =>
    path
      .split('.')
      .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], fields) as string;
  const [container] = spec.containers;
  return [
    `PATH=/opt/heddle/bin:${join(process.execPath, '..')}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`,
    ...[`KUBERNETES_SERVICE_HOST=${serviceAddress}`, 'KUBERNETES_SERVICE_PORT=2379', 'HOME=/root'],
    ...container.env.map(
      ({ name, value, valueFrom }) => `${name}=${value ?? read(valueFrom?.fieldRef.fieldPath ?? '')}`,
    ),
  ];
}
