import { checkpoint, isSettled } from '../../engine/state.ts';
import type { EngineState } from '../../engine/state.ts';
import { step } from '../../engine/step.ts';
import { takeOperations } from '../../engine/take.ts';
import type { EngineInput, Operation, Wait } from '../../engine/operation.ts';
import type { EmitEvent } from '../../event/event.ts';
import { explainError } from '../../host/system-error.ts';
import type { CommandResult } from '../commands/command-runner.ts';
import type { BatchAbility, PeerCommands } from '../commands/peer-commands.ts';
import { withPatience } from '../../time/patience.ts';
import type { PeerJournal } from './peer-journal.ts';
import { eventOf, namePeer, outcomeOf } from './peer-report.ts';
import type { PeerOutcome } from './peer-report.ts';
import { RetryTimers } from './retry-timers.ts';

export interface PeerLoopOptions {
  readonly engine: EngineState;
  readonly journal: PeerJournal;
  readonly commands: PeerCommands;
  /** How many commands may run at once; a batch is one. */
  readonly concurrency: number;
  readonly emit: EmitEvent;
  /** Called after every change of how the peers stand. */
  readonly onProgress: () => void;
}

/** With fewer than this waiting, a batch would save nothing, and say less about each. */
const fewestInBatch = 8;
/** Bounds what one failure puts in doubt; and the kernel works on one batch while the next is prepared. */
const mostInBatch = 2500;
/** So that the kernel has something to work on soon. */
const mostInFirstBatch = 1000;
/** How many peers one event names: those who collect logs cut long lines. */
const mostNamed = 500;

/** Feeds the engine, runs what it asks for, and writes the journal ahead of each run. */
export class PeerLoop {
  readonly #options: PeerLoopOptions;
  readonly #outcomes = new Map<string, PeerOutcome>();
  readonly #retries = new RetryTimers(({ key, attempt }) => this.feed({ kind: 'due', key, attempt }));
  /** Taken from the engine, to be run one by one: what no batch can hold, and what a failed batch left. */
  #backlog: Operation[] = [];
  #jobs = 0;
  /** A batch is on its way to its command. */
  #isHandingOver = false;
  #settleWaiters: (() => void)[] = [];
  #taking = true;
  #ending = new AbortController();
  #stopped = false;

  constructor(options: PeerLoopOptions) {
    this.#options = options;
  }

  get engine(): EngineState {
    return this.#options.engine;
  }

  /** The last outcome of each peer that there is. */
  get outcomes(): ReadonlyMap<string, PeerOutcome> {
    return this.#outcomes;
  }

  /** A mark for CheckCommand: see `EngineInput` `checked`. */
  get checkpoint(): number {
    return checkpoint(this.engine);
  }

  feed(...inputs: readonly EngineInput[]): void {
    for (const input of inputs) for (const wait of step(this.engine, input)) this.#retries.set(wait);
    this.#pump();
  }

