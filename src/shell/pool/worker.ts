import { once } from 'node:events';
import { ftruncateSync, statSync } from 'node:fs';
import { constants } from 'node:os';
import { listEnvironmentChanges } from './environment-change.ts';
import { findFailingLine } from '../lines/failing-line.ts';
import { concludeFailedStart, concludeJob, type ShellEnd } from '../job-outcome.ts';
import { readLastNote } from '../lines/line-notes.ts';
import { replaceContent } from '../io/nameless-file.ts';
import { closePipes, closeWriters, type ShellPipes } from '../io/pipe.ts';
import type { GroupLedger } from '../group-ledger.ts';
import { endGroup, lookAtWorkerGroup } from '../process-group.ts';
import { guardProcesses, type Interruption } from '../process-guard.ts';
import type { ShellProgram } from '../program.ts';
import type { Job, Outcome } from '../shell.ts';
import { WorkerOutput } from './worker-output.ts';
import {
  closeWorkerFiles,
  openWorkerFiles,
  startWorkerProcess,
  type WorkerFiles,
  type WorkerProcess,
} from './worker-process.ts';
import { changeEnvironmentText, cleanMessages, readStatus, runText, startText } from './worker-text.ts';

type WorkerStatus = NonNullable<ReturnType<typeof readStatus>>;

/** The needs of a job's run in a worker, in addition to the job. */
export interface RunMeans {
  /** The time between SIGTERM and SIGKILL, in milliseconds. */
  readonly graceMs: number;
  readonly signals: readonly AbortSignal[];
  /** The script file; see `composeScriptFile`. */
  readonly scriptFile: Buffer;
}

/** The result of a run. If the worker ended before the job began, nothing of the job ran. */
export type RunResult =
  | { readonly kind: 'run'; readonly outcome: Outcome }
  | { readonly kind: 'not-begun'; readonly reason: string };

/** The length of a stdin above which its memory is freed after the job. */
const longestKept = 64 * 1024;

/** The names of signals by number. If a signal has several names, the first is the common one. */
const signalNames = new Map(
  Object.entries(constants.signals)
    .map(([name, number]) => [number, name] as const)
    .reverse(),
);

/**
 * A long-lived shell, leader of a process group, that runs one job after another, each in a subshell. It gets its orders over sockets,
 * which no job can open. It ends when the daemon ends, after its present job.
 *
 * A job differs from one of `sh -c` in two ways: `$$` is the worker, and `$-` has an `s`. A job that kills `$$` is ended with everything in
 * the worker's group.
 */
export class Worker {
  readonly #process: WorkerProcess;
  readonly #files: WorkerFiles;
  readonly #output: WorkerOutput;
  readonly #home: string | undefined;
  readonly #gone: Promise<void>;
  #job: Job;
  #isSound = true;
  #said = '';
  #hear: () => void = () => undefined;

  /** Starts a worker that fits a job, and takes ownership of the pipes. Rejects if the shell cannot be started. */
  static async start(
    job: Job,
    program: ShellProgram,
    pipes: ShellPipes,
    ledger: GroupLedger,
  ): Promise<Worker> {
    const files = openWorkerFiles();
    try {
      const shell = await startWorkerProcess(job, program, pipes, files);
      closeWriters(pipes);
      // The worker is noted before it gets anything to run.
      return new Worker(job, shell, files, new WorkerOutput(pipes), ledger.note(shell.id, 'worker'));
    } catch (error) {
      closePipes(pipes);
      closeWorkerFiles(files);
      throw error;
    }
  }

