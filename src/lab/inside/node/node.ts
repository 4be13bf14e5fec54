import { isDeepStrictEqual } from 'node:util';
import { Failure } from '../../../diagnostic/failure.ts';
import type { LongWait } from '../../../event/event.ts';
import { describeWait } from '../../../event/human.ts';
import { mapFamilies, noFamily, presentValues } from '../../../network/per-family.ts';
import type { PodNetworks } from '../../plan/pod-networks.ts';
import { addressesOf, type NodePlan } from '../../plan/topology.ts';
import type { LabSpec, LinkState, LabNodeStatus } from '../../protocol.ts';
import type { LabTrouble, NodeReport } from '../../report/report.ts';
import type { Changes } from '../changes.ts';
import type { DaemonKind } from '../../plan/request.ts';
import { askForWaits } from './ask-waits.ts';
import { LabDaemon } from './daemon.ts';
import { LabFlanneld } from './flanneld.ts';
import type { NodeDaemon } from './node-daemon.ts';
import type { Holder } from './holder.ts';
import { specOfNode } from './node-spec.ts';
import { connectPod, disconnectPod, readPodNetworks } from './pod.ts';
import { describeProgram } from '../running-program.ts';

/** A node of a running lab. */
export class LabNode {
  readonly what = 'daemon';
  readonly plan: NodePlan;
  readonly holder: Holder;
  daemon: LabDaemon | LabFlanneld;
  /** Whether a flanneld has run here. It does not take its network down. */
  hasRunFlanneld = false;
  link: LinkState = 'joined';
  /** The networks of the node's pod; undefined while the pod is not connected. */
  networks: PodNetworks | undefined;
  readonly #spec: LabSpec;
  readonly #changes: Changes;
  readonly #onWait: (what: string) => void;
  /** The commands that ran when the daemon was last asked. */
  #asked: readonly LongWait[] = [];

  /** @param onWait called with a noun for a command that takes long */
  constructor(
    plan: NodePlan,
    holder: Holder,
    spec: LabSpec,
    changes: Changes,
    onWait: (what: string) => void,
  ) {
    this.plan = plan;
    this.holder = holder;
    this.#spec = specOfNode(spec, plan);
    this.#changes = changes;
    this.#onWait = onWait;
    this.daemon = this.#startDaemon(spec.flanneld?.nodes.includes(plan.name) ? 'flanneld' : 'heddle');
  }

  get running(): NodeDaemon {
    return this.daemon;
  }

  trouble(otherwise: string): LabTrouble {
    return this.daemon.trouble(otherwise);
  }

