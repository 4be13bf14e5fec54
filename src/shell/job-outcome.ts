import { existsSync } from 'node:fs';
import { explainError, hasErrorCode } from '../host/system-error.ts';
import type { Interruption } from './process-guard.ts';
import type { Job, Outcome, RunFacts } from './shell.ts';

/** The end of a job's shell. */
export type ShellEnd = { readonly exitCode: number } | { readonly signal: string };

const nothing = { text: '', truncated: 0 };

export const cancelledBeforeStart: Outcome = {
  kind: 'cancelled',
  stdout: nothing,
  stderr: nothing,
  durationMs: 0,
  line: undefined,
};

/** The outcome of a job that was started. */
export function concludeJob(
  job: Job,
  end: ShellEnd,
  interruption: Interruption | undefined,
  ran: RunFacts,
): Outcome {
  if (interruption === 'timed-out') return { kind: 'timed-out', timeoutMs: job.timeoutMs, ...ran };
  if (interruption === 'cancelled') return { kind: 'cancelled', ...ran };
  if ('signal' in end) return { kind: 'killed', signal: end.signal, ...ran };
  if (end.exitCode !== 0) return { kind: 'failed', exitCode: end.exitCode, ...ran };
  return { kind: 'succeeded', ...ran };
}

/** The outcome of a job whose shell could not be started. Node reports a missing working directory as a missing program. */
export function concludeFailedStart(job: Job, error: unknown): Outcome {
  return { kind: 'unstartable', reason: explainFailedStart(job, error) };
}

/** The reason why a shell could not be started, as a clause. */
export function explainFailedStart(job: Pick<Job, 'cwd'>, error: unknown): string {
  if (!existsSync(job.cwd)) return `its working directory ${job.cwd} does not exist`;
  if (hasErrorCode(error, 'E2BIG')) return 'its script or an environment value is longer than 128 KiB';
  const why = explainError(error);
  // The shell, or the program that makes its pipes. A limit of the system has nothing to do with the program.
  const isAboutProgram = hasErrorCode(error, 'ENOENT', 'EACCES', 'ENOEXEC');
  const { path } = error as NodeJS.ErrnoException;
  return isAboutProgram && path !== undefined ? `${path}: ${why}` : why;
}
