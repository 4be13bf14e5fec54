import { backoffDelay } from '../../time/backoff.ts';
import { subnetOf, type Displacement } from '../../engine/check.ts';
import type { EmitEvent } from '../../event/event.ts';
import type { CommandTrouble } from '../../event/trouble.ts';
import { describeTrouble } from '../../event/trouble.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import type { Monitor } from '../../shell/monitor.ts';
import { checkPeersInPlace } from '../commands/check-peers.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import { Debounce } from '../../time/debounce.ts';
import type { PeerLoop } from './peer-loop.ts';
import { namePeer } from './peer-report.ts';

export interface DriftWatchOptions {
  readonly commands: CommandRunner;
  readonly own: LeaseSubnets;
  readonly loop: PeerLoop;
  /** Milliseconds between checks that nothing asked for. */
  readonly intervalMs: number;
  readonly emit: EmitEvent;
  /** Builds the network again, keeping its lease. Undefined if it worked. */
  readonly rebuild: (signal: AbortSignal) => Promise<CommandTrouble | undefined>;
  /** The network is broken, for this reason, or whole again. */
  readonly onBroken: (because: string | undefined) => void;
}

/** The last time that something was found to be different from what it should be. */
export interface DriftRepair {
  readonly at: string;
  readonly missing: number;
  readonly extra: number;
  readonly rebuilt: boolean;
}

/** How the last attempt to build the network again stands. */
type Rebuild =
  | { readonly kind: 'none' }
  /** Its commands succeeded; no check has looked since. */
  | { readonly kind: 'unproven'; readonly failures: number }
  /** `failures` in a row; the next one has to wait until `notBefore`, as `performance.now` counts. */
  | { readonly kind: 'failed'; readonly failures: number; readonly notBefore: number };

/** Lines of a monitor come in bursts, not least when the daemon itself writes. */
const monitorDebounce = { quietMs: 250, longestMs: 2000 };
const rebuildBackoff = { firstMs: 1000, capMs: 60_000 };
const monitorBackoff = { firstMs: 1000, capMs: 60_000 };

