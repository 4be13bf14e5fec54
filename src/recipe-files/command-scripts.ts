import { commandText } from '../recipe/command-text.ts';
import type { SyntaxComplaint } from '../recipe/lint/syntax-errors.ts';
import type { Command, CommandName } from '../recipe/recipe.ts';
import { systemShell, type ShellProgram } from '../shell/program.ts';
import { prepareScripts, type ScriptSource } from '../shell/script.ts';
import type { Script } from '../shell/shell.ts';
import { findSyntaxErrors } from '../shell/syntax.ts';

/** The first command that a node runs: nothing that it waits for is put off. */
const first: CommandName = 'PreStartupCommand';

/**
 * A recipe's commands, made ready to run: the array form stops at the first line that fails and knows its lines; the string
 * form runs as `sh -c` would run it. To find the lines takes the shell some milliseconds a command. The first command's are
 * looked for at once, all others' when the first of them is needed, or the first command is. The commands' syntax should be
 * checked as well ({@link findComplaints}).
 */
export class CommandScripts {
  readonly #sources: ReadonlyMap<CommandName, ScriptSource>;
  readonly #program: ShellProgram;
  readonly #first: Promise<ReadonlyMap<CommandName, Script>>;
  #others: Promise<ReadonlyMap<CommandName, Script>> | undefined;

  constructor(commands: readonly Command[], program: ShellProgram = systemShell) {
    this.#sources = new Map(
      commands.map((command) => [
        command.name,
        { text: commandText(command), stopOnError: command.form === 'lines' },
      ]),
    );
    this.#program = program;
    this.#first = this.#prepare((name) => name === first);
  }

  /** The text of a command; undefined if the recipe does not have the command. */
  source(name: CommandName): ScriptSource | undefined {
    return this.#sources.get(name);
  }

  /** A command with its lines. Without lines, if the shell did not find them, a failure names the whole command. */
  async get(name: CommandName): Promise<Script> {
    // Once the first command has started.
    if (name === first) setImmediate(() => void this.#prepareOthers());
    const scripts = await (name === first ? this.#first : this.#prepareOthers());
    const script = scripts.get(name);
    if (script === undefined) throw new Error(`the recipe has no ${name}`);
    return script;
  }

  #prepareOthers(): Promise<ReadonlyMap<CommandName, Script>> {
    return (this.#others ??= this.#prepare((name) => name !== first));
  }

  async #prepare(isMeant: (name: CommandName) => boolean): Promise<ReadonlyMap<CommandName, Script>> {
    const meant = [...this.#sources].filter(([name]) => isMeant(name));
    const sources = meant.map(([, source]) => source);
    const scripts = await prepareScripts(sources, this.#program).catch(() => []);
    return new Map(meant.map(([name, source], index) => [name, scripts[index] ?? { ...source, notes: [] }]));
  }
}

/** Lets the shell read the commands without running anything. Returns what it refuses, in the order given. */
export async function findComplaints(
  commands: readonly Command[],
  program?: ShellProgram,
): Promise<readonly SyntaxComplaint[]> {
  const errors = await findSyntaxErrors(commands.map(commandText), program);
  return commands.flatMap((command, index) => {
    const error = errors[index];
    return error === undefined ? [] : [{ command, ...error }];
  });
}
