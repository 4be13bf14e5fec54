import type { RunDifference } from '../../compile/compare-run.ts';
import { positionAt } from '../../diagnostic/source.ts';
import type { CompileDifference, EmitEvent } from '../../event/event.ts';
import { placeInRecipe } from '../../recipe/command-text.ts';
import type { LeaseSubnets, Peer } from '../../lease/lease.ts';
import { commandVariables, nodeVariables, peerVariables } from '../../contract/environment.ts';
import type { NodeFacts } from '../../contract/environment.ts';
import type { BackendDataFormat, CommandName, Recipe } from '../../recipe/recipe.ts';
import type { ScriptRun } from '../../compile/follow-script.ts';
import type { ScriptSource } from '../../shell/script.ts';
import { findTools } from '../../waves/find-tools.ts';
import { runWaves } from '../../waves/run-waves.ts';
import type { BatchTool } from '../../waves/tools/batch-tool.ts';
import { concludeRun, concludeWave, nothingToRun, type CommandResult } from './command-result.ts';
import { commandLedger } from './running-commands.ts';
import { startMonitor } from '../../shell/monitor.ts';
import type { Monitor, MonitorListeners } from '../../shell/monitor.ts';
import type { CommandScripts } from '../../recipe-files/command-scripts.ts';
import type { Outcome, Shell } from '../../shell/shell.ts';
import { subnetsOf } from '../../engine/in-place.ts';
import type { Operation } from '../../engine/operation.ts';
import { formatCount } from '../../diagnostic/words.ts';
import type { Waits } from './waits.ts';

interface CommandContext {
  readonly recipe: Recipe;
  readonly scripts: CommandScripts;
  readonly shell: Shell;
  /** The environment that commands inherit; see `inheritedEnvironment`. */
  readonly inherited: Readonly<Record<string, string>>;
  readonly facts: NodeFacts;
  /** The daemon's waits. Each run of a command is noted there, so that a long one is named. */
  readonly waits: Waits;
}

type PeerCommandName = 'SubnetAddCommand' | 'SubnetRemoveCommand';

/** The command that an operation runs. */
export function peerCommandOf({ kind }: Operation): PeerCommandName {
  return kind === 'add' ? 'SubnetAddCommand' : 'SubnetRemoveCommand';
}

/** The inputs of the command for a peer. */
export interface PeerCommand {
  readonly name: PeerCommandName;
  readonly source: ScriptSource;
  /** The variables of this peer. */
  readonly environment: Readonly<Record<string, string>>;
  /** The variables that the commands of all peers have, too. */
  readonly shared: Readonly<Record<string, string>>;
  readonly stdin: string;
}

/** Watches the run of a peer's command. */
interface RunObserver {
  /** Variables in place of those of the same names. */
  readonly environment: Readonly<Record<string, string>>;
  readonly onEnd: (outcome: Outcome) => void;
}

/** A command for a peer that runs without a shell. */
export interface CompiledCommand {
  readonly name: PeerCommandName;
  readonly environment: Readonly<Record<string, string>>;
  readonly run: ScriptRun;
}

/** The result of a compiled command; it may have been stopped between two of its calls. */
export type CompiledResult = CommandResult | { readonly kind: 'stopped' };

/** Runs the commands of one recipe on one node, by the command contract. */
export class CommandRunner {
  #context: CommandContext;
  readonly #emit: EmitEvent;
  readonly #secrets: readonly string[];
  /** The last stderr of a CheckCommand that succeeded, and how often in a row it was the same. */
  #checkStderr = { text: '', times: 0 };

  /** The environment that the commands of all peers share, until the facts change. */
  #shared:
    | {
        readonly facts: NodeFacts;
        readonly own: LeaseSubnets;
        readonly environment: Readonly<Record<string, string>>;
      }
    | undefined;

  /** The programs that work off many calls at once, when they are known. */
  #tools: Promise<readonly BatchTool[]> | undefined;

  /** The commands for the node as a whole, not for its peers, that run now. */
  #ownRunning = 0;

  constructor(context: CommandContext, emit: EmitEvent) {
    this.#context = context;
    this.#emit = emit;
    this.#secrets = secretValues(context.facts);
  }

  /** Replaces facts about the node that changed, for example the MTU. */
  learn(facts: Partial<NodeFacts>): void {
    this.#context = { ...this.#context, facts: { ...this.#context.facts, ...facts } };
  }

  /** Replaces the recipe's text for messages, after a change that only moved its lines. */
  adopt(recipe: Recipe, scripts: CommandContext['scripts']): void {
    this.#context = { ...this.#context, recipe, scripts };
  }

  /** Whether a command for the node as a whole runs now. MonitorCommand does not count. */
  get runsOwn(): boolean {
    return this.#ownRunning > 0;
  }

  get facts(): NodeFacts {
    return this.#context.facts;
  }

  get backendData(): BackendDataFormat {
    return this.#context.recipe.backendData;
  }

