import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import type { TestContext } from 'node:test';
import { inspect as inspectWith, isDeepStrictEqual } from 'node:util';
import { execa } from 'execa';
import { askDaemon } from '../../../src/daemon/report/control.ts';
import type { NodeStatus as DaemonStatus } from '../../../src/daemon/report/status.ts';
import type { HeddleEvent } from '../../../src/event/event.ts';
import { askFor, askStatus } from '../../../src/lab/process/control-client.ts';
import { findLab, type FoundLab } from '../../../src/lab/process/find.ts';
import {
  logFileOf,
  nodeStateDirectory,
  runDirectoryOf,
  sharedDirectory,
  type FaultVerb,
  type LabNodeStatus,
} from '../../../src/lab/protocol.ts';
import { processesIn, runHeddle } from '../lab-harness.ts';
import type { LoggedEvent, LoggedEventOf } from '../harness/daemon.ts';
import { LeaseFiles } from './lease-files.ts';
import type { Overlay } from './overlays.ts';
import { until } from '../../support/until.ts';

let labs = 0;

const inspect = (value: unknown): string => inspectWith(value, { maxArrayLength: null, depth: 5 });

/** A lab that is up, for faults to be done to. It is gone when the test is over. */
export class FaultLab {
  readonly leases: LeaseFiles;
  readonly overlay: Overlay;
  readonly nodes: readonly FaultNode[];
  readonly #found: FoundLab;

  private constructor(found: FoundLab, overlay: Overlay, nodes: readonly LabNodeStatus[]) {
    this.#found = found;
    this.overlay = overlay;
    this.leases = new LeaseFiles(this.path(`${sharedDirectory}/store`));
    this.nodes = nodes.map((status) => new FaultNode(this, status));
  }

  /** Starts a lab as `heddle lab up` does; `options` are of that command, `program` is another heddle than this checkout's. */
  static async up(
    t: TestContext,
    overlay: Overlay,
    options: readonly string[] = [],
    program?: string,
  ): Promise<FaultLab> {
    labs += 1;
    const name = `faults-${process.pid}-${labs}`;
    t.after(() => runHeddle(['lab', 'down', '--name', name]));
    const args = ['lab', 'up', overlay.recipe, '--name', name, '--nodes', '2', ...options];
    const up = await runHeddle(args, program === undefined ? {} : { program });
    assert.equal(up.exitCode, 0, up.stderr);
    const found = findLab(name);
    return new FaultLab(found, overlay, (await askStatus(found)).nodes);
  }

  /** The nodes of a lab of two. */
  get both(): readonly [FaultNode, FaultNode] {
    const [first, second] = this.nodes;
    if (first === undefined || second === undefined) throw new Error('The lab lacks a node.');
    return [first, second];
  }

  get name(): string {
    return this.#found.name;
  }

  get pid(): number {
    return this.#found.pid;
  }

  stop = (node: FaultNode): Promise<string> => this.#do('stop', node);
  kill = (node: FaultNode): Promise<string> => this.#do('kill', node);
  start = (node: FaultNode): Promise<string> => this.#do('start', node);
  cut = (node: FaultNode): Promise<string> => this.#do('cut', node);
  join = (node: FaultNode): Promise<string> => this.#do('join', node);

  /** Where a file of the lab is, for those outside. */
  path(inLab: string): string {
    return `/proc/${this.pid}/root${inLab}`;
  }

  /** Writes another recipe in the place of the one that every daemon is started with. */
  async rewriteRecipe(change: (text: string) => string): Promise<void> {
    const path = this.path(this.overlay.recipe);
    const before = await readFile(path, 'utf8');
    const after = change(before);
    assert.notEqual(after, before);
    await writeFile(path, after);
  }

  /** Waits until every node has exactly what the leases ask for in its kernel. */
  async converge(): Promise<void> {
    for (const node of this.nodes) await node.converge();
  }

  #do(verb: FaultVerb, node: FaultNode): Promise<string> {
    return askFor(this.#found, { request: verb, node: node.name });
  }
}

/** A node of such a lab. */
export class FaultNode {
  readonly name: string;
  readonly publicIp: string;
  readonly pod: string;
  readonly #lab: FaultLab;
  readonly #holderPid: number;

  constructor(lab: FaultLab, { name, publicIp, pod, holderPid }: LabNodeStatus) {
    this.#lab = lab;
    this.name = name;
    this.publicIp = publicIp;
    this.pod = pod ?? '';
    this.#holderPid = holderPid;
  }

