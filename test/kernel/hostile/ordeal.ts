import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { NodeStatus } from '../../../src/daemon/report/status.ts';
import { until } from '../../support/until.ts';
import { Daemon, runOn } from '../harness/daemon.ts';
import type { Host } from '../harness/host.ts';
import { oneHost } from '../harness/one-host.ts';
import { encode, makeGood, hostileNetwork, type DataForm, type GoodLease, type RawLease } from './leases.ts';
import { batched, carelessRecipe, checked, single } from './recipes.ts';
import { Recorder } from './recorder.ts';
import type { HostileStore, MakeStore } from './stores.ts';
import { temporaryDirectory } from '../../support/temporary-directory.ts';

const longestSeconds = 300;

interface OrdealOptions {
  readonly form: DataForm;
  readonly makeStore: MakeStore;
  /** In place of this checkout's `bin/heddle.js`. */
  readonly program?: string;
}

/** A node with a careless recipe, on a store that somebody hostile writes to, all of whose programs are recorders. */
export class Ordeal {
  readonly host: Host;
  readonly store: HostileStore;
  readonly recorder: Recorder;
  readonly form: DataForm;
  /** Every daemon there was; the last one runs. */
  readonly daemons: Daemon[] = [];
  readonly #recipe: string;
  readonly #program: string | undefined;
  readonly #meant = new Map<string, GoodLease>();
  #marks = 0;

  private constructor(host: Host, store: HostileStore, root: string, { form, program }: OrdealOptions) {
    this.host = host;
    this.store = store;
    this.recorder = new Recorder(root);
    this.form = form;
    this.#program = program;
    this.#recipe = join(root, 'careless.json');
    writeFileSync(this.#recipe, JSON.stringify(carelessRecipe(form)));
  }

  static async prepare(t: TestContext, options: OrdealOptions): Promise<Ordeal> {
    const { host } = await oneHost(t);
    const root = temporaryDirectory(t);
    const document = JSON.stringify({ ...hostileNetwork, Backend: { Type: 'extension' } });
    return new Ordeal(host, await options.makeStore(t, host, document), root, options);
  }

  get daemon(): Daemon {
    const daemon = this.daemons.at(-1);
    assert.ok(daemon !== undefined, 'a daemon was started');
    return daemon;
  }

  /** Starts a daemon, and waits until it is ready. */
  async start(): Promise<void> {
    this.launch();
    await this.daemon.until('ready');
  }

  launch(): void {
    const args = ['--recipe', this.#recipe, ...this.store.options, '--check-interval', '1'];
    const environment = { PATH: `${this.recorder.path}:${process.env['PATH'] ?? ''}` };
    const program = this.#program;
    this.daemons.push(
      new Daemon(this.host, args, { environment, seconds: longestSeconds, ...(program && { program }) }),
    );
  }

  /** Puts leases of nodes that mean well. */
  async putGood(leases: readonly GoodLease[]): Promise<void> {
    for (const lease of leases) this.#meant.set(JSON.stringify(lease), lease);
    await this.store.put(leases.map((lease) => encode(lease)));
  }

  /** Waits until a lease that is put now has been acted on, and so has whatever was put before it. */
  async catchUp(): Promise<void> {
    const mark = makeGood(this.form, 210 + this.#marks);
    this.#marks += 1;
    await this.putGood([mark]);
    await this.added([mark]);
  }

  /** Waits until a command was run to add each. */
  async added(leases: readonly GoodLease[]): Promise<void> {
    await this.#ran(leases, 'add');
  }

  async removed(leases: readonly GoodLease[]): Promise<void> {
    await this.#ran(leases, 'remove');
  }

  async status(): Promise<NodeStatus> {
    return JSON.parse((await runOn(this.host, 'status', '--json')).stdout) as NodeStatus;
  }

  /** What reached a program and is not what the leases of those who mean well give. */
  strangeVectors(): readonly (readonly string[])[] {
    const allowed = new Set([...this.#meant.values()].flatMap((lease) => this.#vectorsOf(lease)));
    return this.recorder.vectors.filter((vector) => !allowed.has(JSON.stringify(vector)));
  }

  async #ran(leases: readonly GoodLease[], verb: string): Promise<void> {
    const missing = (): readonly GoodLease[] => {
      const ran = new Set(this.recorder.vectors.map((vector) => JSON.stringify(vector)));
      const [alone, ...others] = [single(verb), batched(verb)].map((verbs) => verbs.at(-1) ?? '');
      return leases.filter(
        (lease) => ![alone ?? '', ...others].some((last) => ran.has(this.#vector(last, lease))),
      );
    };
    await until(
      `${leases.length} peers to see ${verb}`,
      () => missing().length === 0,
      () => `${JSON.stringify(missing().slice(0, 3))}\n${this.daemon.describe().slice(-2000)}`,
    );
  }

  /** All that careless commands make of a lease. */
  #vectorsOf(lease: GoodLease): readonly string[] {
    const verbs = ['add', 'remove'].flatMap((verb) => [...single(verb), ...batched(verb)]);
    return [...verbs, ...checked].map((verb) => this.#vector(verb, lease));
  }

  #vector(verb: string, { key, publicIp, data }: GoodLease): string {
    return JSON.stringify(['loom', verb, key.replace('-', '/'), publicIp, ...this.form.wordsOf(data)]);
  }
}

/** Gives each lease a subnet of its own, far from those of nodes that mean well. */
export function subnetKeys(): () => string {
  let next = 0;
  return () => {
    const number = next++;
    return `10.${52 + (number >> 14)}.${(number >> 6) & 255}.${(number & 63) * 4}-30`;
  };
}

/** Puts hostile data on the subnets of leases, of every kind that there is. */
export function onto(leases: readonly GoodLease[], hostile: readonly RawLease[]): RawLease[] {
  return leases.map(({ key }, index) => {
    const taken = hostile[(index * 17) % hostile.length];
    assert.ok(taken !== undefined);
    return { key, value: taken.value };
  });
}
