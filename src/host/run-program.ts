import type { Result } from 'execa';
import { explainError, hasErrorCode } from './system-error.ts';

/** The longest output of a program, in characters. `ip` prints about a thousand characters for an interface. */
const longestOutput = 32 << 20;

/** How a helper program is run. */
interface ProgramOptions {
  /** The text on its stdin, which is empty unless given. */
  readonly input?: string;
  /** Its whole environment; this process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** The name that it sees itself called by; `file` unless given. */
  readonly argv0?: string;
  /** Milliseconds until it gets SIGTERM, and SIGKILL five seconds later. It may take as long as it likes unless given. */
  readonly timeoutMs?: number;
}

/** Why a program did not do its work. */
type ProgramFault =
  /** The program is not on PATH. */
  | 'missing'
  /** The program exists, but the kernel does not start it. */
  | 'unstartable'
  /** The program ended with a status other than 0, or by a signal, or printed too much. */
  | 'failed'
  | 'timed-out';

/**
 * A helper program that did not do its work. The message is a sentence with the program's own words:
 * `ip exited with status 1: Cannot find device "eth9"`. A caller that knows what the program was for makes a Failure of it.
 */
export class ProgramError extends Error {
  override readonly name = 'ProgramError';
  readonly fault: ProgramFault;
  /** Why, as a clause without the program's words: `exited with status 1`. */
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
 * Runs a helper program of this machine to its end, and returns what it printed on stdout. Throws a {@link ProgramError}
 * unless it ended with status 0 and printed at most 32 Mi characters. It is not ended when this process is.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  { input, env, argv0, timeoutMs }: ProgramOptions = {},
): Promise<string> {
  // Loaded on the first run: `heddle --help` runs no program.
  const { execa } = await import('execa');
  const result = await execa(file, args, {
    ...(input === undefined ? { stdin: 'ignore' } : { input }),
    ...(env !== undefined && { env, extendEnv: false }),
    ...(argv0 !== undefined && { argv0 }),
    ...(timeoutMs !== undefined && { timeout: timeoutMs }),
    // The directory that this process began in may be gone by now.
    cwd: '/',
    maxBuffer: longestOutput,
    stripFinalNewline: false,
    cleanup: false,
    reject: false,
  });
  if (!result.failed) return result.stdout;
  throw toError(file, result, timeoutMs);
}

/** The parts of execa's error for a program that failed. */
type ProgramEnd = Pick<Result, 'timedOut' | 'isMaxBuffer' | 'signal' | 'exitCode' | 'cause'> & {
  /** Undefined where nothing was started, whatever execa's type says. */
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
  if (hasErrorCode(cause, 'ENOENT')) return ['missing', 'is not on PATH'];
  return ['unstartable', `could not be started: ${explainError(cause)}`];
}