  private constructor(
    job: Job,
    shell: WorkerProcess,
    files: WorkerFiles,
    output: WorkerOutput,
    strikeOut: () => void,
  ) {
    this.#process = shell;
    this.#files = files;
    this.#output = output;
    this.#job = job;
    this.#home = identify(job.cwd);
    this.#gone = once(shell.child, 'close').then(() => {
      this.#isSound = false;
      strikeOut();
      this.#hear();
    });
    // The end of a worker is noticed elsewhere, so an error of its socket is ignored.
    shell.control.on('error', () => undefined);
    shell.status.setEncoding('latin1').on('data', (text: string) => {
      this.#said += text;
      if (readStatus(this.#said) !== undefined) this.#hear();
    });
    shell.control.write(startText);
    this.#keepAwake(false);
  }

  /** Whether the worker can run another job: it lives, and nothing of earlier jobs is left. */
  get isSound(): boolean {
    return this.#isSound;
  }

  /**
   * The changes of the worker's environment for a job, for {@link run}. Undefined if the job needs another worker,
   * because its directory differs or changes cannot make its environment.
   */
  changesFor(job: Job): string | undefined {
    if (job.cwd !== this.#job.cwd || identify(job.cwd) !== this.#home) return undefined;
    return listEnvironmentChanges(this.#job.environment, job.environment);
  }

  /** Runs a job to its end. Never rejects. Call it for one job at a time, and only while the worker is sound. */
  async run(job: Job, changes: string, means: RunMeans): Promise<RunResult> {
    const startedAt = performance.now();
    try {
      this.#handOver(job, changes, means.scriptFile);
    } catch (error) {
      return { kind: 'run', outcome: concludeFailedStart(job, error) };
    }
    const { status, interruption } = await this.#awaitEnd(job, means);
    const { stdout, stderr, notes, isHeld } = this.#output.end();
    if (isHeld) this.#isSound = false;
    else if (job.stdin.length > longestKept) ftruncateSync(this.#files.stdin);
    if (notes === '' && status === undefined && interruption === undefined) {
      return { kind: 'not-begun', reason: this.#said.trim() };
    }
    const cleaned = { ...stderr, text: cleanMessages(stderr.text) };
    const outcome = concludeJob(job, this.#shellEnd(status), interruption, {
      stdout,
      stderr: cleaned,
      durationMs: performance.now() - startedAt,
      line: findFailingLine(job.script, readLastNote(notes), cleaned.text),
    });
    return { kind: 'run', outcome };
  }

  /** Lets an idle worker end, by force after `graceMs`. Resolves when it has ended. */
  async retire(graceMs: number): Promise<void> {
    this.#isSound = false;
    this.#process.control.end();
    this.#output.close();
    closeWorkerFiles(this.#files);
    this.#keepAwake(true);
    const timer = setTimeout(() => this.#process.child.kill('SIGKILL'), graceMs);
    await this.#gone;
    clearTimeout(timer);
  }

  #handOver(job: Job, changes: string, scriptFile: Buffer): void {
    replaceContent(this.#files.script, scriptFile);
    replaceContent(this.#files.stdin, Buffer.from(job.stdin));
    if (changes !== '') replaceContent(this.#files.environment, Buffer.from(changes));
    this.#job = job;
    this.#said = '';
    this.#output.begin(job.script);
    this.#process.control.write(changes === '' ? runText : changeEnvironmentText + runText);
  }

  /** Waits for the end of the job's shell and of every process that had to be ended with it. Without a status, the worker died. */
  async #awaitEnd(
    job: Job,
    { graceMs, signals }: RunMeans,
  ): Promise<{ status: WorkerStatus | undefined; interruption: Interruption | undefined }> {
    const { id } = this.#process;
    const guard = guardProcesses(async () => endGroup(id, graceMs, (await lookAtWorkerGroup(id)).left), {
      timeoutMs: job.timeoutMs,
      signals,
    });
    this.#keepAwake(true);
    if (this.#isSound) await new Promise<void>((resolve) => (this.#hear = resolve));
    this.#keepAwake(false);
    guard.stop();
    await guard.settled();
    const status = readStatus(this.#said);
    if (guard.interruption !== undefined) this.#isSound = false;
    // The worker died, perhaps because its job killed `$$`, so the rest of its group has to end too.
    else if (status === undefined) await endGroup(id, graceMs);
    return { status, interruption: guard.interruption };
  }

  #shellEnd(status: WorkerStatus | undefined): ShellEnd {
    const { signalCode, exitCode } = this.#process.child;
    if (status === undefined)
      return signalCode === null ? { exitCode: exitCode ?? 1 } : { signal: signalCode };
    // A shell prints the name of a signal, except SIGINT and SIGPIPE, which count as a status here.
    const signal = status.message === '' ? undefined : signalNames.get(status.status - 128);
    return signal === undefined ? { exitCode: status.status } : { signal };
  }

  /** Sets whether the worker keeps the event loop alive. An idle one does not. */
  #keepAwake(isAwake: boolean): void {
    const how = isAwake ? 'ref' : 'unref';
    this.#process.child[how]();
    this.#process.control[how]();
    this.#process.status[how]();
  }
}

/** The identity of a directory, because its name may have been given to another one. */
function identify(directory: string): string | undefined {
  const stat = statSync(directory, { throwIfNoEntry: false });
  return stat && `${stat.dev}:${stat.ino}`;
}
