import { Failure } from '../../../diagnostic/failure.ts';
import { noFamily, presentValues, type PerFamily } from '../../../network/per-family.ts';
import { describePair } from '../../plan/scenario/describe-step.ts';
import type { PodPair } from '../../plan/scenario/scenario.ts';
import type { Lab } from '../lab.ts';
import { Ping } from '../probe/ping.ts';

/** The time that a ping has to be answered, in milliseconds. */
const patienceMs = 10_000;

/** A ping of one family that counts its lost packets, and its last answer when the count began. */
interface RunningPing {
  readonly ping: Ping;
  readonly sentBefore: number;
}

/** The packets of a pair since its ping began. */
type Losses =
  { readonly kind: 'answered'; readonly lost: number; readonly sent: number } | { readonly kind: 'silent' };

/** The pings that go on while the steps of a scenario follow each other. */
export class RunningPings {
  readonly #lab: Lab;
  readonly #pings = new Map<string, readonly RunningPing[]>();

  constructor(lab: Lab) {
    this.#lab = lab;
  }

  /** Starts a ping for each family, and waits until it is answered. Throws a {@link Failure} otherwise. */
  async start(pair: PodPair): Promise<void> {
    this.#stop(this.#pings.get(describePair(pair)) ?? []);
    const networks: PerFamily<{ readonly pod: string }> = this.#node(pair.to).networks ?? noFamily;
    const pings = presentValues(networks).map(({ pod }) => new Ping(this.#node(pair.from).plan.pod, pod));
    const answered = await Promise.all(pings.map((ping) => ping.isAnswered(patienceMs)));
    if (answered.length === 0 || answered.includes(false)) {
      for (const ping of pings) ping.stop();
      throw new Failure('lab-failed', `the pod of ${pair.to} does not answer the pod of ${pair.from}`);
    }
    this.#pings.set(
      describePair(pair),
      pings.map((ping) => {
        ping.beginCount();
        return { ping, sentBefore: ping.sent };
      }),
    );
  }

  /** Waits until the pings of a pair are answered again, and counts their packets since they began. */
  async losses(pair: PodPair): Promise<Losses> {
    const pings = this.#pings.get(describePair(pair)) ?? [];
    const answered = await Promise.all(pings.map(({ ping }) => ping.isAnswered(patienceMs)));
    if (answered.includes(false)) return { kind: 'silent' };
    const total = (count: (each: RunningPing) => number): number =>
      pings.reduce((sum, each) => sum + count(each), 0);
    return {
      kind: 'answered',
      lost: total(({ ping }) => ping.lost),
      sent: total(({ ping, sentBefore }) => ping.sent - sentBefore),
    };
  }

  stop(): void {
    for (const pings of this.#pings.values()) this.#stop(pings);
  }

  #stop(pings: readonly RunningPing[]): void {
    for (const { ping } of pings) ping.stop();
  }

  #node(name: string): Lab['nodes'][number] {
    const node = this.#lab.nodes.find(({ plan }) => plan.name === name);
    if (node === undefined) throw new Error(`the lab does not have a node ${name}`);
    return node;
  }
}
