import type { Drift } from '../../engine/check.ts';
import type { Engine } from '../../engine/engine.ts';
import type { EngineInput, Operation, Wait } from '../../engine/operation.ts';
import type { EmitEvent } from '../../event/event.ts';
import { explainError } from '../../host/system-error.ts';
import { withPatience } from '../../time/patience.ts';
import type { CommandResult } from '../commands/command-result.ts';
import type { Vital } from '../health/vital.ts';
import type { BatchEnd, PeerCommands, RunBatch } from '../commands/peer-commands.ts';
import type { PeerJournal } from './peer-journal.ts';
import { eventOf, namePeer, outcomeOf } from './peer-report.ts';
import type { PeerOutcome } from './peer-report.ts';
import { RetryTimers } from './retry-timers.ts';

interface PeerLoopOptions {
  readonly engine: Engine;
  readonly journal: PeerJournal;
  readonly commands: PeerCommands;
  /** The number of commands that may run at once; a batch counts as one. */
  readonly concurrency: number;
  readonly emit: EmitEvent;
  /** Called after every change of a peer's state. */
  readonly onProgress: () => void;
}

/**
 * The most operations in batches at one time. The limit bounds the damage of one failure, and how long a change waits for the operations
 * before it.
 */
const mostAtOnce = 2500;
/** The most operations in a batch, so that the kernel works on one while the next is prepared. */
const mostInBatch = mostAtOnce / 2;
/** The most operations in the first batch, so that the kernel begins soon. */
const mostInFirstBatch = 250;
/** The most peers that one event names, because collectors of logs cut long lines. */
const mostNamed = 500;
/** The most different texts of stderr that the event of a batch has. */
const mostTexts = 20;

/**
 * Whether the loop takes operations from the engine.
 *
 *     taking ⇄ paused
 *        └───────┴──stop──▶ stopped
 */
type TakingState = 'taking' | 'paused' | 'stopped';

/**
 * Feeds the engine, runs its operations, and writes the journal ahead of each run. The loop holds no operation back: the engine decides
 * each one at the moment when it is taken, so that superseded operations do not run.
 */
export class PeerLoop implements Vital {
  readonly name = 'peer-loop';
  readonly #options: PeerLoopOptions;
  readonly #outcomes = new Map<string, PeerOutcome>();
  readonly #retries = new RetryTimers(({ key, attempt }) => this.feed({ kind: 'due', key, attempt }));
  #jobs = 0;
  /** The operations in the batches that run. */
  #inBatches = 0;
  /** The commands that run, of the jobs. */
  #commands = 0;
  /** Whether a batch is on its way to its command. */
  #isHandingOver = false;
  #settleWaiters: (() => void)[] = [];
  #state: TakingState = 'taking';
  /** The peers whose last command could not be started. */
  readonly #notStarted = new Set<string>();
  /** Whether only one operation may run at once, and no batch. */
  #isNarrow = false;
  /** Aborted to end the commands that run. */
  #ending = new AbortController();

  constructor(options: PeerLoopOptions) {
    this.#options = options;
  }

  get engine(): Engine {
    return this.#options.engine;
  }

  /** The last outcome of each peer. */
  get outcomes(): ReadonlyMap<string, PeerOutcome> {
    return this.#outcomes;
  }

  feed(...inputs: readonly EngineInput[]): void {
    for (const wait of this.engine.feed(...inputs)) this.#retries.set(wait);
    this.#pump();
  }

  /** Hands the engine the subnets that CheckCommand saw, and repairs the difference; see `Engine.checked`. */
  checked(present: ReadonlySet<string>, since: number): Drift {
    const drift = this.engine.checked(present, since);
    this.#pump();
    return drift;
  }

  /** A loop whose commands run goes on: their time limit, not the loop, ends them. */
  stall(): string | undefined {
    const isWaiting = this.#state !== 'taking' || this.#commands > 0 || this.engine.isSettled;
    return isWaiting ? undefined : 'there is work for peers, but no command runs';
  }