  /** Resolves when nothing is left to do but to wait for retries. */
  async settled(): Promise<void> {
    while (!isSettled(this.engine) && !this.#stopped) await this.#nextSettling();
  }

  /** Starts nothing more until {@link resume}, and resolves when what runs has ended. What is fed meanwhile is kept. */
  async pause(): Promise<void> {
    this.#taking = false;
    while (this.#jobs > 0) await this.#nextSettling();
  }

  /** As {@link pause}, and ends what still runs after so many milliseconds: a hung command is the first thing to be changed. */
  async pauseWithin(patienceMs: number): Promise<void> {
    const timer = setTimeout(() => this.#ending.abort(), patienceMs);
    await this.pause();
    clearTimeout(timer);
    this.#ending = new AbortController();
  }

  resume(): void {
    if (this.#stopped) return;
    this.#taking = true;
    this.#pump();
  }

  /** Starts nothing more, and resolves when what runs has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#taking = false;
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
    return this.#options.concurrency - this.#jobs;
  }

  #pump(): void {
    if (this.#taking) {
      this.#startBacklog();
      this.#startBatches();
      // What no batch could hold.
      this.#startBacklog();
      if (!this.#mayBatch) {
        for (const operation of takeOperations(this.engine, this.#free)) this.#start(this.#runOne(operation));
      }
    }
    if (this.#jobs === 0) this.#releaseWaiters();
    this.#options.onProgress();
  }

  #startBacklog(): void {
    for (const operation of this.#backlog.splice(0, this.#free)) this.#start(this.#runOne(operation));
  }

  /** Counts a job while it runs. It never rejects. */
  #start(job: Promise<void>): void {
    this.#jobs += 1;
    void job.then(() => {
      this.#jobs -= 1;
      this.#pump();
    });
  }

  get #mayBatch(): boolean {
    return this.#options.commands.batch !== undefined && this.engine.ready.size >= fewestInBatch;
  }

  /** Starts one batch. The next is prepared while the kernel works on this one. */
  #startBatches(): void {
    const { batch } = this.#options.commands;
    if (batch === undefined || !this.#mayBatch || this.#free <= 0 || this.#isHandingOver) return;
    this.#startBatch(batch, this.#jobs === 0 ? mostInFirstBatch : mostInBatch);
  }

  #prepareNext(): void {
    this.#isHandingOver = false;
    setImmediate(() => this.#pump());
  }

  #startBatch(batch: BatchAbility, most: number): void {
    const operations: Operation[] = [];
    const lines: string[] = [];
    for (const operation of takeOperations(this.engine, most)) {
      const line = batch.formatLine(operation);
      if (line === undefined) {
        this.#backlog.push(operation);
      } else {
        operations.push(operation);
        lines.push(line);
      }
    }
    if (operations.length === 0) return this.#prepareNext();
    this.#isHandingOver = true;
    this.#start(this.#runBatch(operations, (signal) => batch.run(lines, signal)));
  }

  async #runBatch(
    operations: readonly Operation[],
    run: (signal: AbortSignal) => Promise<CommandResult>,
  ): Promise<void> {
    const result = await this.#runAhead(operations, run, () => this.#prepareNext());
    if (result.kind === 'trouble') {
      // One bad peer costs one peer: each is tried by itself.
      this.#options.emit({ event: 'batch-failed', size: operations.length, trouble: result.trouble });
      this.#backlog.push(...operations);
      return;
    }
    for (const operation of operations) this.#finish(operation, result);
    const adds = operations.filter(({ kind }) => kind === 'add');
    const removes = operations.filter(({ kind }) => kind === 'remove');
    this.#options.emit({
      event: 'batch-applied',
      addedCount: adds.length,
      removedCount: removes.length,
      added: adds.slice(0, mostNamed).map(({ peer }) => namePeer(peer)),
      removed: removes.slice(0, mostNamed).map(({ peer }) => namePeer(peer)),
      durationMs: result.durationMs,
    });
  }

  async #runOne(operation: Operation): Promise<void> {
    const result = await this.#runAhead([operation], (signal) =>
      this.#options.commands.run(operation, signal),
    );
    const wait = this.#finish(operation, result);
    const event = eventOf(operation, result, wait);
    if (event !== undefined) this.#options.emit(event);
  }

  /** Runs a command once the journal has what it adds, and has others go ahead of it if it takes long. */
  async #runAhead(
    operations: readonly Operation[],
    run: (signal: AbortSignal) => Promise<CommandResult>,
    onHandedOver: () => void = () => undefined,
  ): Promise<CommandResult> {
    const trouble = await this.#writeAhead(operations);
    const running = trouble ?? run(this.#ending.signal);
    onHandedOver();
    return withPatience(Promise.resolve(running), () =>
      this.feed(...operations.map((operation) => ({ kind: 'overdue', operation }) as const)),
    );
  }

  /** What is not in the journal is not run: after a crash nobody would remove it. */
  async #writeAhead(operations: readonly Operation[]): Promise<CommandResult | undefined> {
    try {
      const adds = operations.filter(({ kind }) => kind === 'add');
      await Promise.all(adds.map(({ peer }) => this.#options.journal.record({ add: peer })));
      return undefined;
    } catch (error) {
      const how = `was not run, because the journal cannot be written: ${explainError(error)}`;
      const nowhere = { where: undefined, text: undefined, stderr: '' };
      return { kind: 'trouble', trouble: { command: 'SubnetAddCommand', how, ...nowhere }, durationMs: 0 };
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

  /** Tells the engine how an operation ended. Returns when it is due again, if it failed. */
  #finish(operation: Operation, result: CommandResult): Wait | undefined {
    const { key } = operation.peer;
    const [wait] =
      result.kind === 'ok'
        ? step(this.engine, { kind: 'succeeded', operation })
        : step(this.engine, { kind: 'failed', operation, jitter: Math.random() });
    if (wait !== undefined) this.#retries.set(wait);
    const entry = this.engine.entries.get(key);
    if (entry === undefined || entry.applied.kind === 'absent') this.#recordGone(key);
    if (entry === undefined) this.#outcomes.delete(key);
    else this.#outcomes.set(key, outcomeOf(operation, result, wait, Date.now()));
    return wait;
  }
}
