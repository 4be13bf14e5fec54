import type { Result } from 'execa';
import { whileWaiting } from './interruption.ts';
import { explainError, hasErrorCode } from './system-error.ts';

/** The longest output of a program, in characters. `ip` prints about a thousand characters for an interface. */
const longestOutput = 32 << 20;

/** The options of a helper program's run. */
interface ProgramOptions {
  /** The text on the program's stdin; the default is empty. */
  readonly input?: string;
  /** The program's whole environment; the default is this process's own. */
  readonly env?: NodeJS.ProcessEnv;
  /** The program's argv[0]; the default is `file`. */
  readonly argv0?: string;
  /** The time until the program gets SIGTERM, and SIGKILL five seconds later, in milliseconds; without it, the time is unlimited. */
  readonly timeoutMs?: number;
  /** The run as a noun, for the last words of a command that a signal ends; the default is `the program FILE`. */
  readonly shownAs?: string;
}

/** The reason why a program failed. */
type ProgramFault =
  /** The program is not on PATH. */
  | 'missing'
  /** The program exists, but the kernel does not start it. */
  | 'unstartable'
  /** The program ended with a status other than 0, or by a signal, or printed too much. */
  | 'failed'
  | 'timed-out';

/**
 * The failure of a helper program. The message is a sentence with the program's own words: `ip exited with status 1: Cannot find device
 * "eth9"`. A caller that knows the program's purpose makes a Failure of it.
 */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly fault: ProgramFault;
  /** The reason, as a clause without the program's words: `exited with status 1`. */
  readonly how: string;
  /** The program's stderr, trimmed. */
  readonly stderr: string;

  constructor(file: string, fault: ProgramFault, how: string, stderr: string, cause: unknown) {
    const sentence = fault === 'missing' ? `the program ${file} is not on PATH` : `${file} ${how}`;
    super(stderr === '' ? sentence : `${sentence}: ${stderr}`, { cause });
    this.fault = fault;
    this.how = how;
    this.stderr = stderr;
  }
}

/**
 * Runs a helper program of this machine to its end, and returns its stdout. Throws a {@link ProgramError} unless it ends with status 0 and
 * prints at most 32 Mi characters. The program does not end with this process.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  { input, env, argv0, timeoutMs, shownAs = `the program ${file}` }: ProgramOptions = {},
): Promise<string> {
  // execa is loaded on the first run, because `heddle --help` runs no program.
  const { execa } = await import('execa');
  const running = execa(file, args, {
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    ...(env !== undefined && { env, extendEnv: false }),
    ...(argv0 !== undefined && { argv0 }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    // The directory in which this process began may be gone.
    cwd: '/',
    maxBuffer: longestOutput,
    stripFinalNewline: false,
    cleanup: false,
    reject: false,
  });
  const result = await whileWaiting({ what: shownAs }, async () => running);
  if (!result.failed) return result.stdout;
  throw toError(file, result, timeoutMs);
}

/** The reason why a program was not started, as a sentence. `error` comes from spawn(2); the working directory must exist. */
export function describeFailedStart(file: string, error: unknown): string {
  return new ProgramError(file, ...explainFailedStart(error), '', error).message;
}

function explainFailedStart(error: unknown): [fault: ProgramFault, how: string] {
  if (hasErrorCode(error, 'ENOENT')) return ['missing', 'is not on PATH'];
  return ['unstartable', `could not be started: ${explainError(error)}`];
}

/** The parts of execa's error for a program that failed. */
type ProgramEnd = Pick<Result, 'timedOut' | 'isMaxBuffer' | 'signal' | 'exitCode' | 'cause'> & {
  /** The stderr; undefined if nothing was started, although execa's type says otherwise. */
  readonly stderr?: string;
};

function toError(file: string, end: ProgramEnd, timeoutMs: number | undefined): ProgramError {
  const { stderr = '', cause } = end;
  const [fault, how] = explainEnd(end, timeoutMs);
  return new ProgramError(file, fault, how, stderr.trim(), cause);
}

function explainEnd(
  { timedOut, isMaxBuffer, signal, exitCode, cause }: ProgramEnd,
  timeoutMs = 0,
): [fault: ProgramFault, how: string] {
  if (timedOut) return ['timed-out', `did not end within ${timeoutMs / 1000} s`];
  if (isMaxBuffer) return ['failed', `printed more than ${longestOutput} characters`];
  if (signal !== undefined) return ['failed', `was ended by ${signal}`];
  if (exitCode !== undefined) return ['failed', `exited with status ${exitCode}`];
  return explainFailedStart(cause);
}
