import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startHosts } from '../kernel/harness/host-set.ts';
import { Random } from '../kernel/faults/random.ts';
import { Diary } from './diary.ts';
import { SoakEtcd } from './etcd-server.ts';
import { drawFault, faultsOfDaemon, faultsOfEtcd, faultsOfNetwork, type Fault } from './faults.ts';
import type { SoakOptions } from './options.ts';
import { Population } from './population.ts';
import type { Progress } from './progress.ts';
import type { SoakReport } from './report.ts';
import { compareDescriptors, descriptorsOf, judgeMemory, memoryMb, totalOf } from './resources.ts';
import { awaitRest, type RestCheck } from './rest.ts';
import { SoakNode } from './soak-node.ts';

/** How often the memory is looked at. */
const sampleMs = 1000;
const roundSeconds = 75;
/** A fault that begins so long before the end of a round is over at its end, and so is what follows of it. */
const quietSeconds = 18;
/** How long descriptors may take to be as before, once everything is at rest. */
const longestRestSeconds = 60;
/** Longer than the daemon waits before it closes something that it does not need. */
const stableSeconds = 12;

/** Soaks a network of three nodes. `directory` gets the logs; what it holds besides is for the run alone. */
export async function soak(options: SoakOptions, directory: string, progress: Progress): Promise<SoakReport> {
  const set = await startHosts([1, 1, 1, 1]);
  const [etcdHost, ...hosts] = set.hosts;
  if (etcdHost === undefined) throw new Error('the hosts did not start');
  const log = (name: string): string => join(directory, `${name}.log`);
  const etcd = new SoakEtcd(etcdHost, directory, log('etcd'));
  const nodes = hosts.map(
    (host, index) => new SoakNode(`node${index + 1}`, host, etcd.endpoint, log(`node${index + 1}`)),
  );
  const run = new SoakRun(options, etcd, nodes, new Diary(log('actions')), progress);
  try {
    await run.begin();
    await run.rounds();
    await run.end();
  } finally {
    await etcd.close();
    await set.close();
  }
  run.findRemains();
  return run.report();
}

class SoakRun {
  readonly #options: SoakOptions;
  readonly #etcd: SoakEtcd;
  readonly #nodes: readonly SoakNode[];
  readonly #diary: Diary;
  readonly #progress: Progress;
  readonly #population: Population;
  readonly #checks: RestCheck[] = [];
  readonly #samples: number[] = [];
  /** Whether faults are being done. */
  #isActing = false;
  readonly #leftovers: string[] = [];
  readonly #troubles: string[] = [];
  #before: ReadonlyMap<string, number> = new Map();
  #after: ReadonlyMap<string, number> = new Map();

  constructor(
    options: SoakOptions,
    etcd: SoakEtcd,
    nodes: readonly SoakNode[],
    diary: Diary,
    progress: Progress,
  ) {
    this.#options = options;
    this.#etcd = etcd;
    this.#nodes = nodes;
    this.#diary = diary;
    this.#progress = progress;
    this.#population = new Population(etcd, this.#random('population'), diary, options.peers);
  }

