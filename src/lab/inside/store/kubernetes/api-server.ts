import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import type { HostPlan } from '../../../plan/topology.ts';
import { programPath } from '../../../process/program-path.ts';
import {
  kubeconfigFile,
  kubernetesDirectory,
  logFileOf,
  pathInLab,
  sharedDirectory,
  type HostStatus,
  type LabSpec,
  type LinkState,
} from '../../../protocol.ts';
import type { LabTrouble } from '../../../report/report.ts';
import type { Changes } from '../../changes.ts';
import { nodeEnvironment } from '../../node/environment.ts';
import { holdHost, runInHost, type Holder } from '../../node/holder.ts';
import { RunningProgram } from '../../running-program.ts';
import { awaitEtcd, makeEtcdDirectory, runEtcd } from '../etcd-program.ts';
import { awaitServer, describeServer, serverStatus } from '../server-program.ts';
import { ApiClient } from './api-client.ts';
import { accountCreations, nodeCreation, tokenCreation, writeKubeconfig } from './cluster-objects.ts';
import { findKubeApiServer } from './find-program.ts';

/** The place of the API server in the lab. */
interface ApiServerPlace {
  readonly host: HostPlan;
  /** The name of the network configuration in the lab's share. */
  readonly networkFile: string;
  /** Called with a clause for each step that takes long. */
  readonly onStep: (step: string) => void;
}

const port = 6443;
const askEveryMs = 100;

/** The API server of a lab's cluster, in namespaces of its own. Its etcd runs on the same host, and is not a target of faults. */
export class LabApiServer {
  readonly what = 'server';
  readonly plan: HostPlan;
  link: LinkState = 'joined';
  running: RunningProgram;
  readonly #holder: Holder;
  readonly #place: ApiServerPlace;
  readonly #client: ApiClient;
  readonly #spec: LabSpec;
  readonly #changes: Changes;

  private constructor(
    place: ApiServerPlace,
    holder: Holder,
    client: ApiClient,
    spec: LabSpec,
    changes: Changes,
  ) {
    this.plan = place.host;
    this.#place = place;
    this.#holder = holder;
    this.#client = client;
    this.#spec = spec;
    this.#changes = changes;
    this.running = this.#run();
  }

  /** Starts etcd and the API server, and creates the Nodes, and an account for their daemons. Throws a Failure. */
  static async start(place: ApiServerPlace, spec: LabSpec, changes: Changes): Promise<LabApiServer> {
    const { host, onStep } = place;
    onStep(`starting kube-apiserver on ${host.name}, which takes some seconds`);
    await Promise.all([makeEtcdDirectory(host), makeDirectory(host.name)]);
    const token = await writeSecrets(host.name);
    await linkKubectl();
    const holder = await holdHost(host);
    const etcd = { host, endpoint: etcdEndpoint, tls: false };
    await awaitEtcd(etcd, runEtcd(etcd, holder, spec, changes), spec.timeoutMs);
    const client = await ApiClient.open(
      {
        holder,
        socketInHost: `${kubernetesDirectory}/relay.sock`,
        socket: pathInLab(host.name, `${kubernetesDirectory}/relay.sock`),
        address: host.ipv4.address,
        port,
      },
      token,
    );
    const server = new LabApiServer(place, holder, client, spec, changes);
    await server.#becomeReady();
    onStep('kube-apiserver serves, creating Nodes');
    await server.#populate(token);
    return server;
  }

  /** Replaces the network configuration, as a whole: daemons follow the file. */
  async writeNetwork(document: string): Promise<void> {
    const file = `${sharedDirectory}/${this.#place.networkFile}`;
    await writeFile(`${file}.draft`, document);
    await rename(`${file}.draft`, file);
  }

  /** Starts the API server again; etcd still has its data. Throws a Failure if it does not serve. */
  async restart(): Promise<void> {
    this.running = this.#run();
    await this.#becomeReady();
  }

  /** The last lines of the API server's output, as the reason of a failure. */
  trouble(otherwise: string): LabTrouble {
    return describeServer(this.plan.name, this.running, otherwise);
  }

