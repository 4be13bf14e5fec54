import { spawn } from 'node:child_process';
import { explainError } from '../host/system-error.ts';
import { Capture, stderrLimits } from './io/capture.ts';
import { noLedger, type GroupLedger } from './group-ledger.ts';
import { endGroup } from './process-group.ts';
import { systemShell } from './program.ts';
import type { ShellProgram } from './program.ts';
import { limitReadRate } from './io/read-rate.ts';
import { composeShellText } from './lines/shell-text.ts';
import type { ScriptSource } from './script.ts';
import type { Job } from './shell.ts';

/** A command that runs until it is stopped. Each line of its output is a sign that something happened. */
export interface Monitor {
  /** Ends the process group and waits for its end. */
  stop(): Promise<void>;
}

export interface MonitorListeners {
  /** Called when the monitor prints complete lines; several lines that come at once are one call. */
  readonly onLines: () => void;
  /** Called when the monitor ended by itself. `stderr` is capped. */
  readonly onEnd: (how: string, stderr: string) => void;
}

/** A command to be run as a monitor, without line notes. */
interface MonitorJob extends Pick<Job, 'environment' | 'cwd'> {
  readonly script: ScriptSource;
}

/** The time between SIGTERM and SIGKILL, in milliseconds. */
const graceMs = 2000;
const lineBreak = 10;

/** Starts a monitor. Its output is not kept, because only the fact that it printed counts. */
export function startMonitor(
  job: MonitorJob,
  { onLines, onEnd }: MonitorListeners,
  ledger: GroupLedger = noLedger,
  program: ShellProgram = systemShell,
): Monitor {
  const { text } = composeShellText({ ...job.script, notes: [] });
  const child = spawn(program.file, [...program.arguments, job.script.stopOnError ? '-ec' : '-c', text], {
    argv0: program.name,
    cwd: job.cwd,
    env: job.environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  const strikeOut = child.pid === undefined ? () => undefined : ledger.note(child.pid, 'listener');
  const stderr = new Capture(stderrLimits);
  let isStopping = false;
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes(lineBreak)) onLines();
  });
  child.stderr.on('data', (chunk: Buffer) => stderr.add(chunk));
  const rates = [limitReadRate(child.stdout), limitReadRate(child.stderr)];
  const ended = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      for (const rate of rates) rate.end();
      strikeOut();
      resolve();
      if (!isStopping) onEnd(how, stderr.read().text.trimEnd());
    };
    child.once('error', (error) => end(`could not be started: ${explainError(error)}`));
    child.once('exit', (code, signal) =>
      end(signal === null ? `ended with status ${code ?? 0}` : `was ended by ${signal}`),
    );
  });
  return {
    async stop() {
      isStopping = true;
      if (child.pid !== undefined) await endGroup(child.pid, graceMs);
      await ended;
      child.stdout.destroy();
      child.stderr.destroy();
    },
  };
}
