import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { compileScript } from '../../src/compile/follow-script.ts';
import { Engine } from '../../src/engine/engine.ts';
import type { EngineInput, Operation, Wait } from '../../src/engine/operation.ts';
import type { Peer } from '../../src/lease/lease.ts';
import { parseScript } from '../../src/recipe/sh/parse-script.ts';
import { runWaves } from '../../src/waves/run-waves.ts';
import { batchTools, mayReadInput } from '../../src/waves/tools/table.ts';
import { SimulatedKernel, SimulatedShell } from './simulated-kernel.ts';

/** More cases: `WAVE_CASES=20000 node --import tsx --test test/waves/restarts.test.ts`. */
const numRuns = Number(process.env['WAVE_CASES'] ?? 300);
const seed = Number(process.env['WAVE_SEED'] ?? 1);

interface ModelRecipe {
  readonly name: string;
  readonly add: string;
  readonly remove: string;
  /** Whether it has a CheckCommand, and so commands that may be repeated. */
  readonly checks: boolean;
}

const recipes: readonly ModelRecipe[] = [
  {
    name: 'with a CheckCommand',
    add: 'ip route replace $SUBNET via $PUBLIC_IP dev vx && arp -s $SUBNET_IP $MAC && bridge fdb replace $MAC dev vx dst $PUBLIC_IP',
    remove: 'ip route del $SUBNET || true; arp -d $SUBNET_IP || true; bridge fdb del $MAC dev vx || true',
    checks: true,
  },
  {
    name: 'of WireGuard',
    add: 'wg set wg0 peer "$KEY" endpoint $PUBLIC_IP:51820 allowed-ips $SUBNET\nip route replace $SUBNET dev wg0\nnft add element ip t s "{ $SUBNET }"',
    remove:
      'nft delete element ip t s "{ $SUBNET }" || true; ip route del $SUBNET || true; wg set wg0 peer "$KEY" remove',
    checks: true,
  },
  {
    name: 'whose adds fail on what is there',
    add: 'ip route add $SUBNET via $PUBLIC_IP dev vx && arp -s $SUBNET_IP $MAC && bridge fdb add $MAC dev vx dst $PUBLIC_IP',
    remove: 'ip route del $SUBNET; arp -d $SUBNET_IP; bridge fdb del $MAC dev vx; true',
    checks: false,
  },
];

function makePeer(number: number, version: number): Peer {
  return {
    key: `10.50.${number}.0-24`,
    subnet: `10.50.${number}.0/24`,
    ipv6Subnet: undefined,
    publicIp: `192.0.${version}.${number}`,
    publicIpv6: undefined,
    stdin: '',
    fields: {},
  };
}

/** A daemon that is killed now and then, on a kernel that stays. */
class Node {
  readonly kernel: SimulatedKernel;
  readonly #recipe: ModelRecipe;
  readonly wanted = new Map<string, Peer>();
  readonly #journal = new Map<string, Peer>();
  #engine: Engine;
  #waits: Wait[] = [];
  unsure = 0;

  constructor(recipe: ModelRecipe) {
    this.#recipe = recipe;
    this.kernel = new SimulatedKernel();
    this.#engine = this.#makeEngine();
    this.#feed({ kind: 'snapshot', peers: [] });
  }

  put(peer: Peer): void {
    this.wanted.set(peer.key, peer);
    this.#feed({ kind: 'put', peer });
  }

  delete(key: string): void {
    this.wanted.delete(key);
    this.#feed({ kind: 'delete', key });
  }

  /**
   * Runs what the engine would run together.
   *
   * @param killed the process, and the number of its calls before it is killed
   * @param waves the number of waves before a state that stops the others
   */
  async runBatch(killed?: readonly [number, number], waves = Infinity): Promise<readonly Operation[]> {
    const operations = this.#takeBatch();
    const ends = await this.#runWaves(operations, killed, waves);
    const stopped: Operation[] = [];
    for (const [index, operation] of operations.entries()) {
      const kind = ends[index]?.kind ?? 'unsure';
      if (kind === 'stopped') stopped.push(operation);
      else this.#finish(operation, kind === 'succeeded');
      if (kind === 'unsure') this.unsure += 1;
    }
    if (stopped.length > 0) this.#engine.returned(stopped);
    return operations;
  }

  /** The daemon is killed during a wave; a new one begins with its journal. */
  async crash(killed: readonly [number, number], waves: number): Promise<void> {
    await this.#runWaves(this.#takeBatch(), killed, waves);
    this.#waits = [];
    this.#engine = this.#makeEngine();
    this.#feed({ kind: 'restore', peers: [...this.#journal.values()] });
    this.check();
    this.#feed({ kind: 'snapshot', peers: [...this.wanted.values()] });
  }

  /** Runs what the engine wants to run by itself, by a shell. A shell that is killed has made some calls. */
  runSingles(killedAfter = Infinity): number {
    const operations = this.#engine.take(3);
    for (const operation of operations) {
      this.#record(operation);
      this.#finish(operation, runByShell(this.kernel, this.#compile(operation).run, killedAfter));
    }
    return operations.length;
  }

