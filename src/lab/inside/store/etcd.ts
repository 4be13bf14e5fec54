import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { Failure } from '../../../diagnostic/failure.ts';
import { layOutKeys } from '../../../store/etcd/layout.ts';
import { defaultPrefix } from '../../../store/etcd/options.ts';
import type { HostPlan } from '../../plan/topology.ts';
import {
  etcdDirectory,
  etcdSocketName,
  logFileOf,
  pathInLab,
  type HostStatus,
  type LabSpec,
  type LinkState,
} from '../../protocol.ts';
import type { LabTrouble } from '../../report/report.ts';
import { etcdTlsFiles, makeCertificates } from './certificates.ts';
import type { Changes } from '../changes.ts';
import { nodeEnvironment } from '../node/environment.ts';
import { isHealthy, putKey } from './etcd-gateway.ts';
import { enterHost, holdHost, type Holder } from '../node/holder.ts';
import { describeProgram, RunningProgram } from '../running-program.ts';

/** The place of etcd in the lab, and the way in which clients reach it. */
interface EtcdPlace {
  readonly host: HostPlan;
  /** The URL for clients: `http://172.30.0.200:2379` */
  readonly endpoint: string;
  /** Whether etcd requires certificates. */
  readonly tls: boolean;
}

const askEveryMs = 10;
const socketPath = pathInLab('etcd', `${etcdDirectory}/${etcdSocketName}`);

/** The etcd that holds a lab's leases, in namespaces of its own. */
export class LabEtcd {
  readonly what = 'server';
  readonly plan: HostPlan;
  link: LinkState = 'joined';
  running: RunningProgram;
  readonly #holder: Holder;
  readonly #place: EtcdPlace;
  readonly #spec: LabSpec;
  readonly #changes: Changes;

  private constructor(place: EtcdPlace, holder: Holder, spec: LabSpec, changes: Changes) {
    this.plan = place.host;
    this.#holder = holder;
    this.#place = place;
    this.#spec = spec;
    this.#changes = changes;
    this.running = this.#run();
  }

  /** Starts etcd and writes the network configuration. Throws a {@link Failure}. */
  static async start(place: EtcdPlace, spec: LabSpec, changes: Changes): Promise<LabEtcd> {
    const { host, tls } = place;
    if (tls) await makeCertificates(host);
    await mkdir(pathInLab('etcd', etcdDirectory), { recursive: true, mode: 0o700 });
    const etcd = new LabEtcd(place, await holdHost(host), spec, changes);
    await etcd.#becomeReady();
    await etcd.writeNetwork(spec.networkDocument);
    return etcd;
  }

  writeNetwork(document: string): Promise<void> {
    return putKey(socketPath, layOutKeys(defaultPrefix).config, document);
  }

  /** Starts etcd again with its existing data. Throws a {@link Failure} if it does not serve. */
  async restart(): Promise<void> {
    // A killed etcd leaves its socket, which would keep the next one from starting.
    await rm(socketPath, { force: true });
    this.running = this.#run();
    await this.#becomeReady();
  }

  /** The last lines of etcd's output, as the reason of a failure. */
  trouble(otherwise: string): LabTrouble {
    const { state, lastLines } = this.running;
    const how = state.kind === 'ended' ? `its server ${state.how}` : otherwise;
    const detail = lastLines.length === 0 ? {} : { detail: lastLines.join('\n') };
    return { node: this.plan.name, kind: 'lab-failed', message: `${this.plan.name}: ${how}`, ...detail };
  }

  status(): HostStatus {
    const { name, ipv4 } = this.plan;
    const holderPid = this.#holder.pid;
    return { name, publicIp: ipv4.address, link: this.link, holderPid, ...describeProgram(this.running) };
  }

  #run(): RunningProgram {
    const chdir = ['env', `--chdir=${etcdDirectory}`];
    const command = enterHost(this.#holder, [...chdir, 'etcd', ...etcdOptions(this.#place)]);
    const environment = nodeEnvironment(this.plan.name, process.env, this.#spec.store);
    const logFile = logFileOf(this.plan.name);
    return new RunningProgram({ command, cwd: '/', environment, logFile }, this.#changes);
  }

  async #becomeReady(): Promise<void> {
    const { running } = this;
    const { timeoutMs } = this.#spec;
    const deadline = performance.now() + timeoutMs;
    while (!(await isHealthy(socketPath))) {
      const within = `its server was not ready within ${Math.round(timeoutMs / 1000)} s`;
      if (running.state.kind !== 'starting' || performance.now() >= deadline) {
        const { kind, message, detail } = this.trouble(within);
        throw new Failure(kind, message, { detail });
      }
      await delay(askEveryMs);
    }
    running.becomeReady();
  }
}

/** The options of etcd: a cluster of one, in the directory in which it is started. */
function etcdOptions({ endpoint, tls }: EtcdPlace): readonly string[] {
  const peer = 'http://127.0.0.1:2380';
  const options: Readonly<Record<string, string>> = {
    name: 'etcd',
    'data-dir': 'data',
    'listen-client-urls': `${endpoint},unix://${etcdSocketName}`,
    'advertise-client-urls': endpoint,
    'listen-peer-urls': peer,
    'initial-advertise-peer-urls': peer,
    'initial-cluster': `etcd=${peer}`,
    // The interval is in milliseconds. A lone member would otherwise wait a second for votes.
    'heartbeat-interval': '10',
    'election-timeout': '100',
    logger: 'zap',
    'log-level': 'warn',
    ...(tls && {
      'client-cert-auth': 'true',
      'trusted-ca-file': etcdTlsFiles.caFile,
      'cert-file': etcdTlsFiles.certFile,
      'key-file': etcdTlsFiles.keyFile,
    }),
  };
  return Object.entries(options).map(([name, value]) => `--${name}=${value}`);
}
