import { commandText } from '../recipe/command-text.ts';
import type { SyntaxComplaint } from '../recipe/lint/syntax-errors.ts';
import type { Command, CommandName } from '../recipe/recipe.ts';
import type { ShellProgram } from '../shell/program.ts';
import { prepareScripts } from '../shell/script.ts';
import type { Script } from '../shell/shell.ts';
import { findSyntaxErrors } from '../shell/syntax.ts';

/**
 * Makes a recipe's commands ready to run: the array form stops at the first line that fails and knows its lines; the string
 * form runs as `sh -c` would run it. Their syntax should be checked as well ({@link findComplaints}).
 */
export async function prepareCommands(
  commands: readonly Command[],
  program?: ShellProgram,
): Promise<ReadonlyMap<CommandName, Script>> {
  const sources = commands.map((command) => ({
    text: commandText(command),
    stopOnError: command.form === 'lines',
  }));
  const scripts = await prepareScripts(sources, program);
  return new Map(
    commands.flatMap(({ name }, index) => {
      const script = scripts[index];
      return script === undefined ? [] : [[name, script] as const];
    }),
  );
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