  check(): void {
    if (!this.#recipe.checks) return;
    const since = this.#engine.checkpoint;
    const subnets = [...this.#journal.values()].filter((peer) => this.#isInPlace(peer));
    this.#engine.checked(new Set(subnets.map(({ subnet }) => subnet ?? '')), since);
  }

  due(): void {
    for (const { key, attempt } of this.#waits.splice(0)) this.#feed({ kind: 'due', key, attempt });
  }

  /** Works without further trouble until nothing is left to do. */
  async settle(): Promise<void> {
    for (let round = 0; round < 60; round += 1) {
      this.due();
      const worked = (await this.runBatch()).length + this.runSingles();
      if (worked === 0 && this.#engine.isSettled && this.#waits.length === 0) return;
    }
    assert.fail('there is always something left to do');
  }

  /** The kernel after a shell for each wanted peer, one after the other. */
  get expected(): readonly string[] {
    const kernel = new SimulatedKernel();
    for (const peer of this.wanted.values()) addSerially(this.#recipe, kernel, peer);
    return kernel.dump;
  }

  #isInPlace(peer: Peer): boolean {
    const alone = new SimulatedKernel();
    addSerially(this.#recipe, alone, peer);
    const { dump } = this.kernel;
    return alone.dump.every((entry) => dump.includes(entry));
  }

  #makeEngine(): Engine {
    return new Engine({ canRemove: true, repeatable: this.#recipe.checks, fitsBatch: () => true });
  }

  #feed(input: EngineInput): void {
    this.#waits.push(...this.#engine.feed(input));
  }

  #takeBatch(): readonly Operation[] {
    const operations = this.#engine.takeBatch(100);
    for (const operation of operations) this.#record(operation);
    return operations;
  }

  #record({ kind, peer }: Operation): void {
    if (kind === 'add') this.#journal.set(peer.key, peer);
  }

  #finish(operation: Operation, succeeded: boolean): void {
    this.#feed(succeeded ? { kind: 'succeeded', operation } : { kind: 'failed', operation, jitter: 0.5 });
    const { key } = operation.peer;
    const entry = this.#engine.entries.get(key);
    if (entry === undefined || entry.applied.kind === 'absent') this.#journal.delete(key);
  }

  #runWaves(operations: readonly Operation[], killed: readonly [number, number] | undefined, waves: number) {
    let begun = 0;
    const shell = new SimulatedShell(this.kernel, (process) =>
      killed?.[0] === process ? killed[1] : undefined,
    );
    const { signal } = new AbortController();
    return runWaves(
      operations.map((operation) => this.#compile(operation)),
      {
        shell,
        tools: batchTools,
        cwd: '/',
        timeoutMs: 1000,
        concurrency: 2,
        signal,
        mayGoOn: () => (begun += 1) <= waves,
      },
    );
  }

  #compile({ kind, peer }: Operation) {
    return compileFor(kind === 'add' ? this.#recipe.add : this.#recipe.remove, peer);
  }
}

function addSerially({ add }: ModelRecipe, kernel: SimulatedKernel, peer: Peer): void {
  assert.ok(runByShell(kernel, compileFor(add, peer).run, Infinity));
}

/** Makes the calls of a script one after the other. Returns whether it succeeded; false if it was killed. */
function runByShell(
  kernel: SimulatedKernel,
  run: ReturnType<typeof compileFor>['run'],
  killedAfter: number,
): boolean {
  let step = run.next();
  for (let calls = 0; step.kind === 'call'; calls += 1) {
    if (calls >= killedAfter) return false;
    step = run.next(kernel.call(step.call.program, step.call.arguments).outcome);
  }
  return step.succeeded;
}

function compileFor(script: string, { subnet = '', publicIp = '' }: Peer) {
  const number = subnet.split('.')[2] ?? '';
  const environment = {
    SUBNET: subnet,
    SUBNET_IP: subnet.replace('/24', ''),
    PUBLIC_IP: publicIp,
    MAC: `02:00:00:00:00:${Number(number).toString(16).padStart(2, '0')}`,
    KEY: `key${number}`,
  };
  const compilation = compileScript({
    tree: parseScript(script),
    source: script,
    exitsOnFailure: true,
    environment,
    shared: {},
    stdin: '',
    programs: { has: () => true, mayReadInput },
  });
  assert(compilation.kind === 'compiled');
  return { run: compilation.start(), environment };
}

/** Peers whose numbers follow each other: from eight on, they make a batch. */
const range = fc.record({ from: fc.nat(20), count: fc.integer({ min: 1, max: 14 }) });
function numbersOf({ from, count }: { readonly from: number; readonly count: number }): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index);
}

const kill = fc.tuple(fc.nat(3), fc.nat(6));

const happening = fc.oneof(
  { weight: 5, arbitrary: fc.record({ do: fc.constant('put' as const), range, version: fc.nat(2) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('delete' as const), range }) },
  {
    weight: 4,
    arbitrary: fc.record({ do: fc.constant('batch' as const), kill: fc.option(kill), waves: fc.nat(4) }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('singles' as const), after: fc.nat(4) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constantFrom('due' as const, 'check' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('crash' as const), kill, waves: fc.nat(4) }) },
);

describe('a node whose programs and daemons are killed ends with the entries of a shell for each peer', () => {
  for (const recipe of recipes) {
    it(`for a recipe ${recipe.name}`, async () => {
      let unsure = 0;
      await fc.assert(
        fc.asyncProperty(fc.array(happening, { maxLength: 30 }), async (happenings) => {
          const node = new Node(recipe);
          for (const event of happenings) {
            switch (event.do) {
              case 'put':
                for (const number of numbersOf(event.range)) node.put(makePeer(number, event.version));
                break;
              case 'delete':
                for (const number of numbersOf(event.range)) node.delete(makePeer(number, 0).key);
                break;
              case 'batch':
                await node.runBatch(event.kill ?? undefined, event.waves);
                break;
              case 'singles':
                node.runSingles(event.after);
                break;
              case 'crash':
                await node.crash(event.kill, event.waves);
                break;
              case 'due':
              case 'check':
                node[event.do]();
            }
          }
          await node.settle();
          assert.deepEqual(node.kernel.dump, node.expected);
          unsure += node.unsure;
        }),
        { numRuns, seed },
      );
      assert.ok(unsure > numRuns / 10, `only ${unsure} peers were unsure`);
    });
  }
});