  /** Runs shell text in the node, which has to succeed, and returns what it printed. */
  async sh(script: string): Promise<string> {
    const { stdout } = await execa('nsenter', [...this.#enter(), 'sh', '-c', script]);
    return stdout;
  }

  /** Starts a program on the node's network. */
  spawn(program: readonly string[]): ChildProcess {
    return this.#spawnOn(this.name, program);
  }

  /** Starts a program on the network of the node's pod. */
  spawnInPod(program: readonly string[]): ChildProcess {
    return this.#spawnOn(`${this.name}-pod`, program);
  }

  /** It is the child itself, so that it can be signalled, and ends with this process. */
  #spawnOn(namespace: string, program: readonly string[]): ChildProcess {
    const net = `--net=${this.#lab.path(`/run/netns/${namespace}`)}`;
    return spawn('setpriv', ['--pdeathsig', 'SIGKILL', '--', 'nsenter', net, '--', ...program], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
  }

  /** Which commands were run so far, for a recipe that notes it: see `noteRuns`. */
  async runs(): Promise<readonly string[]> {
    const text = await readFile(this.stateFile('runs'), 'utf8');
    return text.split('\n').filter(Boolean);
  }

  /** A file below the node's /run, for those outside. */
  runFile(inRun: string): string {
    return this.#lab.path(`${runDirectoryOf(this.name)}/${inRun}`);
  }

  /** A file of the node's state directory, for those outside. */
  stateFile(name: string): string {
    return this.runFile(`${nodeStateDirectory.slice('/run/'.length)}/${name}`);
  }

  /** What the node's daemons have logged so far, from the event `from` on. */
  async log(from = 0): Promise<LoggedEvent[]> {
    return (await this.#logLines()).slice(from).map((line) => JSON.parse(line) as LoggedEvent);
  }

  /** How many events were logged so far. */
  async now(): Promise<number> {
    return (await this.#logLines()).length;
  }

  /** Waits for an event of this name, and that fits, logged at `from` or later. */
  async event<Name extends HeddleEvent['event']>(
    from: number,
    name: Name,
    fits: (event: LoggedEventOf<Name>) => boolean = () => true,
  ): Promise<LoggedEventOf<Name>> {
    const isWanted = (event: LoggedEvent): event is LoggedEventOf<Name> =>
      event.event === name && fits(event as LoggedEventOf<Name>);
    return until(
      `${this.name} to log ${name}`,
      async () => (await this.log(from)).find(isWanted),
      () => this.lastWords(),
    );
  }

  async status(): Promise<DaemonStatus> {
    const status = await this.statusIfRunning();
    assert.ok(status, `${this.name}'s daemon does not run`);
    return status;
  }

  /** The peers that the leases ask for, less this node's own. */
  get wanted(): readonly string[] {
    const { leases, overlay } = this.#lab;
    const peers = leases.list().filter(({ publicIp }) => publicIp !== this.publicIp);
    return peers.flatMap((peer) => overlay.entriesOf(peer)).sort();
  }

  /** What the kernel has of peers. */
  async entries(): Promise<readonly string[]> {
    const printed = await this.sh(this.#lab.overlay.look);
    return printed.split('\n').filter(Boolean).sort();
  }

  /** Waits until the kernel has exactly what the leases ask for, and the daemon knows of nothing left to do. */
  async converge(): Promise<void> {
    const look = async (): Promise<readonly unknown[]> => {
      const status = await this.statusIfRunning();
      const { wanted, inPlace, pending, failing } = status?.counts ?? {};
      return [wanted, inPlace, pending, failing, await this.entries().catch(() => undefined)];
    };
    const peers = this.#lab.leases.list().length - 1;
    const expected = [peers, peers, 0, 0, this.wanted];
    await until(
      `${this.name} to have its peers in place`,
      async () => isDeepStrictEqual(await look(), expected),
      async () => `${inspect(await look())}\nand not\n${inspect(expected)}\n${await this.lastWords()}`,
    );
  }

  /** The end of the log, for errors. */
  async lastWords(): Promise<string> {
    return (await this.log())
      .slice(-15)
      .map((event) => JSON.stringify(event))
      .join('\n');
  }

  /** The processes in the node, numbered as outside, whose command line has this word. */
  async processes(word: string): Promise<readonly number[]> {
    const namespace = await this.sh('readlink /proc/self/ns/pid');
    return processesIn(namespace)
      .filter(({ words }) => words.includes(word))
      .map(({ pid }) => pid);
  }

  async statusIfRunning(): Promise<DaemonStatus | undefined> {
    return (await askDaemon(this.stateFile('.'), 'GET', '/status')) as DaemonStatus | undefined;
  }

  async #logLines(): Promise<readonly string[]> {
    const text = await readFile(this.#lab.path(logFileOf(this.name)), 'utf8');
    return text.split('\n').filter((line) => line.startsWith('{') && line.endsWith('}'));
  }

  #enterLab(): readonly string[] {
    return ['--target', String(this.#lab.pid), '--pid', '--net', '--mount', '--uts', '--wd=/', '--'];
  }

  #enter(): readonly string[] {
    const namespaces = ['--net', '--mount', '--uts', '--pid'];
    return [...this.#enterLab(), 'nsenter', '--target', String(this.#holderPid), ...namespaces, '--'];
  }
}
