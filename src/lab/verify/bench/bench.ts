import { Failure } from '../../../diagnostic/failure.ts';
import { formatCount } from '../../../diagnostic/words.ts';
import { noFamily, presentValues, type PerFamily } from '../../../network/per-family.ts';
import type { CommandName, Recipe } from '../../../recipe/recipe.ts';
import type { Lab } from '../../inside/lab.ts';
import type { LabNode } from '../../inside/node/node.ts';
import { runHeddleIn } from '../../inside/node/run-heddle.ts';
import {
  describeDifference,
  type KernelState,
  type StateDifference,
} from '../../plan/kernel/kernel-state.ts';
import { nodePrograms, nodeStateDirectory } from '../../protocol.ts';
import type { BrokenPromise, RecipeLine } from '../../plan/outcome.ts';
import { putLeases, readLeases, removeLeases, type LeaseFile } from '../../inside/store/lease-files.ts';
import { lineOfKey } from './recipe-lines.ts';
import { runInNode, StateReader } from './node-state.ts';
import { Ping } from '../../inside/probe/ping.ts';

/** The shortest time that a node has to bring its kernel to the state that the leases want, in milliseconds. */
const leastSettleMs = 6000;

/** The time that a daemon has to end, and a ping to be answered, in milliseconds. */
const patienceMs = 10_000;

/** The state of the observed node's kernel at three moments. */
interface Moments {
  /** Before a daemon ran. */
  readonly boot: KernelState;
  /** With one peer: the partner. The guest never existed. */
  readonly base: KernelState;
  /** With both peers. */
  full: KernelState;
}

/**
 * A lab in which promises are tried: the first node is observed, the second is its partner, and the third is a guest, whose lease comes and
 * goes. The daemon of the guest is killed when its lease was published, so that nobody else changes the lease.
 */
export class PromiseBench {
  readonly lab: Lab;
  readonly recipe: Recipe;
  readonly observed: LabNode;
  readonly partner: LabNode;
  readonly guest: LabNode;
  /** The lease of the guest. */
  lease: LeaseFile;
  readonly moments: Moments;

  readonly #reader: StateReader;

  private constructor(lab: Lab, recipe: Recipe, reader: StateReader, moments: Moments, lease: LeaseFile) {
    const [observed, partner, guest] = lab.nodes;
    if (!observed || !partner || !guest) throw new Error('a bench needs three nodes');
    this.lab = lab;
    this.recipe = recipe;
    this.observed = observed;
    this.partner = partner;
    this.guest = guest;
    this.#reader = reader;
    this.moments = moments;
    this.lease = lease;
  }

  /** Starts the three nodes one after the other, as far as their order counts. Throws a {@link Failure} if one does not come up. */
  static async prepare(lab: Lab, recipe: Recipe): Promise<PromiseBench> {
    const [first, second, third] = lab.heldNodes;
    if (!first || !second || !third) throw new Error('a bench needs three nodes');
    const { timeoutMs } = lab.spec;
    const reader = new StateReader(
      first.holder,
      presentValues(first.plan).map(({ address }) => address),
    );
    const boot = await reader.read();
    const [observed, partner] = [first.start(), second.start()];
    await Promise.all([observed.becomeReady(timeoutMs), partner.becomeReady(timeoutMs)]);
    await lab.becomeAcquainted();
    const base = await reader.read();
    const known = new Set((await readLeases()).map(({ key }) => key));
    await third.start().becomeReady(timeoutMs);
    await lab.becomeAcquainted(timeoutMs);
    const full = await reader.read();
    const lease = (await readLeases()).find(({ key }) => !known.has(key));
    if (lease === undefined)
      throw new Failure('lab-failed', 'the third node of the lab did not take a lease');
    return new PromiseBench(lab, recipe, reader, { boot, base, full }, lease);
  }

