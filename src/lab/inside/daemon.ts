import { spawn, type ChildProcess } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import type { FailureKind } from '../../diagnostic/failure.ts';
import { exitCodes } from '../../diagnostic/failure.ts';
import type { CommandTrouble, HeddleEvent } from '../../event/event.ts';
import { nodeInterface } from '../plan/commands.ts';
import {
  logFileOf,
  nodeStateDirectory,
  nodeStoreDirectory,
  nodeSubnetFile,
  type LabSpec,
} from '../protocol.ts';
import type { LabTrouble } from '../report.ts';
import type { Changes } from './changes.ts';
import { nodeEnvironment } from './environment.ts';
import { enterNode, type Holder } from './holder.ts';
import { readJsonLines } from './json-lines.ts';

export type DaemonState =
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly afterMs: number }
  /** It was sent `signal` by the lab. */
  | { readonly kind: 'stopping'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'ended'; readonly how: string; readonly asTold: boolean };

/** What a daemon has done about one peer last. */
export type PeerState =
  | { readonly kind: 'added' }
  | { readonly kind: 'failed'; readonly attempt: number; readonly trouble: CommandTrouble };

/** How much of a daemon's stderr is kept for messages, in lines. */
const keptLines = 20;

/** One run of `heddle up` in a node, followed through its JSON log. */
export class Daemon {
  readonly node: string;
  readonly pid: number;
  state: DaemonState = { kind: 'starting' };
  /** By public address. */
  readonly peers = new Map<string, PeerState>();
  readonly #child: ChildProcess;
  readonly #changes: Changes;
  readonly #startedAt = performance.now();
  readonly #stderr: string[] = [];
  #failure: Extract<HeddleEvent, { event: 'failure' }> | undefined;
  #commandTrouble: CommandTrouble | undefined;

  constructor(node: string, holder: Holder, spec: LabSpec, changes: Changes) {
    this.node = node;
    this.#changes = changes;
    this.#child = spawn('nsenter', enterNode(holder, daemonCommand(spec)), {
      cwd: '/',
      env: nodeEnvironment(node, process.env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.pid = this.#child.pid ?? 0;
    this.#follow();
  }

  /** Sends a signal; the end that follows counts as wanted. */
  signal(signal: NodeJS.Signals): void {
    if (this.state.kind === 'ended') return;
    this.state = { kind: 'stopping', signal };
    this.#child.kill(signal);
    this.#changes.notify();
  }

  /** Why the daemon is not what it should be, as precisely as it said itself. */
  trouble(otherwise: string): LabTrouble {
    const failure = this.#failure;
    const detail = this.#commandTrouble?.stderr ?? this.#stderrBeside(failure);
    const shown = detail === '' ? {} : { detail };
    if (failure) {
      const hint = failure.hint === undefined ? {} : { hint: failure.hint };
      return { node: this.node, kind: failure.kind, message: failure.message, ...hint, ...shown };
    }
    const how = this.state.kind === 'ended' ? `its daemon ${this.state.how}` : otherwise;
    return { node: this.node, kind: this.#exitKind(), message: `${this.node}: ${how}`, ...shown };
  }

  /** The end of its stderr, less what the failure it logged says already. */
  #stderrBeside(failure: { readonly message: string; readonly hint?: string } | undefined): string {
    const known = [failure?.message, failure?.hint].filter((text) => text !== undefined);
    return this.#stderr.filter((line) => !known.some((text) => line.includes(text))).join('\n');
  }

  #exitKind(): FailureKind {
    const code = this.#child.exitCode;
    const kind = Object.entries(exitCodes).find(([, value]) => value === code)?.[0];
    return (kind as FailureKind | undefined) ?? 'lab-failed';
  }

  #follow(): void {
    const { stdout, stderr } = this.#child;
    const log = createWriteStream(logFileOf(this.node), { flags: 'a' });
    if (stdout) {
      stdout.pipe(log, { end: false });
      readJsonLines(stdout, (object) => this.#note(object as unknown as HeddleEvent));
    }
    if (stderr) {
      stderr.pipe(log, { end: false });
      readJsonLines(
        stderr,
        (object) => this.#keep(JSON.stringify(object)),
        (line) => this.#keep(line),
      );
    }
    this.#child.on('error', (error) => this.#end(`could not be started: ${error.message}`));
    this.#child.on('exit', (code, signal) => {
      const how = signal === null ? `exited with status ${code ?? '?'}` : `was ended by ${signal}`;
      // What it said last may still be in the pipe; a child of its own may hold the pipe open for ever.
      const finish = (): void => {
        clearTimeout(timer);
        log.end();
        this.#end(how);
      };
      const timer = setTimeout(finish, 250);
      this.#child.once('close', finish);
    });
  }

  #keep(line: string): void {
    this.#stderr.push(line);
    if (this.#stderr.length > keptLines) this.#stderr.shift();
  }

  #end(how: string): void {
    if (this.state.kind === 'ended') return;
    const told = this.state.kind === 'stopping' ? this.state.signal : undefined;
    const clean = this.#child.exitCode === 0 || (told !== undefined && this.#child.signalCode === told);
    this.state = { kind: 'ended', how, asTold: told !== undefined && clean };
    this.#changes.notify();
  }

  #note(event: HeddleEvent): void {
    switch (event.event) {
      case 'ready':
        if (this.state.kind === 'starting') {
          this.state = { kind: 'ready', afterMs: Math.round(performance.now() - this.#startedAt) };
        }
        break;
      case 'peer-added':
        this.peers.set(event.peer.publicIp, { kind: 'added' });
        break;
      case 'peer-removed':
        this.peers.delete(event.peer.publicIp);
        break;
      case 'batch-applied':
        for (const { publicIp } of event.removed) this.peers.delete(publicIp);
        for (const { publicIp } of event.added) this.peers.set(publicIp, { kind: 'added' });
        break;
      case 'peer-failed':
        if (event.operation === 'add') {
          const { attempt, trouble } = event;
          this.peers.set(event.peer.publicIp, { kind: 'failed', attempt, trouble });
        }
        break;
      case 'command-failed':
        this.#commandTrouble = event.trouble;
        break;
      case 'failure':
        this.#failure = event;
        break;
      default:
        return;
    }
    this.#changes.notify();
  }
}

function daemonCommand(spec: LabSpec): readonly string[] {
  return [
    ...spec.heddle,
    'up',
    ...['--recipe', spec.recipe.path],
    ...['--store-dir', nodeStoreDirectory],
    ...['--state-dir', nodeStateDirectory],
    ...['--subnet-file', nodeSubnetFile],
    ...['--iface', nodeInterface],
    ...['--log-format', 'json'],
    ...spec.parameters.flatMap((parameter) => ['--param', parameter]),
    ...spec.daemonOptions,
  ];
}
