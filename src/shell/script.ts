import { commandText } from '../recipe/command-text.ts';
import type { Command, CommandName } from '../recipe/recipe.ts';
import { findLineTags } from './lines/line-tags.ts';
import { systemShell, type ShellProgram } from './program.ts';
import type { Script } from './shell.ts';

/**
 * Makes commands ready to run: the array form stops at the first line that fails and knows its lines; the string form
 * runs as `sh -c` would run it. Their syntax should be checked as well (`findSyntaxErrors`).
 */
export async function prepareScripts(
  commands: readonly Command[],
  program: ShellProgram = systemShell,
): Promise<ReadonlyMap<CommandName, Script>> {
  const inLines = commands.filter(({ form }) => form === 'lines');
  const lineTags = await findLineTags(inLines.map(commandText), program);
  return new Map(
    commands.map((command) => {
      const stopOnError = command.form === 'lines';
      const tags = stopOnError ? lineTags[inLines.indexOf(command)] : undefined;
      return [command.name, { text: commandText(command), stopOnError, lineTags: tags ?? [] }];
    }),
  );
}

/** A line of a command's text, with the element of the recipe that it stands in. */
export interface CommandLine {
  /** The line itself, without blanks around it. */
  readonly text: string;
  readonly span: Command['lines'][number]['span'];
}

/**
 * Finds the place in the recipe of a line of {@link commandText} (from 0): an element of the array form may hold
 * several lines. Undefined if the command has no such line.
 */
export function locateLine(command: Command, line: number): CommandLine | undefined {
  let first = 0;
  for (const element of command.lines) {
    const lines = element.text.split('\n');
    const text = lines[line - first];
    if (text !== undefined) return { text: text.trim(), span: element.span };
    first += lines.length;
  }
  return undefined;
}
