import { commandText } from '../recipe/command-text.ts';
import type { SyntaxComplaint } from '../recipe/lint/syntax-errors.ts';
import type { Command, CommandName } from '../recipe/recipe.ts';
import { systemShell, type ShellProgram } from '../shell/program.ts';
import { prepareScripts, readScripts, type ScriptSource } from '../shell/script.ts';
import type { Script } from '../shell/shell.ts';
import { findSyntaxErrors, type ShellSyntaxError } from '../shell/syntax.ts';

/** The first command that a node runs: nothing that it waits for is put off. */
const first: CommandName = 'PreStartupCommand';

/**
 * The time after the first command is wanted at which the others' lines are looked for, in milliseconds. By then the first command runs: to
 * read the others takes this process some milliseconds, which would delay it.
 */
const othersAfterMs = 20;

/**
 * A recipe's commands, made ready to run: the array form stops at the first line that fails and knows its lines; the string
 * form runs as `sh -c` would run it. To find the lines takes the shell some milliseconds a command. The first command's are
 * looked for at once, by the process that checks the syntax of all commands. The others' are looked for when the first of them
 * is needed, or the first command is.
 */
export class CommandScripts {
  /** The complaints of the shell about the commands, in their order. Rejects if the shell cannot be started. */
  readonly complaints: Promise<readonly SyntaxComplaint[]>;
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
    const sources = [...this.#sources].filter(([name]) => name === first);
    const reading = readScripts(
      sources.map(([, source]) => source),
      commands.map(commandText),
      program,
    );
    this.complaints = reading.then(({ errors }) => listComplaints(commands, errors));
    // Only a caller that awaits the complaints needs the reason.
    this.complaints.catch(() => undefined);
    this.#first = nameScripts(
      sources,
      reading.then(({ scripts }) => scripts),
    );
  }

  /** The text of a command; undefined if the recipe does not have the command. */
  source(name: CommandName): ScriptSource | undefined {
    return this.#sources.get(name);
  }

  /** A command with its lines. Without lines, if the shell did not find them, a failure names the whole command. */
  async get(name: CommandName): Promise<Script> {
    if (name === first) setTimeout(() => void this.#prepareOthers(), othersAfterMs).unref();
    const scripts = await (name === first ? this.#first : this.#prepareOthers());
    const script = scripts.get(name);
    if (script === undefined) throw new Error(`the recipe has no ${name}`);
    return script;
  }

  #prepareOthers(): Promise<ReadonlyMap<CommandName, Script>> {
    if (this.#others === undefined) {
      const sources = [...this.#sources].filter(([name]) => name !== first);
      const scripts = prepareScripts(
        sources.map(([, source]) => source),
        this.#program,
      );
      this.#others = nameScripts(sources, scripts);
    }
    return this.#others;
  }
}

/** The scripts by the names of their commands. If the shell could not be started, they have no notes. */
async function nameScripts(
  sources: readonly (readonly [CommandName, ScriptSource])[],
  scripts: Promise<readonly Script[]>,
): Promise<ReadonlyMap<CommandName, Script>> {
  const ready = await scripts.catch(() => []);
  return new Map(sources.map(([name, source], index) => [name, ready[index] ?? { ...source, notes: [] }]));
}

/** Lets the shell read the commands without running anything. Returns what it refuses, in the order given. */
export async function findComplaints(
  commands: readonly Command[],
  program?: ShellProgram,
): Promise<readonly SyntaxComplaint[]> {
  return listComplaints(commands, await findSyntaxErrors(commands.map(commandText), program));
}

function listComplaints(
  commands: readonly Command[],
  errors: readonly (ShellSyntaxError | undefined)[],
): readonly SyntaxComplaint[] {
  return commands.flatMap((command, index) => {
    const error = errors[index];
    return error === undefined ? [] : [{ command, ...error }];
  });
}