/** Runs CheckCommand on an interval and whenever MonitorCommand prints a line, and has repaired what it finds. */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #stopping = new AbortController();
  readonly #debounce = new Debounce(monitorDebounce, () => void this.check());
  #timer: NodeJS.Timeout | undefined;
  #monitorTimer: NodeJS.Timeout | undefined;
  #monitor: Monitor | undefined;
  #monitorFailures = 0;
  #checking: Promise<void> | undefined;
  #isAskedAgain = false;
  #rebuild: Rebuild = { kind: 'none' };
  #lastRepair: DriftRepair | undefined;
  /** Who has whose place, as it was told last. */
  #displaced = new Set<string>();

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  get lastRepair(): DriftRepair | undefined {
    return this.#lastRepair;
  }

  start(): void {
    if (!this.#options.commands.has('CheckCommand')) return;
    this.#schedule(this.#options.intervalMs);
    this.#startMonitor();
  }

  /** Starts no further check, and waits for one that runs. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    clearTimeout(this.#monitorTimer);
    this.#debounce.cancel();
    await Promise.all([this.#monitor?.stop(), this.#checking]);
  }

  /** Checks now; while a check runs, once more after it. */
  async check(): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    if (this.#checking !== undefined) {
      this.#isAskedAgain = true;
      return this.#checking;
    }
    this.#checking = this.#checkUntilCurrent().finally(() => (this.#checking = undefined));
    return this.#checking;
  }

  async #checkUntilCurrent(): Promise<void> {
    const isAskedAgain = await this.#checkOnce();
    if (isAskedAgain && !this.#stopping.signal.aborted) await this.#checkUntilCurrent();
  }

  /** Returns whether there is reason to check once more at once. */
  async #checkOnce(): Promise<boolean> {
    this.#isAskedAgain = false;
    await this.#lookAndRepair();
    return this.#isAskedAgain;
  }

  async #lookAndRepair(): Promise<void> {
    const { commands, own, loop, onBroken } = this.#options;
    const { signal } = this.#stopping;
    const since = loop.engine.checkpoint;
    const found = await checkPeersInPlace(commands, own, loop.engine.appliedPeers, signal);
    if (signal.aborted) return;
    switch (found.kind) {
      case 'unknown':
        return;
      case 'listed':
        onBroken(undefined);
        this.#judge(found.subnets, since);
        return;
      case 'broken':
        onBroken(describeTrouble(found.trouble));
        await this.#mend(found.trouble);
    }
  }

  /** The network itself is whole: what of the peers is not? */
  #judge(present: ReadonlySet<string>, since: number): void {
    const { loop, emit, intervalMs } = this.#options;
    const rebuilt = this.#rebuild.kind === 'unproven';
    if (rebuilt) emit({ event: 'network-rebuilt' });
    this.#rebuild = { kind: 'none' };
    this.#schedule(intervalMs);
    const { missing, displaced, extra } = loop.checked(present, since);
    this.#tellDisplaced(displaced);
    const isDrift = missing.length > 0 || extra.length > 0;
    if (isDrift || rebuilt) {
      const at = new Date().toISOString();
      this.#lastRepair = { at, missing: missing.length, extra: extra.length, rebuilt };
    }
    if (!isDrift) return;
    emit({ event: 'drift', missing: missing.map(subnetOf), extra });
  }

  /** Once for each two of them. */
  #tellDisplaced(displaced: readonly Displacement[]): void {
    const told = this.#displaced;
    this.#displaced = new Set();
    for (const { peer, by } of displaced) {
      const pair = `${peer.key} ${by.key}`;
      this.#displaced.add(pair);
      if (told.has(pair)) continue;
      this.#options.emit({ event: 'peer-displaced', peer: namePeer(peer), by: namePeer(by) });
    }
  }

  /** Has the network built again, unless that was tried a moment ago: what MonitorCommand hears now is mostly that try. */
  async #mend(trouble: CommandTrouble): Promise<void> {
    const last = this.#rebuild;
    if (last.kind === 'unproven') {
      this.#giveUpFor(last.failures + 1, trouble);
      return;
    }
    const leftMs = last.kind === 'failed' ? last.notBefore - performance.now() : 0;
    if (leftMs > 0) {
      this.#schedule(leftMs);
      return;
    }
    const { emit, rebuild } = this.#options;
    emit({ event: 'network-broken', trouble });
    const failures = last.kind === 'failed' ? last.failures : 0;
    const obstacle = await rebuild(this.#stopping.signal);
    if (this.#stopping.signal.aborted) return;
    if (obstacle === undefined) {
      // Whether it is whole now, and which peers have to be added again, is for the next check to say.
      this.#rebuild = { kind: 'unproven', failures };
      this.#isAskedAgain = true;
    } else {
      this.#giveUpFor(failures + 1, obstacle);
    }
  }

  #giveUpFor(failures: number, trouble: CommandTrouble): void {
    const retryInMs = backoffDelay(failures, Math.random(), rebuildBackoff);
    this.#rebuild = { kind: 'failed', failures, notBefore: performance.now() + retryInMs };
    this.#options.emit({ event: 'rebuild-failed', trouble, retryInMs });
    this.#schedule(retryInMs);
  }

  #schedule(delayMs: number): void {
    if (this.#stopping.signal.aborted) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.check(), delayMs);
  }

  #startMonitor(): void {
    const { commands, own, emit } = this.#options;
    this.#monitor = commands.startMonitor(own, {
      onLines: () => {
        this.#monitorFailures = 0;
        this.#debounce.request();
      },
      onEnd: (how, stderr) => {
        this.#monitor = undefined;
        this.#monitorFailures += 1;
        const retryInMs = backoffDelay(this.#monitorFailures, Math.random(), monitorBackoff);
        emit({ event: 'monitor-ended', how, stderr, retryInMs });
        this.#monitorTimer = setTimeout(() => {
          this.#startMonitor();
          // What it did not hear meanwhile, and until it listens.
          this.#debounce.request();
        }, retryInMs);
      },
    });
  }
}
