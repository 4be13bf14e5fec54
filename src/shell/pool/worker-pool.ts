import { setMaxListeners } from 'node:events';
import { cancelledBeforeStart, concludeFailedStart } from '../job-outcome.ts';
import { createOneShotShell } from '../one-shot-shell.ts';
import { noLedger, type GroupLedger } from '../group-ledger.ts';
import { PipeSupply, restMs } from '../io/pipe.ts';
import { systemShell, type ShellProgram } from '../program.ts';
import { suitsWorker } from './environment-change.ts';
import type { Job, Outcome, Script, Shell } from '../shell.ts';
import { Slots } from './slots.ts';
import { Worker, type RunMeans, type RunResult } from './worker.ts';
import { composeScriptFile } from './worker-text.ts';

export interface WorkerPoolOptions {
  /** The number of workers, and so of jobs at once; further jobs wait. */
  readonly size: number;
  /** The time between SIGTERM and SIGKILL in milliseconds; the default is 2,000. */
  readonly graceMs?: number;
  /** The time after which an idle worker ends, in milliseconds, unless it is the only idle one; the default is 5,000. */
  readonly restMs?: number;
  readonly program?: ShellProgram;
  /** The ledger of the groups of workers and of other running jobs; the default is none. */
  readonly ledger?: GroupLedger;
  /** The directory that only this process uses: see `removeLeftPipes`. */
  readonly owner?: string;
}

/**
 * A {@link Shell} that runs jobs in long-lived `sh` processes, which start when they are first needed. A job's time
 * begins when a worker takes it. Idle workers keep no event loop alive, and end with this process.
 *
 * A worker is kept only if nothing is left of its job. It is replaced after a job that was ended, that ended the
 * worker, or that left a process behind; for a job in another directory; and where a job's environment differs
 * in a variable that is the shell's own, or by much. After a burst all workers end but one, so that a pool at rest has the
 * same processes and descriptors each time.
 */
export function createWorkerPool(options: WorkerPoolOptions): Shell {
  return new WorkerPool(options);
}

class WorkerPool implements Shell {
  readonly #program: ShellProgram;
  readonly #graceMs: number;
  readonly #size: number;
  readonly #ledger: GroupLedger;
  readonly #slots: Slots;
  readonly #supply: PipeSupply;
  readonly #restMs: number;
  readonly #closing = new AbortController();
  readonly #running = new Set<Promise<Outcome>>();
  readonly #scriptFiles = new WeakMap<Script, { readonly content: Buffer | undefined }>();
  /** Workers that are about to end. */
  readonly #leaving = new Set<Promise<void>>();
  /** The shell for jobs that a worker cannot run. */
  readonly #oneShot: Shell;
  /** The idle workers, the most recently used last. */
  readonly #idle: Worker[] = [];
  /** The workers that had a job since the timer was set or last fired. */
  readonly #busyLately = new Set<Worker>();
  #restTimer: NodeJS.Timeout | undefined;

