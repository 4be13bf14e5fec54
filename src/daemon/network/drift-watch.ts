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
  /** The interval between looks that nothing requested, in milliseconds. */
  readonly intervalMs: number;
  readonly emit: EmitEvent;
  /** Looks after the network. Returns the longest time until the next look, in milliseconds; undefined for the interval. */
  readonly look: (signal: AbortSignal) => Promise<number | undefined>;
}

/** The pause after lines of a monitor, which come in bursts, above all when the daemon itself writes. */
const monitorDebounce = { quietMs: 250, longestMs: 2000 };

/**
 * The state of the regular looks at the network.
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
 * The state of MonitorCommand; `failures` counts how often in a row it ended without a line.
 *
 *     off ──start──▶ listening ──ended──▶ waiting ──after a delay──▶ listening
 *                        └────── stop ──────┴──────▶ off
 */
type MonitorState =
  | { readonly kind: 'off' }
  | { readonly kind: 'listening'; readonly monitor: Monitor; readonly failures: number }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout; readonly failures: number };

/** Requests a look at the network on an interval, and whenever MonitorCommand prints a line. */
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

  /** @param withinMs the longest time until the first look, if something waits to be tried again */
  start(withinMs: number | undefined): void {
    this.#waitFor(withinMs);
    this.#startMonitor(0);
  }

  /** Starts no further look, and waits for the present one. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#enter({ kind: 'stopped' });
    this.#debounce.cancel();
    await Promise.all([this.#stopMonitor(), this.#looking.idle()]);
  }

  /** Requests a look, which begins at once or after the present one. */
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

  /** Replaces the state and its timer. A stopped watch stays stopped. */
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
      // A look is needed, because the monitor missed the changes of this pause.
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