  /** Whether commands of different peers may run at the same time. */
  get mayOverlap(): boolean {
    return this.#context.recipe.concurrency > 1;
  }

  has(name: CommandName): boolean {
    return this.#context.recipe.commands[name] !== undefined;
  }

  /**
   * Runs a command that is about this node, and reports how it went. A command that the recipe does not have succeeds
   * and prints nothing. `own` is undefined before the lease is taken.
   */
  async runOwn(
    name: CommandName,
    own: LeaseSubnets | undefined,
    signal?: AbortSignal,
  ): Promise<CommandResult> {
    if (!this.has(name)) return nothingToRun;
    const result = await this.runQuietly(name, own, signal);
    switch (result.kind) {
      case 'ok':
        this.#emit({
          event: 'command-finished',
          command: name,
          durationMs: result.durationMs,
          stderr: result.stderr,
        });
        break;
      case 'trouble':
        this.#emit({ event: 'command-failed', trouble: result.trouble });
        break;
    }
    return result;
  }

  /**
   * Does the same as {@link runOwn}, but without events: the command runs so often that only its caller knows which
   * results are worth an event.
   */
  async runQuietly(
    name: CommandName,
    own: LeaseSubnets | undefined,
    signal?: AbortSignal,
  ): Promise<CommandResult> {
    if (!this.has(name)) return nothingToRun;
    return this.#run(name, () => name, commandVariables(name, this.#context.facts, own), '', signal);
  }

  /** Runs a command that reads many peers, one on each line. */
  async runLines(
    name: 'SubnetBatchCommand' | 'CheckCommand',
    own: LeaseSubnets,
    lines: readonly string[],
    signal?: AbortSignal,
  ): Promise<CommandResult> {
    const stdin = lines.map((line) => `${line}\n`).join('');
    const what = (): string => `${name} for ${formatCount(lines.length, 'peer')}`;
    const result = await this.#run(
      name,
      what,
      commandVariables(name, this.#context.facts, own),
      stdin,
      signal,
    );
    if (name === 'CheckCommand' && result.kind === 'ok') this.#tellCheck(result.stderr, result.durationMs);
    return result;
  }

  /** Reports the stderr of a check that succeeded: the first time, and then each time the number of equal ones has doubled. */
  #tellCheck(stderr: string, durationMs: number): void {
    const times = stderr === this.#checkStderr.text ? this.#checkStderr.times + 1 : 1;
    this.#checkStderr = { text: stderr, times };
    const isPowerOfTwo = (times & (times - 1)) === 0;
    if (stderr !== '' && isPowerOfTwo)
      this.#emit({ event: 'command-finished', command: 'CheckCommand', durationMs, stderr, times });
  }

  /** Starts MonitorCommand; undefined if the recipe has none. */
  startMonitor(own: LeaseSubnets, listeners: MonitorListeners): Monitor | undefined {
    const { scripts, inherited, facts } = this.#context;
    const source = scripts.source('MonitorCommand');
    if (source === undefined) return undefined;
    const variables = commandVariables('MonitorCommand', facts, own);
    return startMonitor(
      { script: source, environment: { ...inherited, ...variables }, cwd: facts.stateDirectory },
      listeners,
      commandLedger(facts.stateDirectory),
    );
  }

  /** Runs SubnetAdd or SubnetRemove for a peer. A recipe without that command has nothing to do. */
  async runPeer(
    name: PeerCommandName,
    own: LeaseSubnets,
    peer: Peer,
    signal?: AbortSignal,
    observer?: RunObserver,
  ): Promise<CommandResult> {
    if (!this.has(name)) return nothingToRun;
    const what = (): string => describeRun(name, peer);
    const variables = { ...commandVariables(name, this.#context.facts, own, peer), ...observer?.environment };
    return this.#run(name, what, variables, peer.stdin, signal, observer?.onEnd);
  }

  /** Reports a difference between a shell's run of a peer's command and the compiled one. Hides secrets in it. */
  reportDifference(name: PeerCommandName, peer: Peer, { span, text }: RunDifference): CompileDifference {
    const { recipe } = this.#context;
    const command = recipe.commands[name];
    const place = span && command && placeInRecipe(recipe.source, command, span);
    const difference = {
      command: name,
      where: place && { file: recipe.source.name, line: positionAt(recipe.source.text, place.offset).line },
      subnet: subnetsOf(peer).join(' and '),
      because: this.#redact(text),
    };
    this.#emit({ event: 'compile-difference', ...difference });
    return difference;
  }

  /** The text of a command; undefined if the recipe does not have it. */
  commandText(name: CommandName): string | undefined {
    return this.#context.scripts.source(name)?.text;
  }

  /** The inputs of the command for a peer; undefined if the recipe does not have it. */
  peerCommand(name: PeerCommandName, own: LeaseSubnets, peer: Peer): PeerCommand | undefined {
    const { scripts, inherited, facts } = this.#context;
    const source = scripts.source(name);
    if (source === undefined) return undefined;
    if (this.#shared?.facts !== facts || this.#shared.own !== own) {
      this.#shared = { facts, own, environment: { ...inherited, ...nodeVariables(facts, own) } };
    }
    const shared = this.#shared.environment;
    return { name, source, environment: peerVariables(peer), shared, stdin: peer.stdin };
  }

  /** Finds the programs that work off many calls at once. They are asked only once, so an early call saves a later one the time. */
  findTools(): Promise<readonly BatchTool[]> {
    const { shell, inherited, facts } = this.#context;
    return (this.#tools ??= findTools(shell, inherited, facts.stateDirectory));
  }

  /** Runs compiled commands for many peers, in waves. Returns a result for each, in their order. */
  async runCompiled(
    compiled: readonly CompiledCommand[],
    signal: AbortSignal,
    mayGoOn: () => boolean,
  ): Promise<readonly CompiledResult[]> {
    const { shell, recipe, facts, waits } = this.#context;
    const cwd = facts.stateDirectory;
    const timeoutMs = recipe.timeout * 1000;
    const { concurrency, source } = recipe;
    const end = waits.begin(() => `commands for ${formatCount(compiled.length, 'peer')}`, timeoutMs);
    const begin = performance.now();
    try {
      const tools = await this.findTools();
      const ends = await runWaves(compiled, { shell, tools, cwd, timeoutMs, concurrency, signal, mayGoOn });
      const durationMs = performance.now() - begin;
      return compiled.flatMap(({ name }, index): CompiledResult[] => {
        const command = recipe.commands[name];
        const each = ends[index];
        if (command === undefined || each === undefined) return [];
        if (each.kind === 'stopped') return [each];
        return [concludeWave(command, source, each, durationMs, (text) => this.#redact(text))];
      });
    } finally {
      end();
    }
  }

  /** Runs the compiled command of one peer: its programs, one after the other, in the time that the command has. */
  async runDirectly(
    { name, run, environment }: CompiledCommand,
    peer: Peer,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const { shell, recipe, facts, waits } = this.#context;
    const command = recipe.commands[name];
    if (command === undefined) throw new Error(`the recipe has no ${name}`);
    const timeoutMs = recipe.timeout * 1000;
    const end = waits.begin(() => describeRun(name, peer), timeoutMs);
    const begin = performance.now();
    try {
      const [only] = await runWaves([{ run, environment }], {
        shell,
        tools: [],
        cwd: facts.stateDirectory,
        timeoutMs,
        leftMs: () => Math.max(1, timeoutMs - (performance.now() - begin)),
        concurrency: 1,
        signal,
        mayGoOn: () => true,
      });
      if (only === undefined || only.kind === 'stopped') throw new Error(`${name} was stopped`);
      return concludeWave(command, recipe.source, only, performance.now() - begin, (text) =>
        this.#redact(text),
      );
    } finally {
      end();
    }
  }

  async #run(
    name: CommandName,
    what: () => string,
    variables: Readonly<Record<string, string>>,
    stdin: string,
    signal: AbortSignal | undefined,
    onEnd?: (outcome: Outcome) => void,
  ): Promise<CommandResult> {
    const { scripts, shell, recipe, inherited, facts, waits } = this.#context;
    const command = recipe.commands[name];
    if (command === undefined) throw new Error(`the recipe has no ${name}`);
    const job = {
      script: await scripts.get(name),
      environment: { ...inherited, ...variables },
      stdin,
      cwd: facts.stateDirectory,
      timeoutMs: recipe.timeout * 1000,
    };
    const end = waits.begin(what, job.timeoutMs);
    const ofNode = isForPeers(name) ? 0 : 1;
    this.#ownRunning += ofNode;
    const outcome = await shell.run(job, signal).finally(() => {
      this.#ownRunning -= ofNode;
      end();
    });
    onEnd?.(outcome);
    return concludeRun(command, recipe.source, outcome, (text) => this.#redact(text));
  }

  #redact(text: string): string {
    return this.#secrets.reduce((redacted, secret) => redacted.replaceAll(secret, '‹secret›'), text);
  }
}

function describeRun(name: PeerCommandName, peer: Peer): string {
  return `${name} for ${subnetsOf(peer).join(' and ')}`;
}

function isForPeers(name: CommandName): boolean {
  return name === 'SubnetAddCommand' || name === 'SubnetRemoveCommand' || name === 'SubnetBatchCommand';
}

/** The secret values, the longest first: a value may begin with another one, and its rest would stay readable. */
function secretValues({ parameters, parameterValues }: NodeFacts): string[] {
  const values = parameters.flatMap(({ name, secret }) => {
    const value = parameterValues[name];
    return secret && value !== undefined && String(value) !== '' ? [String(value)] : [];
  });
  return values.sort((a, b) => b.length - a.length);
}