  status(): HostStatus {
    return serverStatus(this.plan, this.#holder, this.link, this.running);
  }

  #run(): RunningProgram {
    const { name, ipv4 } = this.plan;
    const program = findKubeApiServer(programPath(process.env['PATH']));
    const command = runInHost(this.#holder, [program, ...apiServerOptions(ipv4.address)]);
    const environment = nodeEnvironment(name, process.env, this.#spec.store);
    return new RunningProgram({ command, cwd: '/', environment, logFile: logFileOf(name) }, this.#changes);
  }

  #becomeReady(): Promise<void> {
    const isReady = async (): Promise<boolean> => {
      const certificate = await this.#readCertificate().catch(() => undefined);
      return certificate !== undefined && this.#client.isReady(certificate);
    };
    const { name } = this.plan;
    return awaitServer(this.running, { name, isReady, askEveryMs, timeoutMs: this.#spec.timeoutMs });
  }

  /** The certificate that the API server makes for itself on its first start. */
  #readCertificate(): Promise<string> {
    return readFile(pathInLab(this.plan.name, `${kubernetesDirectory}/apiserver.crt`), 'utf8');
  }

  /** Gives each node its Node, and a token of the daemons' account. */
  async #populate(adminToken: string): Promise<void> {
    const certificate = await this.#readCertificate();
    for (const creation of accountCreations) await this.#client.create(creation, certificate);
    const server = `https://${this.plan.ipv4.address}:${port}`;
    const give = async (host: string, token: string): Promise<void> => {
      await makeDirectory(host);
      await writePrivate(host, kubeconfigFile, writeKubeconfig({ server, certificate, token }, encodeBase64));
    };
    await Promise.all([
      this.writeNetwork(this.#spec.networkDocument),
      give(this.plan.name, adminToken),
      ...Object.entries(this.#spec.podCidrs).map(async ([node, podCidrs]) => {
        await this.#client.create(nodeCreation(node, podCidrs), certificate);
        const answer = (await this.#client.create(tokenCreation, certificate)) as TokenAnswer;
        await give(node, answer.status.token);
      }),
    ]);
  }
}

interface TokenAnswer {
  readonly status: { readonly token: string };
}

/** Only the API server, on the same host, reaches this etcd. */
const etcdEndpoint = 'http://127.0.0.1:2379';

/** Lets people run the kubectl that was built with the API server, if any, by its name. */
async function linkKubectl(): Promise<void> {
  const kubectl = join(dirname(findKubeApiServer(programPath(process.env['PATH']))), 'kubectl');
  if (isAbsolute(kubectl) && existsSync(kubectl)) await symlink(kubectl, `${sharedDirectory}/bin/kubectl`);
}

async function makeDirectory(host: string): Promise<void> {
  await mkdir(pathInLab(host, kubernetesDirectory), { recursive: true, mode: 0o700 });
}

/** Writes the key that signs tokens, and the administrator's token. Returns that token. */
async function writeSecrets(host: string): Promise<string> {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const token = randomBytes(16).toString('hex');
  await Promise.all([
    writePrivate(host, accountKey, privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    writePrivate(host, accountPublicKey, publicKey.export({ type: 'spki', format: 'pem' }).toString()),
    writePrivate(host, tokensFile, `${token},admin,admin,"system:masters"\n`),
  ]);
  return token;
}

const accountKey = `${kubernetesDirectory}/accounts.key`;
const accountPublicKey = `${kubernetesDirectory}/accounts.pub`;
const tokensFile = `${kubernetesDirectory}/tokens.csv`;

async function writePrivate(host: string, path: string, content: string): Promise<void> {
  await writeFile(pathInLab(host, path), content, { mode: 0o600 });
}

function encodeBase64(value: string): string {
  return Buffer.from(value).toString('base64');
}

/** The options of kube-apiserver: nobody but the administrator and ServiceAccounts with roles may do anything. */
function apiServerOptions(address: string): readonly string[] {
  const options: Readonly<Record<string, string>> = {
    'etcd-servers': etcdEndpoint,
    'service-account-key-file': accountPublicKey,
    'service-account-signing-key-file': accountKey,
    'service-account-issuer': 'https://kubernetes.default.svc',
    'authorization-mode': 'RBAC',
    'token-auth-file': tokensFile,
    'cert-dir': kubernetesDirectory,
    'bind-address': address,
    'advertise-address': address,
    'secure-port': String(port),
    // No Service of the lab is ever used, but the API server needs a range for them.
    'service-cluster-ip-range': '198.19.0.0/24',
    'endpoint-reconciler-type': 'none',
    // Without it, a stop waits for the watches of the daemons, which never end.
    'shutdown-watch-termination-grace-period': '1s',
    profiling: 'false',
  };
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}
