import type { Span } from '../diagnostic/source.ts';
import { commandText } from './command-text.ts';
import type { Command } from './recipe.ts';
import { readScript, type Call, type ScriptReading } from './sh/read-script.ts';
import { literalOf } from './sh/words.ts';
import { builtins, probes } from './shell-words.ts';

/** A program that a recipe needs, and where it is called first. */
interface ProgramCall {
  readonly program: string;
  readonly command: Command;
  /** The program's name in the command's text. */
  readonly span: Span;
}

/**
 * Names the programs that commands call, in the order they appear, by reading their text. Careful: a program is named
 * only if the script cannot do without it. One that is called after `||`, that the script looks for (`command -v`),
 * whose name is expanded, or that is a function of the script, is left out.
 */
export function findPrograms(commands: readonly Command[]): string[] {
  return findProgramCalls(commands).map(({ program }) => program);
}

/** Finds the same programs as {@link findPrograms}, each with its first call. */
export function findProgramCalls(commands: readonly Command[]): ProgramCall[] {
  const found = new Map<string, ProgramCall>();
  for (const command of commands) {
    const reading = readScript(commandText(command));
    const dispensable = findDispensable(reading);
    for (const { name: program, nameSpan: span, fallback } of reading.calls) {
      if (program === undefined || fallback || !isProgram(program)) continue;
      if (!dispensable.has(program) && !found.has(program)) found.set(program, { program, command, span });
    }
  }
  return [...found.values()];
}

const programName = /^(\/[\w.+/-]+|[A-Za-z_][\w.-]*)$/;

function isProgram(name: string): boolean {
  return programName.test(name) && !builtins.has(name) && !probes.has(name);
}

/** Functions of the script, and programs that it looks for before it uses them. */
function findDispensable({ calls, functions }: ScriptReading): ReadonlySet<string> {
  return new Set(
    [...functions, ...calls.filter(isProbe).flatMap((call) => call.arguments.map(literalOf))].flatMap(
      (name) => name ?? [],
    ),
  );
}

/** Whether a call only asks whether there are programs of the names that it is given. */
function isProbe({ name, arguments: words }: Call): boolean {
  if (name === undefined) return false;
  return probes.has(name) || (name === 'command' && /^-\w*[vV]/.test(literalOf(words[0]) ?? ''));
}
