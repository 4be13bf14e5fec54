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
 * How MonitorCommand stands.
 *
 *     off ──start──▶ listening ──ended──▶ waiting ──after a delay──▶ listening
 *                        └────── stop ──────┴──────▶ off
 */
type MonitorState =
  | { readonly kind: 'off' }
  | { readonly kind: 'listening'; readonly monitor: Monitor }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout };

/** Has the network looked after on an interval, and whenever MonitorCommand prints a line. */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #stopping = new AbortController();
  readonly #debounce = new Debounce(monitorDebounce, () => this.#request());
  readonly #looking = new OneAtATime(() => this.#look());
  #timer: NodeJS.Timeout | undefined;
  #monitor: MonitorState = { kind: 'off' };
  /** How often in a row MonitorCommand ended without a line. */
  #monitorFailures = 0;

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  /** @param withinMs how long the first look may take to come, where something waits to be tried again */
  start(withinMs: number | undefined): void {
    this.#schedule(withinMs);
    this.#startMonitor();
  }

  /** Starts no further look, and waits for one that runs. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    this.#debounce.cancel();
    await Promise.all([this.#stopMonitor(), this.#looking.idle()]);
  }

  #request(): void {
    if (!this.#stopping.signal.aborted) void this.#looking.run();
  }

  async #look(): Promise<void> {
    const { signal } = this.#stopping;
    if (signal.aborted) return;
    this.#schedule(await this.#options.look(signal));
  }

  #schedule(withinMs: number | undefined): void {
    if (this.#stopping.signal.aborted) return;
    clearTimeout(this.#timer);
    const delayMs = Math.min(withinMs ?? Infinity, this.#options.intervalMs);
    this.#timer = setTimeout(() => this.#request(), delayMs);
  }

  #startMonitor(): void {
    const { commands, own } = this.#options;
    if (!commands.has('CheckCommand')) return;
    const monitor = commands.startMonitor(own, {
      onLines: () => {
        this.#monitorFailures = 0;
        this.#debounce.request();
      },
      onEnd: (how, stderr) => this.#restartMonitor(how, stderr),
    });
    this.#monitor = monitor === undefined ? { kind: 'off' } : { kind: 'listening', monitor };
  }

  #restartMonitor(how: string, stderr: string): void {
    this.#monitorFailures += 1;
    const retryInMs = retryDelay(this.#monitorFailures, Math.random(), retries.monitor);
    this.#options.emit({ event: 'monitor-ended', how, stderr, retryInMs });
    const timer = setTimeout(() => {
      this.#startMonitor();
      // What it did not hear meanwhile, and until it listens.
      this.#debounce.request();
    }, retryInMs);
    this.#monitor = { kind: 'waiting', timer };
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
