import { execa } from 'execa';
import { commandText } from '../recipe/command-text.ts';
import type { Command } from '../recipe/recipe.ts';
import { systemShell, type ShellProgram } from './program.ts';

/** What `sh -n` finds wrong with a command. */
export interface ShellSyntaxError {
  readonly command: Command;
  /** The line of the command's text (from 0) where the shell gave up; undefined where it does not say. */
  readonly line: number | undefined;
  /** The shell's own words, without its name and line: `")" unexpected`. */
  readonly message: string;
}

/** The kernel's limit for one argument of a program (MAX_ARG_STRLEN), less room for what the runner puts before. */
const longestText = 128 * 1024 - 4096;

/** Lets the shell read the commands without running anything. Returns what it refuses, in the order given. */
export async function findSyntaxErrors(
  commands: readonly Command[],
  program: ShellProgram = systemShell,
): Promise<readonly ShellSyntaxError[]> {
  const found = await Promise.all(commands.map((command) => checkCommand(command, program)));
  return found.filter((error) => error !== undefined);
}

async function checkCommand(command: Command, program: ShellProgram): Promise<ShellSyntaxError | undefined> {
  const text = commandText(command);
  const unfit = findUnfit(text);
  if (unfit !== undefined) return { command, ...unfit };
  const { exitCode, stderr } = await execa(program.file, [...program.arguments, '-n', '-c', text], {
    argv0: program.name,
    reject: false,
    stdin: 'ignore',
    env: { LC_ALL: 'C' },
  });
  return exitCode === 0 ? undefined : { command, ...readMessage(stderr) };
}

/** What cannot even be handed to a shell. */
function findUnfit(text: string): Omit<ShellSyntaxError, 'command'> | undefined {
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    return {
      line: text.slice(0, nul).split('\n').length - 1,
      message: 'a NUL character cannot be in a command',
    };
  }
  const size = Buffer.byteLength(text);
  if (size <= longestText) return undefined;
  return { line: undefined, message: `its ${size} bytes are more than the ${longestText} that can be run` };
}

/** dash says `sh: 3: Syntax error: …`, busybox `sh: syntax error: …` or `sh: line 3: syntax error: …`. */
function readMessage(stderr: string): Omit<ShellSyntaxError, 'command'> {
  const match = /^[^:\n]*: (?:(?:line )?(\d+): )?(?:syntax error: ?)?(.*)/i.exec(stderr);
  const line = match?.[1];
  return {
    line: line === undefined ? undefined : Number(line) - 1,
    message: match?.[2] ?? 'the shell cannot read it',
  };
}
