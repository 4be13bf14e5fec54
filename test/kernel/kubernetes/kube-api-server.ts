import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test, type TestContext } from 'node:test';

import { execa } from 'execa';
import type { Etcd3 } from 'etcd3';

import { kubernetesProblem, kubernetesProgram } from '../../../scripts/test/kubernetes.js';
import type { NodeObject } from '../../../src/store/kubernetes/node-object.ts';
import { Authority } from '../../store/etcd/certificates.ts';
import { ownLoopbackAddress } from '../../store/etcd/loopback.ts';
import { EtcdServer } from '../../store/etcd/server.ts';
import { endChild } from '../../support/end-child.ts';
import { TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

/** The port of etcd, so that the proxy of the etcd tests can stand before this server, too. */
const port = 2379;

/** A name in the certificate that the server makes for itself, for connections through a proxy. */
const certifiedName = 'kubernetes.default';

const adminToken = 'admin-of-the-tests';

/** The user that the daemon of a test is: it has only the rights that a test gives it. */
export const plainUser = { name: 'heddle', token: 'heddle-of-the-tests' };

/** A real kube-apiserver on a real etcd, on loopback addresses of their own. */
export class KubeApiServer {
  readonly address = ownLoopbackAddress();
  readonly etcd: EtcdServer;
  /** The authority for client certificates. */
  readonly authority: Authority;
  readonly directory = new TemporaryDirectory();
  readonly #flags: Readonly<Record<string, string>>;
  #kubectlConfig: string | undefined;
  #etcdClient: Etcd3 | undefined;
  #process: ChildProcess | undefined;
  #log = '';

  private constructor(etcd: EtcdServer, authority: Authority, flags: Readonly<Record<string, string>>) {
    this.etcd = etcd;
    this.authority = authority;
    this.#flags = flags;
  }

  /** @param flags more flags of kube-apiserver, without their dashes */
  static async start(flags: Readonly<Record<string, string>> = {}): Promise<KubeApiServer> {
    const server = new KubeApiServer(await EtcdServer.start(), await Authority.make(), flags);
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    server.#write('accounts.key', privateKey.export({ type: 'pkcs8', format: 'pem' }));
    server.#write('accounts.pub', publicKey.export({ type: 'spki', format: 'pem' }));
    server.#write(
      'tokens.csv',
      `${adminToken},admin,admin,"system:masters"\n${plainUser.token},${plainUser.name},${plainUser.name}\n`,
    );
    try {
      await server.start();
    } catch (error) {
      await server.destroy();
      throw error;
    }
    return server;
  }

  /** Resolves when it is ready. */
  async start(): Promise<void> {
    const command = ['--pdeathsig', 'KILL', kubernetesProgram('kube-apiserver'), ...this.#arguments()];
    const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    this.#log = '';
    for (const stream of [child.stdout, child.stderr])
      stream
        .setEncoding('utf8')
        .on('data', (line: string) => (this.#log = (this.#log + line).slice(-20_000)));
    await until(
      'kube-apiserver to be ready',
      async () => {
        if (child.exitCode !== null) throw new Error(`kube-apiserver ended:\n${this.#log.slice(-3000)}`);
        if (!existsSync(this.caFile)) return false;
        const answer = await this.ask('GET', '/readyz').catch(() => undefined);
        return answer?.status === 200;
      },
      () => this.#log.slice(-3000),
    );
  }

  /** Ends it, and resolves when it has; etcd keeps the data. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await endChild(child, signal);
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  async destroy(): Promise<void> {
    await this.stop();
    await this.etcd.destroy();
    this.authority.destroy();
    this.directory.remove();
  }

  get caFile(): string {
    return join(this.directory.path, 'apiserver.crt');
  }

  /** Writes a kubeconfig file, and returns its path. */
  kubeconfig({
    token = adminToken,
    user = { token },
    address = this.address,
  }: {
    readonly token?: string;
    readonly user?: object;
    readonly address?: string;
  } = {}): string {
    const cluster = {
      server: `https://${address}:${port}`,
      'certificate-authority': this.caFile,
      'tls-server-name': certifiedName,
    };
    return this.#write(
      `kubeconfig-${randomUUID()}`,
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Config',
        clusters: [{ name: 'c', cluster }],
        users: [{ name: 'u', user }],
        contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
        'current-context': 'x',
      }),
    );
  }

  /** Makes a request past heddle, as an administrator unless there is another token. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    type = 'application/json',
    token = adminToken,
  ): Promise<{ readonly status: number; readonly text: string }> {
    const request = https.request({
      host: this.address,
      port,
      path,
      method,
      ca: readFileSync(this.caFile),
      servername: certifiedName,
      agent: false,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': type },
    });
    request.end(body === undefined ? undefined : JSON.stringify(body));
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    return { status: response.statusCode ?? 0, text: await text(response) };
  }

  /** Runs kubectl as an administrator, and returns its output. */
  async kubectl(...words: readonly string[]): Promise<string> {
    this.#kubectlConfig ??= this.kubeconfig();
    const { stdout } = await execa(kubernetesProgram('kubectl'), [
      '--kubeconfig',
      this.#kubectlConfig,
      ...words,
    ]);
    return stdout;
  }

  /** Writes an object past the API server, which might not take it; what stands in etcd counts. */
  async smuggle(path: string, object: object): Promise<void> {
    await this.smuggleAll([[path, object]]);
  }

  /** Writes many objects as if another API server on the same etcd had taken them: fast enough for thousands. */
  async smuggleAll(objects: readonly (readonly [path: string, object: object])[]): Promise<void> {
    this.#etcdClient ??= await this.etcd.client();
    // A transaction may have 1.5 MB.
    for (let start = 0; start < objects.length; start += 50) {
      const success = objects.slice(start, start + 50).map(([path, object]) => ({
        request_put: { key: Buffer.from(`/registry/${path}`), value: Buffer.from(JSON.stringify(object)) },
      }));
      await this.#etcdClient.kv.txn({ success });
    }
  }

  async create(path: string, object: unknown): Promise<void> {
    const { status, text: answer } = await this.ask('POST', path, object);
    assert.ok(status < 300 || status === 409, answer);
  }

  /** Gives a user or a ServiceAccount these rights, in place of those before: `nodes get`. The plain user by default. */
  async allow(...rights: readonly string[]): Promise<void> {
    await this.allowSubject(
      { kind: 'User', name: plainUser.name, apiGroup: 'rbac.authorization.k8s.io' },
      rights,
    );
  }

  async allowSubject(subject: object, rights: readonly string[]): Promise<void> {
    const path = '/apis/rbac.authorization.k8s.io/v1';
    const api = { apiVersion: 'rbac.authorization.k8s.io/v1' };
    const metadata = { name: 'heddle' };
    const rules = rights.map((right) => {
      const [resource, verb] = right.split(' ');
      return { apiGroups: [''], resources: [resource], verbs: [verb] };
    });
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'heddle' };
    await this.ask('DELETE', `${path}/clusterroles/heddle`);
    await this.ask('DELETE', `${path}/clusterrolebindings/heddle`);
    await this.create(`${path}/clusterroles`, { ...api, kind: 'ClusterRole', metadata, rules });
    await this.create(`${path}/clusterrolebindings`, {
      ...api,
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef,
      subjects: [subject],
    });
  }

  /** Makes a Node with these pod CIDRs. */
  async createNode(
    name: string,
    podCIDRs: readonly string[],
    annotations: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.create('/api/v1/nodes', {
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name, annotations },
      spec: podCIDRs.length === 0 ? {} : { podCIDRs, podCIDR: podCIDRs[0] },
    });
  }

  async node(
    name: string,
  ): Promise<NodeObject & { readonly status: { readonly conditions?: readonly Condition[] } }> {
    return JSON.parse((await this.ask('GET', `/api/v1/nodes/${name}`)).text) as never;
  }

  /** Patches a Node by a strategic merge patch; with `/status`, its status. */
  async patchNode(name: string, patch: unknown, part: '' | '/status' = ''): Promise<void> {
    const path = `/api/v1/nodes/${name}${part}`;
    const { status, text: answer } = await this.ask(
      'PATCH',
      path,
      patch,
      'application/strategic-merge-patch+json',
    );
    assert.equal(status, 200, answer);
  }

  /** Changes what a kubelet reports now and then, and nothing else. */
  async heartbeat(name: string): Promise<void> {
    const now = new Date().toISOString();
    const condition = { type: 'Ready', status: 'True', lastHeartbeatTime: now, reason: randomUUID() };
    await this.patchNode(name, { status: { conditions: [condition] } }, '/status');
  }

  async deleteNode(name: string): Promise<void> {
    await this.ask('DELETE', `/api/v1/nodes/${name}`);
  }

  async deleteAllNodes(): Promise<void> {
    await this.ask('DELETE', '/api/v1/nodes');
  }

  #write(name: string, content: string | Buffer): string {
    const path = join(this.directory.path, name);
    writeFileSync(path, content, { mode: 0o600 });
    return path;
  }

  #arguments(): string[] {
    const file = (name: string): string => join(this.directory.path, name);
    return Object.entries({
      'etcd-servers': this.etcd.endpoint,
      'service-account-key-file': file('accounts.pub'),
      'service-account-signing-key-file': file('accounts.key'),
      'service-account-issuer': 'https://kubernetes.test',
      'authorization-mode': 'RBAC',
      'token-auth-file': file('tokens.csv'),
      'client-ca-file': this.authority.caFile,
      'cert-dir': this.directory.path,
      'bind-address': this.address,
      'advertise-address': this.address,
      'secure-port': String(port),
      'service-cluster-ip-range': '10.96.0.0/24',
      'endpoint-reconciler-type': 'none',
      // The lists of the tests are small, and their time counts.
      profiling: 'false',
      ...this.#flags,
    }).map(([name, value]) => `--${name}=${value}`);
  }
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

/** The reason why a test with an API server cannot run; false if it can. */
export const skip: string | false =
  kubernetesProblem('kube-apiserver') ?? kubernetesProblem('kubectl') ?? false;

/** Starts one server for all tests of a file, and stops it after them. Call it at the file's top level. */
export function shareApiServer(flags: Readonly<Record<string, string>> = {}): () => KubeApiServer {
  let server: KubeApiServer | undefined;
  if (skip === false) {
    before(
      async () => {
        server = await KubeApiServer.start(flags);
      },
      { timeout: 90_000 },
    );
    after(() => server?.destroy());
  }
  return () => {
    assert.ok(server !== undefined, 'the server runs only while tests run');
    return server;
  };
}

/** A test that needs the API server. */
export function kubeTest(title: string, body: (t: TestContext) => Promise<void>): void {
  test(title, { skip, timeout: 60_000 }, body);
}