  /** Resolves when the only work left is to wait for retries. */
  async settled(): Promise<void> {
    while (!this.engine.isSettled && this.#state !== 'stopped') await this.#nextSettling();
  }

  /** Starts nothing more until {@link resume}. Resolves when the running operations have ended. Later inputs are kept. */
  async pause(): Promise<void> {
    if (this.#state === 'taking') this.#state = 'paused';
    while (this.#jobs > 0) await this.#nextSettling();
  }

  /**
   * Pauses as {@link pause} does, and ends the commands that still run after this time in milliseconds, because the author may want to
   * correct a hanging command.
   */
  async pauseWithin(patienceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#ending.abort(), patienceMs);
    await this.pause();
    clearTimeout(timer);
    this.#ending = new AbortController();
  }

  resume(): void {
    if (this.#state === 'paused') this.#state = 'taking';
    this.#pump();
  }

  /**
   * Tries once more what has failed, one operation at a time, if one of the commands could not be started: the limits of open files and
   * processes may suffice for one. Resolves when the only work left is to wait for retries.
   */
  async retryOneByOne(): Promise<void> {
    if (!this.engine.waitingKeys.some((key) => this.#notStarted.has(key))) return;
    this.#isNarrow = true;
    this.feed(...this.#retries.clear().map(({ key, attempt }) => ({ kind: 'due', key, attempt }) as const));
    await this.settled();
  }

  /** Starts nothing more. Resolves when the running operations have ended. */
  async stop(): Promise<void> {
    this.#state = 'stopped';
    this.#retries.clear();
    while (this.#jobs > 0) await this.#nextSettling();
    await this.#options.journal.flush();
    this.#releaseWaiters();
  }

  #nextSettling(): Promise<void> {
    return new Promise((resolve) => this.#settleWaiters.push(resolve));
  }

  #releaseWaiters(): void {
    const waiters = this.#settleWaiters;
    this.#settleWaiters = [];
    for (const resolve of waiters) resolve();
  }

  get #free(): number {
    return (this.#isNarrow ? 1 : this.#options.concurrency) - this.#jobs;
  }

  #pump(): void {
    if (this.#state === 'taking') {
      this.#startBatch();
      for (const operation of this.engine.take(this.#free)) this.#start(this.#runOne(operation));
    }
    if (this.#jobs === 0) this.#releaseWaiters();
    this.#options.onProgress();
  }

  /** Counts a job while it runs. It never rejects. */
  #start(job: Promise<void>): void {
    this.#jobs += 1;
    void job.then(() => {
      this.#jobs -= 1;
      this.#pump();
    });
  }

  /** Starts one batch, if there is one. The next one is prepared while the kernel works on this one. */
  #startBatch(): void {
    const { batch } = this.#options.commands;
    if (batch === undefined || this.#isNarrow || this.#free <= 0 || this.#isHandingOver) return;
    // A small batch that only fills the rest of the room would cost as many processes as a large one.
    if (this.#inBatches > mostAtOnce - mostInBatch) return;
    const operations = this.engine.takeBatch(this.#jobs === 0 ? mostInFirstBatch : mostInBatch);
    if (operations.length === 0) return;
    this.#isHandingOver = true;
    this.#inBatches += operations.length;
    const run = this.#runBatch(operations, batch).finally(() => {
      this.#inBatches -= operations.length;
    });
    this.#start(run);
  }

  #prepareNext(): void {
    this.#isHandingOver = false;
    setImmediate(() => this.#pump());
  }

  async #runBatch(operations: readonly Operation[], batch: RunBatch): Promise<void> {
    const run = (signal: AbortSignal): Promise<BatchEnd> =>
      batch(operations, signal, () => this.#state === 'taking');
    const end = await this.#runAhead(operations, run, () => this.#prepareNext());
    switch (end.kind) {
      case 'trouble': {
        const isNews = end.didBegin ? this.engine.returned(operations) : this.#postpone(operations, end);
        if (isNews)
          this.#options.emit({ event: 'batch-failed', size: operations.length, trouble: end.trouble });
        return;
      }
      case 'ok':
        for (const operation of operations) this.#finish(operation, end);
        this.#tellApplied(operations, end.durationMs, end.stderr);
        return;
      case 'each': {
        const results = operations.flatMap((operation, index) => {
          const result = end.results[index];
          return result === undefined ? [] : [{ operation, result }];
        });
        const stopped: Operation[] = [];
        for (const { operation, result } of results) {
          switch (result.kind) {
            case 'ok':
              this.#finish(operation, result);
              break;
            case 'trouble':
              this.#finishOne(operation, result);
              break;
            case 'stopped':
              stopped.push(operation);
          }
        }
        if (stopped.length > 0) this.engine.returned(stopped);
        const applied = results.filter(({ result }) => result.kind === 'ok');
        const stderr = [...new Set(applied.map(({ result }) => (result.kind === 'ok' ? result.stderr : '')))];
        if (applied.length > 0)
          this.#tellApplied(
            applied.map(({ operation }) => operation),
            end.durationMs,
            stderr
              .filter((text) => text !== '')
              .slice(0, mostTexts)
              .join('\n'),
            applied.every(({ result }) => result.kind === 'ok' && result.compiled === true),
          );
      }
    }
  }

  #tellApplied(
    operations: readonly Operation[],
    durationMs: number,
    stderr: string,
    isCompiled = false,
  ): void {
    const adds = operations.filter(({ kind }) => kind === 'add');
    const removes = operations.filter(({ kind }) => kind === 'remove');
    this.#options.emit({
      event: 'batch-applied',
      addedCount: adds.length,
      removedCount: removes.length,
      added: adds.slice(0, mostNamed).map(({ peer }) => namePeer(peer)),
      removed: removes.slice(0, mostNamed).map(({ peer }) => namePeer(peer)),
      durationMs,
      stderr,
      ...(isCompiled && { compiled: true }),
    });
  }

  /** Takes back a batch that did not begin. No peer is to blame, so all wait for the same time and make a batch again. */
  #postpone(operations: readonly Operation[], result: CommandResult): boolean {
    const jitter = Math.random();
    for (const operation of operations) this.#finish(operation, result, jitter);
    return true;
  }

  async #runOne(operation: Operation): Promise<void> {
    const result = await this.#runAhead([operation], (signal) =>
      this.#options.commands.run(operation, signal),
    );
    this.#finishOne(operation, result);
  }

  /** Takes the result of one operation, and tells it. */
  #finishOne(operation: Operation, result: CommandResult): void {
    const wait = this.#finish(operation, result);
    const event = eventOf(operation, result, wait);
    if (event !== undefined) this.#options.emit(event);
  }