  #startDaemon(kind: DaemonKind, options: readonly string[] = []): LabDaemon | LabFlanneld {
    if (kind === 'flanneld') return this.#startFlanneld();
    const spec = { ...this.#spec, daemonOptions: [...this.#spec.daemonOptions, ...options] };
    return new LabDaemon(this.plan.name, this.holder, spec, this.#changes, this.#onWait);
  }

  #startFlanneld(): LabFlanneld {
    const { flanneld } = this.#spec;
    if (flanneld === undefined) {
      throw new Failure('usage', `the lab ${this.#spec.name} does not have a flanneld`, {
        hint: 'start the lab with --flanneld PATH',
      });
    }
    this.hasRunFlanneld = true;
    return new LabFlanneld(this.plan, this.holder, this.#spec, flanneld, this.#changes);
  }

  /**
   * Starts the daemon again after it has ended, with further options, or a daemon of another kind. Throws a {@link Failure} if it does not
   * become ready.
   */
  async restart(options: readonly string[] = [], kind: DaemonKind = this.daemon.kind): Promise<void> {
    this.daemon = this.#startDaemon(kind, options);
    await this.becomeReady(this.#spec.timeoutMs);
  }

  /**
   * Waits until the daemon is ready, and connects the pod unless it is connected. Throws a {@link Failure} if the daemon does not become
   * ready.
   */
  async becomeReady(withinMs: number): Promise<void> {
    const { daemon } = this;
    await this.#changes.until(() => daemon.state.kind === 'ready' || daemon.state.kind === 'ended', withinMs);
    if (daemon.state.kind !== 'ready') {
      const within = `its daemon was not ready within ${Math.round(withinMs / 1000)} s`;
      await this.askForWaits();
      const trouble =
        daemon.kind === 'heddle'
          ? daemon.trouble(within, this.#describeWaits(daemon))
          : daemon.trouble(within);
      const { kind, message, ...more } = trouble;
      throw new Failure(kind, message, more);
    }
    const networks = await readPodNetworks(this.plan);
    // A pod outlives its node's daemon. Only another subnet, or another MTU, requires a new connection.
    if (isDeepStrictEqual(networks, this.networks)) return;
    await this.disconnect();
    await connectPod(this.plan, networks);
    this.networks = networks;
  }

  /** Asks the daemon which commands run. Its log names a command only after some seconds, and the lab may give up before. */
  async askForWaits(): Promise<void> {
    const { kind, state } = this.daemon;
    if (kind === 'heddle' && state.kind !== 'ended') this.#asked = await askForWaits(this.plan.name);
  }

  /** The commands that run, as clauses: those that the log names, else those of {@link askForWaits}. */
  #describeWaits({ waits }: LabDaemon): readonly string[] {
    const named = waits.describe();
    return named.length > 0 ? named : this.#asked.map(describeWait);
  }

  /** Disconnects the pod from the node's subnet, if it is connected. */
  async disconnect(): Promise<void> {
    if (this.networks === undefined) return;
    this.networks = undefined;
    await disconnectPod(this.plan);
  }

  /** Whether this node's daemon has reported that it can reach the other node's subnet. */
  knows(other: LabNode): boolean {
    // flanneld does not report its peers.
    return this.daemon.kind === 'flanneld' || this.#peerState(other)?.kind === 'added';
  }

  /** The last try to add the other node, if it failed or takes long; undefined otherwise. */
  failureWith(other: LabNode): { readonly attempt: number; readonly why: string } | undefined {
    const state = this.#peerState(other);
    if (state?.kind !== 'failed') return this.#waitFor(other);
    const { command, how, where, stderr } = state.trouble;
    const at = where ? ` (${where.file}:${where.line})` : '';
    const said = stderr === '' ? '' : `: ${stderr.replaceAll('\n', ' ')}`;
    return { attempt: state.attempt, why: `${command} on ${this.plan.name} ${how}${at}${said}` };
  }

  #waitFor(other: LabNode): { readonly attempt: number; readonly why: string } | undefined {
    if (this.daemon.kind === 'flanneld') return undefined;
    const subnet = other.report().subnet ?? '';
    const asked = this.#asked.filter(({ what }) => !what.startsWith('CheckCommand'));
    // A command for another peer, or for many, may keep this one waiting.
    const running = asked.find(({ what }) => what.endsWith(` for ${subnet}`)) ?? asked[0];
    const [wait = running && describeWait(running)] = this.daemon.waits.describe(subnet);
    return wait === undefined ? undefined : { attempt: 0, why: `${this.plan.name} waits for ${wait}` };
  }

  #peerState(other: LabNode): ReturnType<LabDaemon['peers']['get']> {
    if (this.daemon.kind === 'flanneld') return undefined;
    const { peers } = this.daemon;
    const states = presentValues(other.plan.publicAddresses).map((address) => peers.get(address));
    return states.find((state) => state !== undefined);
  }

  report(): NodeReport {
    const { plan } = this;
    const families = mapFamilies(this.networks ?? noFamily, ({ subnet, pod }, family) => {
      const publicIp = plan.publicAddresses[family];
      return publicIp === undefined ? undefined : { publicIp, subnet, pod };
    });
    const [first, second] = presentValues(families);
    return {
      name: plan.name,
      publicIp: first?.publicIp ?? plan.publicAddresses.ipv4 ?? plan.ipv4.address,
      ...(second && { publicIpv6: second.publicIp }),
      subnet: first?.subnet ?? null,
      pod: first?.pod ?? null,
      ...(second && { ipv6Subnet: second.subnet, ipv6Pod: second.pod }),
      mtu: this.networks?.mtu ?? null,
      ...(this.daemon.kind === 'flanneld' && { program: 'flanneld' }),
    };
  }

  status(): LabNodeStatus {
    const holderPid = this.holder.pid;
    return {
      ...this.report(),
      addresses: addressesOf(this.plan),
      link: this.link,
      holderPid,
      ...describeProgram(this.daemon),
    };
  }
}
