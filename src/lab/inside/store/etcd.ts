import { layOutKeys } from '../../../store/etcd/layout.ts';
import { defaultPrefix } from '../../../store/etcd/options.ts';
import type { HostPlan } from '../../plan/topology.ts';
import type { HostStatus, LabSpec, LinkState } from '../../protocol.ts';
import type { HostedLeases } from '../../store/hosting.ts';
import type { LabTrouble } from '../../report/report.ts';
import { makeCertificates } from './certificates.ts';
import type { Changes } from '../changes.ts';
import { etcdLeases } from './etcd-leases.ts';
import { putKey } from './etcd-gateway.ts';
import {
  awaitEtcd,
  etcdSocket,
  makeEtcdDirectory,
  removeEtcdSocket,
  runEtcd,
  type EtcdPlace,
} from './etcd-program.ts';
import { holdHost, type Holder } from '../node/holder.ts';
import type { RunningProgram } from '../running-program.ts';
import { describeServer, serverStatus } from './server-program.ts';

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

  /** Starts etcd and writes the network configuration. Throws a Failure. */
  static async start(place: EtcdPlace, spec: LabSpec, changes: Changes): Promise<LabEtcd> {
    const { host, tls } = place;
    if (tls) await makeCertificates(host);
    await makeEtcdDirectory(host);
    const etcd = new LabEtcd(place, await holdHost(host), spec, changes);
    await etcd.#becomeReady();
    await etcd.writeNetwork(spec.networkDocument);
    return etcd;
  }

  writeNetwork(document: string): Promise<void> {
    return putKey(etcdSocket(this.plan.name), layOutKeys(defaultPrefix).config, document);
  }

  get leases(): HostedLeases {
    return etcdLeases(etcdSocket(this.plan.name));
  }

  /** Starts etcd again with its existing data. Throws a Failure if it does not serve. */
  async restart(): Promise<void> {
    await removeEtcdSocket(this.plan);
    this.running = this.#run();
    await this.#becomeReady();
  }

  /** The last lines of etcd's output, as the reason of a failure. */
  trouble(otherwise: string): LabTrouble {
    return describeServer(this.plan.name, this.running, otherwise);
  }

  status(): HostStatus {
    return serverStatus(this.plan, this.#holder, this.link, this.running);
  }

  #run(): RunningProgram {
    return runEtcd(this.#place, this.#holder, this.#spec, this.#changes);
  }

  #becomeReady(): Promise<void> {
    return awaitEtcd(this.#place, this.running, this.#spec.timeoutMs);
  }
}
