import { spawn, type ChildProcess } from 'node:child_process';
import { Capture, stderrLimits } from './io/capture.ts';
import { noLedger, type GroupLedger } from './group-ledger.ts';
import { explainFailedStart } from './job-outcome.ts';
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

/**
 * Starts a monitor. Its output is not kept, because only the fact that it printed counts. A monitor that cannot be started has ended: the
 * listener is told so after the return.
 */
export function startMonitor(
  job: MonitorJob,
  listeners: MonitorListeners,
  ledger: GroupLedger = noLedger,
  program: ShellProgram = systemShell,
): Monitor {
  try {
    return watchMonitor(spawnMonitor(job, program), job, listeners, ledger);
  } catch (error) {
    const timer = setImmediate(() => listeners.onEnd(describeFailedStart(job, error), ''));
    return {
      stop: () => {
        clearImmediate(timer);
        return Promise.resolve();
      },
    };
  }
}

function describeFailedStart(job: MonitorJob, error: unknown): string {
  return `could not be started: ${explainFailedStart(job, error)}`;
}

function spawnMonitor({ script, cwd, environment }: MonitorJob, program: ShellProgram): ChildProcess {
  const { text } = composeShellText({ ...script, notes: [] });
  return spawn(program.file, [...program.arguments, script.stopOnError ? '-ec' : '-c', text], {
    argv0: program.name,
    cwd,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
}

function watchMonitor(
  child: ChildProcess,
  job: MonitorJob,
  { onLines, onEnd }: MonitorListeners,
  ledger: GroupLedger,
): Monitor {
  const strikeOut = child.pid === undefined ? () => undefined : ledger.note(child.pid, 'listener');
  const stderr = new Capture(stderrLimits);
  let isStopping = false;
  // Without a free descriptor, a child has no streams, and its error comes later.
  child.stdout?.on('data', (chunk: Buffer) => {
    if (chunk.includes(lineBreak)) onLines();
  });
  child.stderr?.on('data', (chunk: Buffer) => stderr.add(chunk));
  const rates = [child.stdout, child.stderr].flatMap((stream) => (stream ? [limitReadRate(stream)] : []));
  const ended = new Promise<void>((resolve) => {
    const end = (how: string): void => {
      for (const rate of rates) rate.end();
      strikeOut();
      resolve();
      if (!isStopping) onEnd(how, stderr.read().text.trimEnd());
    };
    child.once('error', (error) => end(describeFailedStart(job, error)));
    child.once('exit', (code, signal) =>
      end(signal === null ? `ended with status ${code ?? 0}` : `was ended by ${signal}`),
    );
  });
  return {
    async stop() {
      isStopping = true;
      if (child.pid !== undefined) await endGroup(child.pid, graceMs);
      await ended;
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}