  constructor(options: WorkerPoolOptions) {
    const { size, graceMs = 2000, program = systemShell, ledger = noLedger } = options;
    if (!Number.isInteger(size) || size < 1) throw new RangeError('a pool has at least one worker');
    this.#size = size;
    this.#restMs = options.restMs ?? restMs;
    this.#supply = new PipeSupply(options.owner, this.#restMs);
    this.#graceMs = graceMs;
    this.#program = program;
    this.#slots = new Slots(size);
    this.#ledger = ledger;
    const { owner } = options;
    this.#oneShot = createOneShotShell({ graceMs, program, ledger, ...(owner !== undefined && { owner }) });
    setMaxListeners(0, this.#closing.signal);
    this.#supply.prepare();
  }

  run(job: Job, signal?: AbortSignal): Promise<Outcome> {
    // Many jobs may wait for one signal; that is not a leak.
    if (signal !== undefined) setMaxListeners(0, signal);
    const ended = this.#run(job, signal);
    this.#running.add(ended);
    return ended.finally(() => this.#running.delete(ended));
  }

  async close(): Promise<void> {
    this.#closing.abort();
    clearTimeout(this.#restTimer);
    this.#slots.clear();
    await this.#oneShot.close();
    await Promise.all(this.#running);
    for (const worker of this.#idle.splice(0)) this.#retire(worker);
    await Promise.all(this.#leaving);
    this.#supply.close();
  }

  async #run(job: Job, signal: AbortSignal | undefined): Promise<Outcome> {
    const signals = signal === undefined ? [this.#closing.signal] : [this.#closing.signal, signal];
    if (isCancelled(signals) || !(await this.#slots.take(signal))) return cancelledBeforeStart;
    try {
      const scriptFile = this.#scriptFile(job.script);
      if (scriptFile === undefined || !suitsWorker(job.environment))
        return await this.#oneShot.run(job, signal);
      return await this.#runInWorker(job, { graceMs: this.#graceMs, signals, scriptFile });
    } catch (error) {
      return concludeFailedStart(job, error);
    } finally {
      this.#slots.release();
    }
  }

  async #runInWorker(job: Job, means: RunMeans): Promise<Outcome> {
    const found = this.#takeIdle(job);
    if (found !== undefined) {
      const result = await this.#runIn(found.worker, job, found.changes, means);
      // A worker may end at any time, through a process of an earlier job. In that case, nothing of this job ran.
      if (result.kind === 'run') return result.outcome;
    }
    const worker = await this.#start(job);
    if (isCancelled(means.signals)) {
      this.#giveBack(worker);
      return cancelledBeforeStart;
    }
    const result = await this.#runIn(worker, job, '', means);
    if (result.kind === 'run') return result.outcome;
    return { kind: 'unstartable', reason: result.reason || 'its shell ended before it began' };
  }

  async #runIn(worker: Worker, job: Job, changes: string, means: RunMeans): Promise<RunResult> {
    const result = await worker.run(job, changes, means);
    this.#giveBack(worker);
    return result;
  }

  /** Takes the most recently used idle worker that can run a job. */
  #takeIdle(job: Job): { readonly worker: Worker; readonly changes: string } | undefined {
    for (const worker of this.#idle.filter(({ isSound }) => !isSound)) this.#retire(this.#removeIdle(worker));
    for (const worker of this.#idle.toReversed()) {
      const changes = worker.changesFor(job);
      if (changes !== undefined) return { worker: this.#removeIdle(worker), changes };
    }
    return undefined;
  }

  #removeIdle(worker: Worker): Worker {
    this.#idle.splice(this.#idle.indexOf(worker), 1);
    return worker;
  }

  /** Starts a worker for a job that holds a slot. It replaces an idle worker if there would be too many. */
  async #start(job: Job): Promise<Worker> {
    while (this.#idle.length + this.#slots.taken > this.#size) {
      const longestIdle = this.#idle.shift();
      if (longestIdle !== undefined) this.#retire(longestIdle);
    }
    return Worker.start(job, this.#program, await this.#supply.take(), this.#ledger);
  }

  #giveBack(worker: Worker): void {
    if (!worker.isSound) {
      this.#retire(worker);
      return;
    }
    this.#idle.push(worker);
    this.#busyLately.add(worker);
    this.#awaitRest();
  }

  #awaitRest(): void {
    if (this.#idle.length < 2 || this.#closing.signal.aborted) return;
    this.#restTimer ??= setTimeout(() => {
      this.#restTimer = undefined;
      this.#endIdle();
      this.#awaitRest();
    }, this.#restMs).unref();
  }

  /** Ends the workers that had no job lately. The most recently used one stays. */
  #endIdle(): void {
    for (const worker of this.#idle.slice(0, -1)) {
      if (!this.#busyLately.has(worker)) this.#retire(this.#removeIdle(worker));
    }
    this.#busyLately.clear();
  }

  #retire(worker: Worker): void {
    this.#busyLately.delete(worker);
    const left = worker.retire(this.#graceMs).finally(() => this.#leaving.delete(left));
    this.#leaving.add(left);
  }

  #scriptFile(script: Script): Buffer | undefined {
    const known = this.#scriptFiles.get(script);
    if (known !== undefined) return known.content;
    const text = composeScriptFile(script);
    const content = text === undefined ? undefined : Buffer.from(text);
    this.#scriptFiles.set(script, { content });
    return content;
  }
}

function isCancelled(signals: readonly AbortSignal[]): boolean {
  return signals.some((signal) => signal.aborted);
}
