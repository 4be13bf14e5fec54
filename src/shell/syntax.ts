import { quote } from 'shell-quote';
import { runProgram } from '../host/run-program.ts';
import { systemShell, type ShellProgram } from './program.ts';

/** A syntax error that `sh -n` finds in a text. */
export interface ShellSyntaxError {
  /** The line of the text (from 0) where the shell gave up; undefined if the shell does not name it. */
  readonly line: number | undefined;
  /** The shell's own words, without its name and line: `")" unexpected`. */
  readonly message: string;
}

/** The longest text: the kernel's limit for one argument of a program (MAX_ARG_STRLEN), less room for the runner's additions. */
const longestText = 128 * 1024 - 4096;

/**
 * Lets the shell read texts without running anything. Returns the syntax error of each text, in the given order; undefined for a valid one.
 * One process reads all of them.
 */
export async function findSyntaxErrors(
  texts: readonly string[],
  program: ShellProgram = systemShell,
): Promise<readonly (ShellSyntaxError | undefined)[]> {
  const unfit = texts.map(findUnfit);
  const complaints = await readTexts(
    texts.map((text, index) => (unfit[index] === undefined ? text : '')),
    program,
  );
  return texts.map((_, index) => unfit[index] ?? complaints[index]);
}

/** The output of `sh -n` for each text: empty if the text can be read. */
async function readTexts(
  texts: readonly string[],
  program: ShellProgram,
): Promise<readonly (ShellSyntaxError | undefined)[]> {
  const sh = quote([program.file, ...program.arguments]);
  const script = `for text do ${sh} -n -c "$text" 2>&1 && echo; printf '\\0'; done`;
  const args = [...program.arguments, '-c', script, program.name, ...texts];
  const env = { ...process.env, LC_ALL: 'C' };
  const stdout = await runProgram(program.file, args, { argv0: program.name, env });
  return stdout.split('\0').map((said) => (said === '\n' ? undefined : readMessage(said)));
}

/** The reason why a text cannot even be handed to a shell. */
function findUnfit(text: string): ShellSyntaxError | undefined {
  const nul = text.indexOf('\0');
  if (nul !== -1) {
    return {
      line: text.slice(0, nul).split('\n').length - 1,
      message: 'a command cannot contain a NUL character',
    };
  }
  const size = Buffer.byteLength(text);
  if (size <= longestText) return undefined;
  return { line: undefined, message: `it has ${size} bytes, but a command can have at most ${longestText}` };
}

/** Reads the message of a shell: dash prints `sh: 3: Syntax error: …`, busybox `sh: syntax error: …` or `sh: line 3: syntax error: …`. */
function readMessage(stderr: string): ShellSyntaxError {
  const match = /^[^:\n]*: (?:(?:line )?(\d+): )?(?:syntax error: ?)?(.*)/i.exec(stderr);
  const line = match?.[1];
  return {
    line: line === undefined ? undefined : Number(line) - 1,
    message: match?.[2] ?? 'the shell cannot read it',
  };
}
