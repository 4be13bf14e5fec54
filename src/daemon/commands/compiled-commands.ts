import type { CompiledScript, ScriptRun } from '../../compile/follow-script.ts';
import { ScriptForms } from '../../compile/script-forms.ts';
import { peerVariables } from '../../contract/environment.ts';
import type { Operation } from '../../engine/operation.ts';
import { findMissingPrograms } from '../../host/programs.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { parseScript } from '../../recipe/sh/parse-script.ts';
import type { ScriptSource } from '../../shell/script.ts';
import { mayReadInput } from '../../waves/tools/table.ts';
import type { CommandResult } from './command-result.ts';
import {
  peerCommandOf,
  type CommandRunner,
  type CompiledCommand,
  type CompiledResult,
} from './command-runner.ts';

type Variables = Readonly<Record<string, string>>;

/** The forms of a command's script, and what they were made of. */
interface CommandForms {
  readonly source: ScriptSource;
  readonly shared: Variables;
  readonly forms: ScriptForms;
}

/** The compiled command of one operation. */
export interface CompiledOperation extends CompiledCommand {
  readonly text: string;
  readonly compilation: CompiledScript;
}

/** A compiled command that waits for its calls. Many do so at once, so it keeps only what cannot be made again. */
class WaitingCommand implements CompiledOperation {
  readonly #operation: Operation;
  readonly #shared: Variables;
  readonly run: ScriptRun;
  readonly text: string;
  readonly compilation: CompiledScript;

  constructor(operation: Operation, text: string, compilation: CompiledScript, shared: Variables) {
    this.#operation = operation;
    this.#shared = shared;
    this.text = text;
    this.compilation = compilation;
    this.run = compilation.start();
  }

  get name(): CompiledCommand['name'] {
    return peerCommandOf(this.#operation);
  }

  /** Calls in a batch need the environment only once, so it is made when it is asked for. */
  get environment(): Variables {
    return { ...this.#shared, ...peerVariables(this.#operation.peer) };
  }
}

/** Runs commands of peers in waves, without a shell for each. Every call of such a command is known before it is made. */
export class CompiledCommands {
  readonly #runner: CommandRunner;
  readonly #own: LeaseSubnets;
  /** The scripts that are ready to run, by the operation that the engine is about to take. */
  readonly #ready = new WeakMap<Operation, CompiledOperation>();
  readonly #forms = new Map<CompiledCommand['name'], CommandForms>();
  readonly #present = new Set<string>();

  constructor(runner: CommandRunner, own: LeaseSubnets) {
    this.#runner = runner;
    this.#own = own;
  }

  /** Whether the operation can run without a shell. */
  fits(operation: Operation): boolean {
    const compiled = this.compile(operation);
    if (compiled === undefined) return false;
    this.#ready.set(operation, compiled);
    return true;
  }

  /** The compiled command of an operation; undefined if only a shell can run it. */
  compile(operation: Operation): CompiledOperation | undefined {
    const name = peerCommandOf(operation);
    const command = this.#runner.peerCommand(name, this.#own, operation.peer);
    if (command === undefined) return undefined;
    const { source, environment, shared, stdin } = command;
    const compilation = this.#formsOf(name, source, shared).compile(environment, stdin);
    if (compilation.kind === 'shell') return undefined;
    return new WaitingCommand(operation, source.text, compilation, shared);
  }

  /** Runs operations that {@link fits} has accepted. Returns a result for each, in their order. */
  run(
    operations: readonly Operation[],
    signal: AbortSignal,
    mayGoOn: () => boolean,
  ): Promise<readonly CompiledResult[]> {
    const commands = operations.map((operation) => {
      const command = this.#ready.get(operation);
      if (command === undefined) throw new Error(`the command for ${operation.peer.key} is not compiled`);
      // The operation lives on in the engine for a while.
      this.#ready.delete(operation);
      return command;
    });
    return this.#runner.runCompiled(commands, signal, mayGoOn);
  }

  /** Runs the command of one operation without a shell; undefined if only a shell can run it. */
  runDirectly(operation: Operation, signal: AbortSignal): Promise<CommandResult> | undefined {
    const compiled = this.compile(operation);
    return compiled && this.#runner.runDirectly(compiled, operation.peer, signal);
  }

  /** The forms of a command. They hold for as long as its text and what all peers share are the same. */
  #formsOf(name: CompiledCommand['name'], source: ScriptSource, shared: Variables): ScriptForms {
    const known = this.#forms.get(name);
    if (known?.source === source && known.shared === shared) return known.forms;
    const forms = new ScriptForms({
      tree: parseScript(source.text),
      source: source.text,
      exitsOnFailure: source.stopOnError,
      shared,
      programs: { has: (program) => this.#has(program, shared), mayReadInput },
    });
    this.#forms.set(name, { source, shared, forms });
    return forms;
  }

  #has(program: string, { PATH }: Variables): boolean {
    if (!this.#present.has(program) && findMissingPrograms([program], PATH ?? '').length > 0) return false;
    this.#present.add(program);
    return true;
  }
}
