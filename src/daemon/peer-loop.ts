import { isSettled, checkpoint } from '../engine/state.ts';
import type { EngineState } from '../engine/state.ts';
import { step } from '../engine/step.ts';
import { takeOperations } from '../engine/take.ts';
import type { EngineInput, Operation, Wait } from '../engine/operation.ts';
import type { CommandTrouble, EmitEvent } from '../event/event.ts';
import type { Peer } from '../lease/lease.ts';
import type { CommandResult } from './command-runner.ts';
import type { PeerJournal } from './peer-journal.ts';

export interface PeerLoopOptions {
  readonly engine: EngineState;
  readonly journal: PeerJournal;
  /** Runs SubnetAdd or SubnetRemove. */
  readonly run: (operation: Operation) => Promise<CommandResult>;
  readonly concurrency: number;
  readonly emit: EmitEvent;
  /** Called after every change of how the peers stand. */
  readonly onProgress: () => void;
}

/** How the last run for a peer went, and when the next one is due if it failed. */
export interface PeerOutcome {
  readonly operation: Operation['kind'];
  readonly reason: Operation['reason'];
  /** RFC 3339. */
  readonly at: string;
  readonly trouble: CommandTrouble | undefined;
  readonly nextTryAt: string | undefined;
}

/** Feeds the engine, runs what it asks for, and writes the journal ahead of each run. */
export class PeerLoop {
  readonly #options: PeerLoopOptions;
  readonly #outcomes = new Map<string, PeerOutcome>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  #settleWaiters: (() => void)[] = [];
  #taking = true;
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
    for (const input of inputs) for (const wait of step(this.engine, input)) this.#wait(wait);
    this.#pump();
  }

  /** Resolves when nothing is left to do but to wait for retries. */
  async settled(): Promise<void> {
    while (!isSettled(this.engine) && !this.#stopped) await this.#nextSettling();
  }

  /** Starts nothing more until {@link resume}, and resolves when what runs has ended. What is fed meanwhile is kept. */
  async pause(): Promise<void> {
    this.#taking = false;
    while (this.engine.running > 0) await this.#nextSettling();
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
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    while (this.engine.running > 0) await this.#nextSettling();
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

  #pump(): void {
    if (this.#taking) {
      const free = this.#options.concurrency - this.engine.running;
      for (const operation of takeOperations(this.engine, free)) void this.#execute(operation);
    }
    if (this.engine.running === 0) this.#releaseWaiters();
    this.#options.onProgress();
  }

  async #execute(operation: Operation): Promise<void> {
    this.#finish(operation, (await this.#writeAhead(operation)) ?? (await this.#options.run(operation)));
  }

  /** What is not in the journal is not run: after a crash nobody would remove it. */
  async #writeAhead(operation: Operation): Promise<CommandResult | undefined> {
    if (operation.kind === 'remove') return undefined;
    try {
      await this.#options.journal.record({ add: operation.peer });
      return undefined;
    } catch (error) {
      const how = `was not run, because the journal cannot be written: ${messageOf(error)}`;
      const nowhere = { where: undefined, text: undefined, stderr: '' };
      return { kind: 'trouble', trouble: { command: 'SubnetAddCommand', how, ...nowhere }, durationMs: 0 };
    }
  }

  #recordGone(key: string): void {
    this.#options.journal.record({ gone: key }).catch((error: unknown) => {
      this.#options.emit({ event: 'warning', message: `the journal cannot be written: ${messageOf(error)}` });
    });
  }

  #finish(operation: Operation, result: CommandResult): void {
    const key = operation.peer.key;
    const waits =
      result.kind === 'ok'
        ? step(this.engine, { kind: 'succeeded', operation })
        : step(this.engine, { kind: 'failed', operation, jitter: Math.random() });
    this.#report(operation, result, waits[0]);
    this.#remember(operation, result, waits[0]);
    for (const wait of waits) this.#wait(wait);
    const entry = this.engine.entries.get(key);
    if (entry === undefined || entry.applied.kind === 'absent') this.#recordGone(key);
    if (entry === undefined) this.#outcomes.delete(key);
    this.#pump();
  }

  #remember({ kind, peer, reason }: Operation, result: CommandResult, wait: Wait | undefined): void {
    const now = Date.now();
    this.#outcomes.set(peer.key, {
      operation: kind,
      reason,
      at: new Date(now).toISOString(),
      trouble: result.kind === 'trouble' ? result.trouble : undefined,
      nextTryAt: wait && new Date(now + wait.delayMs).toISOString(),
    });
  }

  #report(operation: Operation, result: CommandResult, wait: Wait | undefined): void {
    const { peer: lease, reason, kind } = operation;
    const peer = namePeer(lease);
    switch (result.kind) {
      case 'ok': {
        const event = kind === 'add' ? 'peer-added' : 'peer-removed';
        this.#options.emit({ event, peer, reason, durationMs: result.durationMs });
        return;
      }
      case 'trouble':
        // A lenient remove only clears the way: that there was nothing to remove is no news.
        if (operation.mode === 'lenient' && wait === undefined && reason !== 'gone' && reason !== 'shutdown')
          return;
        this.#options.emit({
          event: 'peer-failed',
          operation: kind,
          peer,
          reason,
          trouble: result.trouble,
          attempt: wait?.attempt ?? 1,
          retryInMs: wait?.delayMs ?? 0,
        });
    }
  }

  #wait({ key, attempt, delayMs }: Wait): void {
    clearTimeout(this.#timers.get(key));
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.feed({ kind: 'due', key, attempt });
    }, delayMs);
    this.#timers.set(key, timer);
  }
}

/** A peer's name in events. */
export function namePeer(peer: Peer): { key: string; subnet: string; publicIp: string } {
  return {
    key: peer.key,
    subnet: peer.subnet ?? peer.ipv6Subnet ?? '',
    publicIp: peer.publicIp ?? peer.publicIpv6 ?? '',
  };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
