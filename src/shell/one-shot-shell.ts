import { spawn, type ChildProcess } from 'node:child_process';
import { once, setMaxListeners } from 'node:events';
import { closeSync } from 'node:fs';
import { Capture, noteLimits, stderrLimits, stdoutLimits } from './io/capture.ts';
import { findFailingLine } from './lines/failing-line.ts';
import { cancelledBeforeStart, concludeFailedStart, concludeJob, type ShellEnd } from './job-outcome.ts';
import { readLastNote } from './lines/line-notes.ts';
import { openInput } from './io/nameless-file.ts';
import { drainPipe, OutputReader } from './io/output-reader.ts';
import { closePipes, closeWriters, PipeSupply, type ShellPipes } from './io/pipe.ts';
import { noLedger, type GroupLedger } from './group-ledger.ts';
import { endGroup } from './process-group.ts';
import { guardProcesses } from './process-guard.ts';
import { systemShell, type ShellProgram } from './program.ts';
import { composeShellText, mayFloodNotes } from './lines/shell-text.ts';
import type { Job, Outcome, Shell } from './shell.ts';

export interface OneShotShellOptions {
  /** The time between SIGTERM and SIGKILL in milliseconds; the default is 2,000. */
  readonly graceMs?: number;
  /** The same time for jobs that still run when the shell is closed; the default is `graceMs`. */
  readonly closingGraceMs?: number;
  readonly program?: ShellProgram;
  /** The ledger of running jobs' groups; the default is none. */
  readonly ledger?: GroupLedger;
  /** The directory that only this process uses: see `removeLeftPipes`. */
  readonly owner?: string;
}

/**
 * A {@link Shell} that starts one `sh` for each job, in a process group of its own.
 *
 * A job ends with its shell, not with its pipes. Otherwise a recipe that starts wireguard-go would never end, because that program keeps
 * them open.
 */
export function createOneShotShell(options: OneShotShellOptions = {}): Shell {
  const { graceMs = 2000, closingGraceMs = graceMs, program = systemShell, ledger = noLedger } = options;
  const supply = new PipeSupply(options.owner);
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  const running = new Set<Promise<Outcome>>();

  const graceNow = (): number => (closing.signal.aborted ? closingGraceMs : graceMs);

  const start = async (job: Job, signals: readonly AbortSignal[]): Promise<Outcome> => {
    const isCancelled = () => signals.some((signal) => signal.aborted);
    try {
      if (isCancelled()) return cancelledBeforeStart;
      const pipes = await supply.take();
      if (!isCancelled()) return await runJob(job, { graceNow, program, pipes, signals, ledger });
      closePipes(pipes);
      return cancelledBeforeStart;
    } catch (error) {
      return concludeFailedStart(job, error);
    }
  };
  return {
    run(job, signal) {
      // Many jobs may wait for one signal; that is not a leak.
      if (signal !== undefined) setMaxListeners(0, signal);
      const ended = start(job, signal === undefined ? [closing.signal] : [closing.signal, signal]);
      running.add(ended);
      return ended.finally(() => running.delete(ended));
    },
    async close() {
      closing.abort();
      await Promise.all(running);
      supply.close();
    },
  };
}

interface Means {
  /** The time between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceNow: () => number;
  readonly program: ShellProgram;
  readonly pipes: ShellPipes;
  readonly signals: readonly AbortSignal[];
  readonly ledger: GroupLedger;
}

/** Runs a job to its end. Rejects only if the shell could not be started. */
async function runJob(job: Job, { graceNow, program, pipes, signals, ledger }: Means): Promise<Outcome> {
  const startedAt = performance.now();
  const child = startShell(job, program, pipes);
  const strikeOut = child.pid === undefined ? () => undefined : ledger.note(child.pid, 'command');
  const end = async () => (child.pid === undefined ? undefined : endGroup(child.pid, graceNow()));
  const guard = guardProcesses(end, { timeoutMs: job.timeoutMs, signals });
  const stdout = new Capture(stdoutLimits);
  const stderr = new Capture(stderrLimits);
  const readers = [
    new OutputReader(pipes.stdout.reader, stdout),
    new OutputReader(pipes.stderr.reader, stderr),
  ];
  const notes = new Capture(noteLimits);
  const areRead = mayFloodNotes(job.script);
  if (areRead) readers.push(new OutputReader(pipes.notes.reader, notes));
  try {
    await once(child, 'exit');
    await guard.settled();
    if (!areRead) drainPipe(pipes.notes.reader, (chunk) => notes.add(chunk));
  } finally {
    strikeOut();
    guard.stop();
    if (!areRead) closeSync(pipes.notes.reader);
    readers.forEach((reader) => reader.finish());
  }
  const printed = { stdout: stdout.read(), stderr: stderr.read() };
  return concludeJob(job, shellEnd(child), guard.interruption, {
    ...printed,
    durationMs: performance.now() - startedAt,
    line: findFailingLine(job.script, readLastNote(notes.read().text), printed.stderr.text),
  });
}

function shellEnd({ signalCode, exitCode }: ChildProcess): ShellEnd {
  return signalCode === null ? { exitCode: exitCode ?? 1 } : { signal: signalCode };
}

/** Starts the shell. Closes this process's copies of the shell's pipe ends; all ends if the shell cannot be started. */
function startShell(job: Job, program: ShellProgram, pipes: ShellPipes): ChildProcess {
  try {
    const child = spawnShell(job, program, pipes);
    closeWriters(pipes);
    return child;
  } catch (error) {
    closePipes(pipes);
    throw error;
  }
}

function spawnShell(job: Job, program: ShellProgram, pipes: ShellPipes): ChildProcess {
  const { text, notesTo } = composeShellText(job.script);
  const stdin = openInput(job.stdin);
  const stdio: (number | 'ignore')[] = [stdin, pipes.stdout.writer, pipes.stderr.writer];
  if (notesTo !== undefined) {
    while (stdio.length < notesTo) stdio.push('ignore');
    stdio.push(pipes.notes.writer);
  }
  try {
    return spawn(program.file, [...program.arguments, job.script.stopOnError ? '-ec' : '-c', text], {
      argv0: program.name,
      cwd: job.cwd,
      env: job.environment,
      stdio,
      detached: true,
    });
  } finally {
    closeSync(stdin);
  }
}
