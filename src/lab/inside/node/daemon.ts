import type { FailureKind } from '../../../diagnostic/failure.ts';
import { exitCodes } from '../../../diagnostic/failure.ts';
import type { HeddleEvent } from '../../../event/event.ts';
import { describeWait } from '../../../event/human.ts';
import { listFew } from '../../../diagnostic/words.ts';
import { NodeWaits } from './node-waits.ts';
import type { CommandTrouble } from '../../../event/trouble.ts';
import { nodeInterface } from '../../plan/commands.ts';
import { storeOptions } from '../../plan/lab-store.ts';
import {
  followsRecipe,
  logFileOf,
  nodeRecipe,
  nodeStateDirectory,
  nodeSubnetFile,
  readsCopy,
  type LabSpec,
} from '../../protocol.ts';
import type { LabTrouble } from '../../report/report.ts';
import type { Changes } from '../changes.ts';
import { nodeEnvironment } from './environment.ts';
import { runInHost, type Holder } from './holder.ts';
import type { NodeDaemon } from './node-daemon.ts';
import { RunningProgram, type ProgramState } from '../running-program.ts';
import { operandOf } from '../../../recipe/parameters.ts';

/** The last operation of a daemon for one peer. */
type PeerState =
  | { readonly kind: 'added' }
  | { readonly kind: 'failed'; readonly attempt: number; readonly trouble: CommandTrouble };

/** A daemon's answer to a saved recipe. */
export type RecipeAnswer = Extract<
  HeddleEvent,
  { event: 'recipe-applied' | 'recipe-refused' | 'recipe-failed' }
>;

/** One run of `heddle up` in a node, followed through its JSON log. */
export class LabDaemon implements NodeDaemon {
  readonly kind = 'heddle';
  readonly node: string;
  /** The peers, by public address. */
  readonly peers = new Map<string, PeerState>();
  /** The daemon's answer to each recipe that was saved while it ran. */
  readonly answers: RecipeAnswer[] = [];
  readonly #program: RunningProgram;
  readonly #changes: Changes;
  /** The answer that a recipe failed. It counts once the daemon works again. */
  #recipeFailed: RecipeAnswer | undefined;
  #failure: Extract<HeddleEvent, { event: 'failure' }> | undefined;
  #commandTrouble: CommandTrouble | undefined;
  /** The commands that take long. */
  readonly waits = new NodeWaits();
  readonly #onWait: (what: string) => void;

  /** @param onWait called with a noun for a command that takes long */
  constructor(node: string, holder: Holder, spec: LabSpec, changes: Changes, onWait: (what: string) => void) {
    this.node = node;
    this.#changes = changes;
    this.#onWait = onWait;
    const start = {
      command: runInHost(holder, daemonCommand(spec)),
      cwd: '/',
      environment: nodeEnvironment(node, process.env, spec.store),
      logFile: logFileOf(node),
      onObject: (object: object) => this.#note(nameRecipe(object as HeddleEvent, spec)),
    };
    this.#program = new RunningProgram(start, changes);
  }

  get pid(): number {
    return this.#program.pid;
  }

  get state(): ProgramState {
    return this.#program.state;
  }

  signal(signal: NodeJS.Signals): void {
    this.#program.signal(signal);
  }

  /**
   * The reason why the daemon does not work, in its own words if it reported any.
   *
   * @param waits the commands that run, as clauses
   */
  trouble(otherwise: string, waits: readonly string[] = this.waits.describe()): LabTrouble {
    const failure = this.#failure;
    const detail = this.#commandTrouble?.stderr ?? this.#stderrBeside(failure);
    const shown = detail === '' ? {} : { detail };
    if (failure) {
      const hint = failure.hint === undefined ? {} : { hint: failure.hint };
      return { node: this.node, kind: failure.kind, message: failure.message, ...hint, ...shown };
    }
    const waiting = waits.length === 0 ? otherwise : `${otherwise}: it waits for ${listFew(waits)}`;
    const how = this.state.kind === 'ended' ? `its daemon ${this.state.how}` : waiting;
    return { node: this.node, kind: this.#exitKind(), message: `${this.node}: ${how}`, ...shown };
  }

  /** The end of the daemon's stderr, without the failure that its log has already. */
  #stderrBeside(failure: { readonly message: string; readonly hint?: string } | undefined): string {
    const known = [failure?.message, failure?.hint].filter((text) => text !== undefined);
    return this.#program.lastLines.filter((line) => !known.some((text) => line.includes(text))).join('\n');
  }

  #exitKind(): FailureKind {
    const code = this.#program.exitCode;
    const kind = Object.entries(exitCodes).find(([, value]) => value === code)?.[0];
    return (kind as FailureKind | undefined) ?? 'lab-failed';
  }

  #note(event: HeddleEvent): void {
    this.waits.note(event);
    switch (event.event) {
      case 'ready':
        this.#program.becomeReady();
        if (this.#recipeFailed !== undefined) this.answers.push(this.#recipeFailed);
        this.#recipeFailed = undefined;
        break;
      case 'state':
        // Everything that the daemon had added is gone with the network.
        if (event.to === 'pre-startup') this.peers.clear();
        break;
      case 'recipe-applied':
      case 'recipe-refused':
        this.answers.push(event);
        break;
      case 'recipe-failed':
        this.#recipeFailed = event;
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
      case 'waiting':
        this.#onWait(event.waits.map(describeWait).join(', '));
        break;
      default:
        return;
    }
    this.#changes.notify();
  }
}

/** Replaces the path of the lab's copy of a recipe with the path of the author's own file. */
function nameRecipe(event: HeddleEvent, spec: LabSpec): HeddleEvent {
  if (!readsCopy(spec)) return event;
  const { recipe } = spec;
  const named = JSON.stringify(event).replaceAll(nodeRecipe(recipe.path), recipe.path);
  return JSON.parse(named) as HeddleEvent;
}

function daemonCommand(spec: LabSpec): readonly string[] {
  return [
    ...spec.heddle,
    'up',
    ...(followsRecipe(spec) ? ['--watch'] : []),
    ...['--recipe', readsCopy(spec) ? nodeRecipe(spec.recipe.path) : spec.recipe.path],
    ...storeOptions(spec.store),
    ...['--state-dir', nodeStateDirectory],
    ...['--subnet-file', nodeSubnetFile],
    ...['--iface', nodeInterface],
    ...['--log-format', 'json'],
    // The lab needs every event, even if HEDDLE_LOG_LEVEL says otherwise.
    ...['--log-level', 'debug'],
    ...spec.parameters.flatMap((parameter) => ['--param', operandOf(parameter)]),
    ...spec.daemonOptions,
  ];
}
