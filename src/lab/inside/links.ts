import { Failure } from '../../diagnostic/failure.ts';
import { linksOf, type LinkPlan, type Topology } from '../plan/topology.ts';
import { kernelNeeds, lossRules, needsQueue, queueCommands } from '../plan/underlay/impair-commands.ts';
import { chooseLinks, requireRoomForIpv6 } from '../plan/underlay/choose-links.ts';
import {
  changeImpairment,
  formatDelay,
  formatLoss,
  formatRate,
  usualMtu,
  type Impairment,
  type LinkChange,
} from '../plan/underlay/impairment.ts';
import type { LinkStatus } from '../protocol.ts';
import { runIpBatch, runLabProgram } from './lab-program.ts';

/** The links of a running lab, and their limits. */
export class LabLinks {
  readonly #lab: string;
  readonly #planned: readonly LinkPlan[];
  #links: readonly LinkPlan[];

  constructor(lab: string, topology: Topology) {
    this.#lab = lab;
    this.#planned = linksOf(topology);
    this.#links = this.#planned;
  }

  /** Applies the limits of the plan. The MTUs are set already. */
  async begin(): Promise<void> {
    if (this.#links.some(({ impairment }) => (impairment.loss ?? 0) > 0)) await this.#applyLoss(this.#links);
    await Promise.all(
      this.#links.filter(({ impairment }) => needsQueue(impairment)).map((link) => this.#applyQueue(link)),
    );
  }

  /**
   * Changes the links of a host, or one link; without a target, all of them. Returns them. Throws a {@link Failure}, for example if the kernel
   * lacks what a limit needs.
   */
  async change(target: string | null, change: LinkChange): Promise<readonly LinkStatus[]> {
    requireNumbers(change);
    const chosen = target === null ? this.#links : chooseLinks(this.#lab, this.#links, target);
    requireRoomForIpv6(chosen, change);
    if (Object.keys(change).length === 0) return chosen.map(describe);
    const changed = new Map(
      chosen.map((link) => [link.name, { ...link, impairment: changeImpairment(link.impairment, change) }]),
    );
    const links = this.#links.map((link) => changed.get(link.name) ?? link);
    // The queues come first, because not every kernel has them.
    if ('rate' in change || 'delay' in change) await this.#replaceQueues(chosen, [...changed.values()]);
    if ('loss' in change) await this.#applyLoss(links);
    if ('mtu' in change) for (const link of changed.values()) await this.#applyMtu(link);
    this.#links = links;
    return [...changed.values()].map(describe);
  }

  /** Gives every link the limits of the plan again. */
  async restore(): Promise<void> {
    const differing = (limits: readonly (keyof Impairment)[]): readonly LinkPlan[] =>
      this.#planned.filter(({ name, impairment }) => {
        const present = this.#links.find((link) => link.name === name)?.impairment;
        return limits.some((limit) => present?.[limit] !== impairment[limit]);
      });
    for (const link of differing(['rate', 'delay'])) await this.#applyQueue(link);
    if (differing(['loss']).length > 0) await this.#applyLoss(this.#planned);
    for (const link of differing(['mtu'])) await this.#applyMtu(link);
    this.#links = this.#planned;
  }

  async #applyMtu({ port, host, interface: device, impairment }: LinkPlan): Promise<void> {
    const mtu = impairment.mtu ?? usualMtu;
    await runIpBatch(undefined, [`link set dev ${port} mtu ${mtu}`]);
    await runIpBatch(host, [`link set dev ${device} mtu ${mtu}`]);
  }

  /** Replaces the queues of links. If that fails, restores them. */
  async #replaceQueues(before: readonly LinkPlan[], after: readonly LinkPlan[]): Promise<void> {
    try {
      for (const link of after) await this.#applyQueue(link);
    } catch (error) {
      for (const link of before) await this.#applyQueue(link);
      throw error;
    }
  }

  /** Replaces the queues at both ends of a link. */
  async #applyQueue(link: LinkPlan): Promise<void> {
    const { port, host, interface: device, impairment } = link;
    try {
      await runTcBatch(undefined, queueCommands(port, impairment));
      await runTcBatch(host, queueCommands(device, impairment));
    } catch (error) {
      const missing = error instanceof Failure ? findMissingPart(error, link) : undefined;
      if (missing !== undefined) throw missing;
      throw error;
    }
  }

  async #applyLoss(links: readonly LinkPlan[]): Promise<void> {
    await runLabProgram('nft', ['-f', '-'], lossRules(links));
  }
}

/** The failure that names the part of the kernel that a link needs, if tc does not know it. */
function findMissingPart(error: Failure, link: LinkPlan): Failure | undefined {
  if (!/qdisc kind is unknown/i.test(error.detail ?? '')) return undefined;
  const [need] = kernelNeeds([link]);
  if (need === undefined) return undefined;
  const { what, module, because } = need;
  return new Failure('prerequisite', `the kernel does not have ${what}, which ${because} needs`, {
    hint: `load its module (modprobe ${module}), or use another kernel`,
    cause: error,
  });
}

/** Refuses a change that did not come from `lab impair`: its values become words of commands. */
function requireNumbers(change: LinkChange): void {
  const values: readonly unknown[] = Object.values(change);
  if (values.every((value) => value === null || (typeof value === 'number' && value >= 0))) return;
  throw new Failure('usage', 'a limit of a link must be a number');
}

function describe({ name, segment, impairment }: LinkPlan): LinkStatus {
  const { mtu = usualMtu, loss, rate, delay } = impairment;
  return {
    name,
    segment,
    mtu,
    loss: loss === undefined || loss === 0 ? null : formatLoss(loss),
    rate: rate === undefined ? null : formatRate(rate),
    delay: delay === undefined || delay === 0 ? null : formatDelay(delay),
  };
}

/** Runs lines in one `tc -batch`, in the given network namespace, or in the lab's own. */
async function runTcBatch(namespace: string | undefined, lines: readonly string[]): Promise<void> {
  const where = namespace === undefined ? [] : ['-netns', namespace];
  await runLabProgram('tc', [...where, '-batch', '-'], lines.join('\n') + '\n');
}
