import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';

export interface ProgramOptions {
  /** The whole environment; this process's own unless given. */
  readonly env?: NodeJS.ProcessEnv;
  /** What the program is told that it is called. */
  readonly argv0?: string;
  /** Milliseconds after which it is ended. */
  readonly timeout?: number;
}

export interface ProgramResult {
  /** Null if a signal ended it. */
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program of this machine to its end, with nothing on its stdin. Rejects with what spawn(2) says if it cannot be
 * started. A library for it would take longer to load than most of what a node runs this way.
 */
export async function runProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const child = spawn(file, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status: child.exitCode, stdout, stderr };
}

/** As {@link runProgram}, for its stdout alone; rejects with the program's own words if it fails. */
export async function readProgram(
  file: string,
  args: readonly string[],
  options: ProgramOptions = {},
): Promise<string> {
  const { status, stdout, stderr } = await runProgram(file, args, options);
  if (status === 0) return stdout;
  const how = status === null ? 'was ended by a signal' : `exited with status ${status}`;
  throw new Error(stderr.trim() || `it ${how}`);
}
