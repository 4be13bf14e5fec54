import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { spawn, type ChildProcess } from 'node:child_process';

import { Etcd3, type IOptions } from 'etcd3';

import type { CertificateFiles } from './certificates.ts';
import { ownLoopbackAddress } from './loopback.ts';
import { endChild } from '../../support/end-child.ts';
import { TemporaryDirectory } from '../../support/temporary-directory.ts';
import { until } from '../../support/until.ts';

interface ServerTls extends CertificateFiles {
  readonly caFile: string;
  /** Whether clients must have a certificate, too. */
  readonly asksClients: boolean;
}

interface ServerOptions {
  readonly address?: string;
  readonly tls?: ServerTls;
  /** Whether it serves the v2 API as well. */
  readonly v2?: boolean;
  /** The addresses of all members, for a cluster of several. */
  readonly cluster?: readonly string[];
}

/** etcd 3.4 and 3.5, with TLS (`securely`) and without. */
const ready = /serving client traffic (?:in)?securely/;

/** A real etcd of a test's own: on a loopback address of its own, its data in a temporary directory. */
export class EtcdServer {
  readonly address: string;
  readonly endpoint: string;
  readonly #directory = new TemporaryDirectory();
  readonly #options: ServerOptions;
  readonly #clients: Etcd3[] = [];
  #process: ChildProcess | undefined;
  #log = '';

  /** A server that does not run yet. */
  constructor(options: ServerOptions = {}) {
    this.#options = options;
    this.address = options.address ?? ownLoopbackAddress();
    this.endpoint = `${options.tls === undefined ? 'http' : 'https'}://${this.address}:2379`;
  }

  static async start(options: ServerOptions = {}): Promise<EtcdServer> {
    const server = new EtcdServer(options);
    await server.start();
    return server;
  }

  /** Resolves when it answers clients; a member of a cluster does so only when most of them run. */
  async start(): Promise<void> {
    // However the test ends, its server ends with it.
    const command = ['--pdeathsig', 'KILL', 'etcd', ...this.#arguments()];
    const child = spawn('setpriv', command, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#process = child;
    this.#log = '';
    let trouble: Error | undefined;
    child.once('error', (error) => (trouble = error));
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => (this.#log += text));
    await until(
      'etcd to serve',
      () => {
        if (ready.test(this.#log)) return true;
        if (trouble) throw trouble;
        if (child.exitCode === null && child.signalCode === null) return false;
        throw new Error(`etcd ended before it was ready:\n${this.#log.slice(-2000)}`);
      },
      () => this.#log.slice(-2000),
    );
  }

  /** Ends it, and resolves when it has; its data stay. */
  async stop(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    await endChild(child, signal);
  }

  /** Stops it in its tracks, connections and all; `SIGCONT` lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process?.kill(signal);
  }

  /** Forgets everything, as when its disk was replaced. */
  async wipe(): Promise<void> {
    await rm(join(this.#directory.path, 'data'), { recursive: true, force: true });
  }

  /** etcd3 itself, to do and see what heddle is not involved in. */
  async client(auth?: NonNullable<IOptions['auth']>, identity?: CertificateFiles): Promise<Etcd3> {
    const { tls } = this.#options;
    const client = new Etcd3({
      hosts: this.endpoint,
      grpcOptions: { 'grpc.enable_http_proxy': 0 },
      ...(auth !== undefined && { auth }),
      ...(tls !== undefined && { credentials: await readCredentials(tls.caFile, identity) }),
    });
    this.#clients.push(client);
    return client;
  }

  async destroy(): Promise<void> {
    for (const client of this.#clients) client.close();
    await this.stop();
    this.#directory.remove();
  }

  #arguments(): string[] {
    const { tls, v2 = false, cluster = [this.address] } = this.#options;
    const peerUrl = (address: string): string => `http://${address}:2380`;
    const options: Readonly<Record<string, string>> = {
      name: this.address,
      'data-dir': join(this.#directory.path, 'data'),
      'listen-client-urls': this.endpoint,
      'advertise-client-urls': this.endpoint,
      'listen-peer-urls': peerUrl(this.address),
      'initial-advertise-peer-urls': peerUrl(this.address),
      'initial-cluster': cluster.map((address) => `${address}=${peerUrl(address)}`).join(','),
      'initial-cluster-token': cluster.join(),
      'heartbeat-interval': '50',
      'election-timeout': '500',
      // Tests probe their connections far more often than nodes do.
      'grpc-keepalive-min-time': '50ms',
      logger: 'zap',
      ...(v2 && { 'enable-v2': 'true' }),
      ...(tls !== undefined && { 'cert-file': tls.certFile, 'key-file': tls.keyFile }),
      ...(tls?.asksClients === true && { 'client-cert-auth': 'true', 'trusted-ca-file': tls.caFile }),
    };
    return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
  }
}

async function readCredentials(
  caFile: string,
  identity: CertificateFiles | undefined,
): Promise<NonNullable<IOptions['credentials']>> {
  const rootCertificate = await readFile(caFile);
  if (identity === undefined) return { rootCertificate };
  const [certChain, privateKey] = [await readFile(identity.certFile), await readFile(identity.keyFile)];
  return { rootCertificate, certChain, privateKey };
}