  /** Milliseconds. Who waits longer for a node to become ready, as on an emulated machine, also waits longer for its kernel. */
  get #settleMs(): number {
    return Math.max(leastSettleMs, this.lab.spec.timeoutMs / 5);
  }

  /** The line of a key of the recipe, or of its backend if the recipe does not have the key. */
  lineOfKey(key: string): RecipeLine {
    return lineOfKey(key, this.recipe, this.lab.spec);
  }

  /** A broken promise that a command of the recipe is to blame for. */
  blame(
    name: CommandName,
    because: string,
    where: RecipeLine | undefined = this.lineOfKey(name),
  ): BrokenPromise {
    return { kind: 'broken', because, where, add: undefined };
  }

  /** Reads the guest's lease after the guest changed it. Returns the lease of before. */
  async readGuest(): Promise<LeaseFile> {
    const before = this.lease;
    const found = (await readLeases()).find(({ key }) => key === before.key);
    if (found !== undefined) this.lease = found;
    return before;
  }

  async putGuest(): Promise<void> {
    await putLeases([this.lease]);
  }

  async removeGuest(): Promise<void> {
    await removeLeases([this.lease.key]);
  }

  /** Waits until the observed node's kernel is in a state. Returns the difference, as a clause; undefined if there is none. */
  async becomes(expected: KernelState, withinMs = this.#settleMs): Promise<string | undefined> {
    const difference = await this.differenceFrom(expected, withinMs);
    return difference && describeDifference(difference);
  }

  differenceFrom(expected: KernelState, withinMs = this.#settleMs): Promise<StateDifference | undefined> {
    return this.#reader.await(expected, withinMs);
  }

  /** Reads the kernel of the observed node. */
  readState(): Promise<KernelState> {
    return this.#reader.read();
  }

  /** Puts the guest's lease and waits for its entries. If they do not come, builds the observed node again. */
  async settle(): Promise<void> {
    await this.putGuest();
    if (this.observed.daemon.state.kind === 'ready' && !(await this.becomes(this.moments.full))) return;
    await this.rebuild();
    this.moments.full = await this.readState();
  }

  /** Takes the network of the observed node down, and brings it up with further options. */
  async rebuild(options: readonly string[] = []): Promise<void> {
    await this.takeDown(this.observed);
    await this.observed.restart(options);
    await this.lab.becomeAcquainted(this.#settleMs);
  }

  /** Ends a daemon by a signal. It leaves its network. */
  async end(node: LabNode, signal: NodeJS.Signals): Promise<void> {
    const { daemon } = node;
    if (daemon.state.kind === 'ended') return;
    daemon.signal(signal);
    if (await this.lab.changes.until(() => daemon.state.kind === 'ended', patienceMs)) return;
    daemon.signal('SIGKILL');
    await this.lab.changes.until(() => daemon.state.kind === 'ended', patienceMs);
  }

  /** Ends a daemon, and takes its network down with `heddle down`. Throws a {@link Failure} with the words of heddle. */
  async takeDown(node: LabNode): Promise<void> {
    await this.end(node, 'SIGTERM');
    await this.heddle(node, ['down', '--state-dir', nodeStateDirectory]);
  }

  /** Runs heddle in a node. Throws a {@link Failure} with its words. */
  async heddle(node: LabNode, args: readonly string[]): Promise<void> {
    await runHeddleIn(node, this.lab.spec, args);
  }

  /** The number of leases that the observed node's daemon has read and does not act on. */
  async countRefused(): Promise<number> {
    const { holder } = this.observed;
    const status = ['heddle', 'status', '--json', '--state-dir', nodeStateDirectory];
    // The exit code tells the state of the node as well.
    const text = await runInNode(holder, [
      'sh',
      '-c',
      `PATH=${nodePrograms}:$PATH "$@" || true`,
      'sh',
      ...status,
    ]);
    const { counts } = JSON.parse(text) as {
      readonly counts: { readonly ignored: number; readonly rejected: number };
    };
    return counts.ignored + counts.rejected;
  }

  /**
   * Starts a ping from the observed node's pod to another pod, for each family, and waits until both are answered. Lost packets count from
   * then on.
   */
  async ping(to: LabNode): Promise<readonly Ping[]> {
    const { pod } = this.observed.plan;
    const networks: PerFamily<{ readonly pod: string }> = to.networks ?? noFamily;
    const pings = presentValues(networks).map((network) => new Ping(pod, network.pod));
    for (const ping of pings) {
      await ping.isAnswered(patienceMs);
      ping.beginCount();
    }
    return pings;
  }

  /** Whether the pod of the observed node reaches that of another. */
  async reaches(to: LabNode, withinMs = patienceMs): Promise<boolean> {
    const pings = await this.ping(to);
    const answers = await Promise.all(pings.map((ping) => ping.isAnswered(withinMs)));
    for (const ping of pings) ping.stop();
    return answers.every(Boolean);
  }
}

/** The lost packets of pings after something happened, as a clause; undefined if none was lost. Ends the pings. */
export async function lossOf(pings: readonly Ping[]): Promise<string | undefined> {
  const answered = await Promise.all(pings.map((ping) => ping.isAnswered(patienceMs)));
  const lost = pings.reduce((total, ping) => total + ping.lost, 0);
  for (const ping of pings) ping.stop();
  if (answered.includes(false)) return 'the ping is not answered any more';
  return lost === 0 ? undefined : `${formatCount(lost, 'packet')} of the ping did not get an answer`;
}