  /** The node whose daemon is never ended. */
  get #steady(): SoakNode {
    const [steady] = this.#nodes;
    if (steady === undefined) throw new Error('there are no nodes');
    return steady;
  }

  /** A sequence of its own for each part, so that none depends on how fast another is. */
  #random(part: string): Random {
    const digest = createHash('sha256').update(`${this.#options.seed} ${part}`).digest();
    return new Random(digest.readUInt32BE());
  }

  async begin(): Promise<void> {
    await this.#etcd.start();
    await this.#etcd.setNetwork();
    for (const node of this.#nodes) {
      await node.prepare();
      await node.start('leave');
    }
    // Hostile leases want the nodes' subnets, so the nodes come first.
    await this.#requireRest();
    await this.#population.create();
    await this.#requireRest();
    this.#before = await this.#restingDescriptors();
  }

  /** Rounds of faults, each with a check at rest. The first check that fails is the last. */
  async rounds(): Promise<void> {
    const seconds = this.#options.minutes * 60;
    const rounds = Math.max(1, Math.round(seconds / roundSeconds));
    const from = this.#diary.seconds;
    const random = this.#random('rounds');
    const sampling = new AbortController();
    const sampled = this.#sample(sampling.signal);
    const lists = this.#nodes.map((node) => ({
      name: node.name,
      random: this.#random(node.name),
      faults: [...faultsOfNetwork(node, this.#etcd), ...(node === this.#steady ? [] : faultsOfDaemon(node))],
    }));
    const etcd = { name: 'etcd', random: this.#random('etcd'), faults: faultsOfEtcd(this.#etcd) };
    try {
      for (let round = 1; round <= rounds; round += 1) {
        const end = from + (seconds * round) / rounds - Math.min(quietSeconds, seconds / rounds / 3);
        const over = new AbortController();
        const churned = this.#churn(random, over.signal);
        this.#isActing = true;
        try {
          await Promise.all([...lists, etcd].map((list) => this.#act(list, end)));
        } finally {
          over.abort();
          await churned;
          this.#isActing = false;
        }
        if (!(await this.#rest())) return;
      }
    } finally {
      sampling.abort();
      await sampled;
    }
  }

  /** Takes the network down, and looks for what is left of it. */
  async end(): Promise<void> {
    await this.#compareDescriptors();
    for (const node of this.#nodes) {
      if (!node.isRunning) continue;
      const exitCode = await node.terminate();
      if (exitCode !== 0) this.#troubles.push(`${node.name} ended with ${String(exitCode)} after SIGTERM`);
    }
    for (const node of this.#nodes) {
      this.#leftovers.push(...(await node.leftFiles()));
      this.#leftovers.push(...node.processes().map((process) => `${node.name}: process ${process}`));
    }
  }

  /** Looks for processes of the hosts, which are gone. */
  findRemains(): void {
    for (const node of this.#nodes)
      this.#leftovers.push(
        ...node.remains().map((process) => `of the gone ${node.name}: process ${process}`),
      );
  }

  report(): SoakReport {
    const troubles = [...this.#troubles, ...this.#nodes.flatMap((node) => node.troubles)];
    return {
      seed: this.#options.seed,
      minutes: this.#options.minutes,
      nodes: this.#nodes.length,
      peers: this.#options.peers,
      seconds: Math.round(this.#diary.seconds),
      actions: this.#diary.counts,
      checks: this.#checks,
      memory: judgeMemory(this.#samples),
      descriptors: {
        before: totalOf(this.#before),
        after: totalOf(this.#after),
        differences: compareDescriptors(this.#before, this.#after),
      },
      leftovers: this.#leftovers,
      troubles,
    };
  }

  async #act(
    {
      name,
      random,
      faults,
    }: { readonly name: string; readonly random: Random; readonly faults: readonly Fault[] },
    end: number,
  ): Promise<void> {
    for (;;) {
      const pause = 1 + random.below(6000) / 1000;
      if (this.#diary.seconds + pause >= end) return;
      await delay(pause * 1000);
      const fault = drawFault(faults, random);
      this.#diary.note(fault.name, { on: name });
      try {
        await fault.run(random);
      } catch (error) {
        this.#troubles.push(
          `${fault.name} on ${name}: ${error instanceof Error ? error.message : String(error)}`,
        );
        return;
      }
      this.#diary.mark(`${fault.name}: over`, { on: name });
    }
  }

  async #churn(random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await delay(50 + random.below(500));
      try {
        await this.#population.step();
      } catch (error) {
        this.#diary.note('change failed', { because: String(error) });
      }
    }
  }

  async #sample(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      if (!this.#steady.isRunning) return;
      const mb = memoryMb(this.#steady.pid);
      // Garbage that lies about while the network rests says nothing about a leak.
      if (this.#isActing) this.#samples.push(mb);
      this.#progress.tick(this.#diary, mb, totalOf(descriptorsOf(this.#steady.pid)));
      await delay(sampleMs);
    }
  }

  async #requireRest(): Promise<void> {
    if (!(await this.#rest())) throw new Error('the network did not come up');
  }

  /** Waits until every node has exactly what the leases ask for. Returns whether that came. */
  async #rest(): Promise<boolean> {
    await this.#population.settle();
    const check = await awaitRest(this.#nodes, this.#population, this.#diary);
    this.#checks.push(check);
    this.#progress.checked(check);
    return check.passed;
  }

  /** Waits until the descriptors stay the same: after a burst, a pool of shells closes what it does not need any more. */
  async #restingDescriptors(): Promise<ReadonlyMap<string, number>> {
    const limit = this.#diary.seconds + longestRestSeconds;
    let last = descriptorsOf(this.#steady.pid);
    let since = this.#diary.seconds;
    while (this.#diary.seconds - since < stableSeconds && this.#diary.seconds < limit) {
      await delay(sampleMs);
      const now = descriptorsOf(this.#steady.pid);
      if (compareDescriptors(last, now).length > 0) since = this.#diary.seconds;
      last = now;
    }
    return last;
  }

  async #compareDescriptors(): Promise<void> {
    if (!this.#steady.isRunning) return;
    const limit = this.#diary.seconds + longestRestSeconds;
    for (;;) {
      this.#after = descriptorsOf(this.#steady.pid);
      if (compareDescriptors(this.#before, this.#after).length === 0 || this.#diary.seconds > limit) return;
      await delay(sampleMs);
    }
  }
}
