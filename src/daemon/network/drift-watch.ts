import type { EmitEvent } from '../../event/event.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import type { Monitor } from '../../shell/monitor.ts';
import { retries, retryDelay } from '../../time/retry.ts';
import { Debounce } from '../../time/debounce.ts';
import { OneAtATime } from '../../time/one-at-a-time.ts';
import type { CommandRunner } from '../commands/command-runner.ts';

interface DriftWatchOptions {
  readonly commands: CommandRunner;
  readonly own: LeaseSubnets;
  /** Milliseconds between looks that nothing asked for. */
  readonly intervalMs: number;
  readonly emit: EmitEvent;
  /** Looks after the network. Returns how long to wait at most, in milliseconds, before the next time; undefined for the interval. */
  readonly look: (signal: AbortSignal) => Promise<number | undefined>;
}

/** Lines of a monitor come in bursts, not least when the daemon itself writes. */
const monitorDebounce = { quietMs: 250, longestMs: 2000 };

/**
 * When the network is looked at next.
 *
 *     idle ──start──▶ waiting ──due, or asked──▶ looking ──looked──▶ waiting
 *      └───────────────── stop ──┴────────────────────┴──▶ stopped
 */
type LookState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly kind: 'looking' }
  | { readonly kind: 'stopped' };

/**
 * How MonitorCommand stands; `failures` counts how often in a row it ended without a line.
 *
 *     off ──start──▶ listening ──ended──▶ waiting ──after a delay──▶ listening
 *                        └────── stop ──────┴──────▶ off
 */
type MonitorState =
  | { readonly kind: 'off' }
  | { readonly kind: 'listening'; readonly monitor: Monitor; readonly failures: number }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout; readonly failures: number };

/** Has the network looked after on an interval, and whenever MonitorCommand prints a line. */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #stopping = new AbortController();
  readonly #debounce = new Debounce(monitorDebounce, () => this.request());
  readonly #looking = new OneAtATime(() => this.#look());
  #state: LookState = { kind: 'idle' };
  #monitor: MonitorState = { kind: 'off' };

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  /** @param withinMs how long the first look may take to come, where something waits to be tried again */
  start(withinMs: number | undefined): void {
    this.#waitFor(withinMs);
    this.#startMonitor(0);
  }

  /** Starts no further look, and waits for one that runs. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#enter({ kind: 'stopped' });
    this.#debounce.cancel();
    await Promise.all([this.#stopMonitor(), this.#looking.idle()]);
  }

  /** Has the network looked after at once, or as soon as the look that runs is over. */
  request(): void {
    if (this.#state.kind !== 'stopped') void this.#looking.run();
  }

  async #look(): Promise<void> {
    this.#enter({ kind: 'looking' });
    if (this.#state.kind === 'stopped') return;
    this.#waitFor(await this.#options.look(this.#stopping.signal));
  }

  #waitFor(withinMs: number | undefined): void {
    const delayMs = Math.min(withinMs ?? Infinity, this.#options.intervalMs);
    this.#enter({ kind: 'waiting', timer: setTimeout(() => this.request(), delayMs) });
  }

  /** Replaces the state, and with it the timer that it has. What was stopped stays so. */
  #enter(state: LookState): void {
    if (this.#state.kind === 'waiting') clearTimeout(this.#state.timer);
    if (this.#state.kind !== 'stopped') this.#state = state;
    else if (state.kind === 'waiting') clearTimeout(state.timer);
  }

  #startMonitor(failures: number): void {
    const { commands, own } = this.#options;
    if (!commands.has('CheckCommand')) return;
    const monitor = commands.startMonitor(own, {
      onLines: () => {
        if (this.#monitor.kind === 'listening') this.#monitor = { ...this.#monitor, failures: 0 };
        this.#debounce.request();
      },
      onEnd: (how, stderr) => this.#restartMonitor(how, stderr),
    });
    this.#monitor = monitor === undefined ? { kind: 'off' } : { kind: 'listening', monitor, failures };
  }

  #restartMonitor(how: string, stderr: string): void {
    const failures = 1 + (this.#monitor.kind === 'off' ? 0 : this.#monitor.failures);
    const retryInMs = retryDelay(failures, Math.random(), retries.monitor);
    this.#options.emit({ event: 'monitor-ended', how, stderr, retryInMs });
    const timer = setTimeout(() => {
      this.#startMonitor(failures);
      // What it did not hear meanwhile, and until it listens.
      this.#debounce.request();
    }, retryInMs);
    this.#monitor = { kind: 'waiting', timer, failures };
  }

  async #stopMonitor(): Promise<void> {
    const state = this.#monitor;
    this.#monitor = { kind: 'off' };
    switch (state.kind) {
      case 'off':
        return;
      case 'listening':
        return state.monitor.stop();
      case 'waiting':
        clearTimeout(state.timer);
    }
  }
}