  /** Runs a command after the journal has its peers. If the command takes long, other operations no longer wait for it. */
  async #runAhead<End>(
    operations: readonly Operation[],
    run: (signal: AbortSignal) => Promise<End>,
    onHandedOver: () => void = () => undefined,
  ): Promise<End | CommandResult> {
    const trouble = await this.#writeAhead(operations);
    const running: Promise<End | CommandResult> =
      trouble === undefined ? this.#runCounted(run) : Promise.resolve(trouble);
    onHandedOver();
    return withPatience(running, () =>
      this.feed(...operations.map((operation) => ({ kind: 'overdue', operation }) as const)),
    );
  }

  async #runCounted<End>(run: (signal: AbortSignal) => Promise<End>): Promise<End> {
    this.#commands += 1;
    try {
      return await run(this.#ending.signal);
    } finally {
      this.#commands -= 1;
    }
  }

  /**
   * Writes operations into the journal. An operation that is not in the journal must not run, because after a crash nothing would remove
   * its entries.
   */
  async #writeAhead(operations: readonly Operation[]): Promise<CommandResult | undefined> {
    try {
      const adds = operations.filter(({ kind }) => kind === 'add');
      await Promise.all(adds.map(({ peer }) => this.#options.journal.record({ add: peer })));
      return undefined;
    } catch (error) {
      const how = `did not run, because the journal cannot be written: ${explainError(error)}`;
      const nowhere = { where: undefined, text: undefined, stderr: '' };
      const trouble = { command: 'SubnetAddCommand', how, ...nowhere } as const;
      return { kind: 'trouble', trouble, durationMs: 0, didBegin: false };
    }
  }

  #recordGone(key: string): void {
    this.#options.journal.record({ gone: key }).catch((error: unknown) => {
      this.#options.emit({
        event: 'warning',
        message: `the journal cannot be written: ${explainError(error)}`,
      });
    });
  }

  /** Feeds the engine the result of an operation. Returns the wait for the next try, if the operation failed. */
  #finish(operation: Operation, result: CommandResult, jitter = Math.random()): Wait | undefined {
    const { key } = operation.peer;
    if (result.kind === 'trouble' && !result.didBegin) this.#notStarted.add(key);
    else this.#notStarted.delete(key);
    const [wait] = this.engine.feed(inputOf(operation, result, jitter));
    if (wait !== undefined) this.#retries.set(wait);
    const entry = this.engine.entries.get(key);
    if (entry === undefined || entry.applied.kind === 'absent') this.#recordGone(key);
    if (entry === undefined) this.#outcomes.delete(key);
    else this.#outcomes.set(key, outcomeOf(operation, result, wait, Date.now()));
    return wait;
  }
}

function inputOf(operation: Operation, result: CommandResult, jitter: number): EngineInput {
  if (result.kind === 'ok') return { kind: 'succeeded', operation };
  return { kind: result.didBegin ? 'failed' : 'not-run', operation, jitter };
}
