import { mkdir, rm } from 'node:fs/promises';
import type { HostPlan } from '../../plan/topology.ts';
import { etcdDirectory, etcdSocketName, logFileOf, pathInLab, type LabSpec } from '../../protocol.ts';
import type { Changes } from '../changes.ts';
import { nodeEnvironment } from '../node/environment.ts';
import { runInHost, type Holder } from '../node/holder.ts';
import { RunningProgram } from '../running-program.ts';
import { etcdTlsFiles } from './certificates.ts';
import { isHealthy } from './etcd-gateway.ts';
import { awaitServer } from './server-program.ts';

/** The place of etcd in the lab, and the way in which clients reach it. */
export interface EtcdPlace {
  readonly host: HostPlan;
  /** The URL for clients: `http://172.30.0.200:2379` */
  readonly endpoint: string;
  /** Whether etcd requires certificates. */
  readonly tls: boolean;
}

const askEveryMs = 10;

/** The socket by which the lab itself reaches an etcd. */
export function etcdSocket(host: string): string {
  return pathInLab(host, `${etcdDirectory}/${etcdSocketName}`);
}

/** Makes the directory of an etcd. Its data outlives each run. */
export async function makeEtcdDirectory({ name }: HostPlan): Promise<void> {
  await mkdir(pathInLab(name, etcdDirectory), { recursive: true, mode: 0o700 });
}

/** Runs etcd in a host, without waiting for it. */
export function runEtcd(place: EtcdPlace, holder: Holder, spec: LabSpec, changes: Changes): RunningProgram {
  const { name } = place.host;
  const chdir = ['env', `--chdir=${etcdDirectory}`];
  const command = runInHost(holder, [...chdir, 'etcd', ...etcdOptions(place)]);
  const environment = nodeEnvironment(name, process.env, spec.store);
  return new RunningProgram({ command, cwd: '/', environment, logFile: logFileOf(name) }, changes);
}

/** Waits until etcd serves. Throws a Failure. */
export function awaitEtcd({ host }: EtcdPlace, running: RunningProgram, timeoutMs: number): Promise<void> {
  const isReady = (): Promise<boolean> => isHealthy(etcdSocket(host.name));
  return awaitServer(running, { name: host.name, isReady, askEveryMs, timeoutMs });
}

/** Removes the socket that a killed etcd leaves. It would keep the next one from starting. */
export async function removeEtcdSocket({ name }: HostPlan): Promise<void> {
  await rm(etcdSocket(name), { force: true });
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
