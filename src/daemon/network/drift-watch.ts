import type { EmitEvent } from '../../event/event.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { Debounce, type DebounceBounds } from '../../time/debounce.ts';
import { OneAtATime } from '../../time/one-at-a-time.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import { describeLateTimer, describeLongCall, type Vital } from '../health/vital.ts';
import { LastingMonitor, type LastingMonitorOwner } from '../commands/lasting-monitor.ts';

interface DriftWatchOptions {
  readonly commands: CommandRunner;
  readonly own: LeaseSubnets;
  /** The interval between looks that nothing requested, in milliseconds. */
  readonly intervalMs: number;
  readonly emit: EmitEvent;
  /** Looks after the network. Returns the longest time until the next look, in milliseconds; undefined for the interval. */
  readonly look: (signal: AbortSignal) => Promise<number | undefined>;
}

/**
 * The pause after lines of a monitor, which come in bursts, above all when the daemon itself writes. While lines keep coming, a look waits for
 * a hundred times as long as the last look took, but for two seconds at least and ten at most: changes of peers wait while it lasts.
 */
class MonitorPause implements DebounceBounds {
  readonly quietMs = 250;
  /** The duration of the last look in milliseconds. */
  lookMs = 0;

  get longestMs(): number {
    return Math.min(Math.max(2000, 100 * this.lookMs), 10_000);
  }
}

/**
 * The state of the regular looks at the network. Times are on the clock of `performance.now`.
 *
 *     idle ──start──▶ waiting ──due, or asked──▶ looking ──looked──▶ waiting
 *      └───────────────── stop ──┴────────────────────┴──▶ stopped
 */
type LookState =
  | { readonly kind: 'idle' }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout; readonly dueAt: number }
  | { readonly kind: 'looking'; readonly since: number }
  | { readonly kind: 'stopped' };

/** Requests a look at the network on an interval, and whenever MonitorCommand prints a line. */
export class DriftWatch implements LastingMonitorOwner, Vital {
  readonly name = 'drift-watch';
  readonly #options: DriftWatchOptions;
  readonly #stopping = new AbortController();
  readonly #pause = new MonitorPause();
  readonly #debounce = new Debounce(this.#pause, () => this.request());
  readonly #looking = new OneAtATime(() => this.#look());
  readonly #monitor: LastingMonitor;
  #state: LookState = { kind: 'idle' };

  constructor(options: DriftWatchOptions) {
    this.#options = options;
    const { commands, own } = options;
    this.#monitor = new LastingMonitor((listeners) => commands.startMonitor(own, listeners), this);
  }

  /** @param withinMs the longest time until the first look, if something waits to be tried again */
  start(withinMs: number | undefined): void {
    if (this.#state.kind === 'stopped') return;
    this.#waitFor(withinMs);
    if (this.#options.commands.has('CheckCommand')) this.#monitor.start();
  }

  /** Starts no further look, and waits for the present one. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#enter({ kind: 'stopped' });
    this.#debounce.cancel();
    await Promise.all([this.#monitor.stop(), this.#looking.idle()]);
  }

  /** Starts MonitorCommand again, because its environment changed: this node's interface or an address. */
  renewMonitor(): void {
    this.#monitor.replace();
  }

  /** Requests a look, which begins at once or after the present one. */
  request(): void {
    if (this.#state.kind !== 'stopped') void this.#looking.run();
  }

  /** A look goes on while a command runs, because a time limit ends the command. */
  stall(): string | undefined {
    const state = this.#state;
    switch (state.kind) {
      case 'waiting':
        return describeLateTimer('the next look at the network', state.dueAt - performance.now());
      case 'looking':
        if (this.#options.commands.runsOwn) return undefined;
        return describeLongCall('heddle has looked at the network', performance.now() - state.since);
      case 'idle':
      case 'stopped':
        return undefined;
    }
  }

  linesCame(): void {
    this.#debounce.request();
  }

  monitorEnded(how: string, stderr: string, retryInMs: number): void {
    this.#options.emit({ event: 'monitor-ended', how, stderr, retryInMs });
  }

  /** A look is needed, because the monitor missed the changes of its pause. */
  monitorBack(): void {
    this.#debounce.request();
  }

  async #look(): Promise<void> {
    const since = performance.now();
    this.#enter({ kind: 'looking', since });
    if (this.#state.kind === 'stopped') return;
    const withinMs = await this.#options.look(this.#stopping.signal);
    this.#pause.lookMs = performance.now() - since;
    this.#waitFor(withinMs);
  }

  #waitFor(withinMs: number | undefined): void {
    const delayMs = Math.min(withinMs ?? Infinity, this.#options.intervalMs);
    const timer = setTimeout(() => this.request(), delayMs);
    this.#enter({ kind: 'waiting', timer, dueAt: performance.now() + delayMs });
  }

  /** Replaces the state and its timer. A stopped watch stays stopped. */
  #enter(state: LookState): void {
    if (this.#state.kind === 'waiting') clearTimeout(this.#state.timer);
    if (this.#state.kind !== 'stopped') this.#state = state;
    else if (state.kind === 'waiting') clearTimeout(state.timer);
  }
}
