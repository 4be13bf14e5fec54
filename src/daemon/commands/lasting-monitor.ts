import type { Monitor, MonitorListeners } from '../../shell/monitor.ts';
import { retries, retryDelay } from '../../time/retry.ts';

/** Receives what a {@link LastingMonitor} reports. */
export interface LastingMonitorOwner {
  /** Called when the program prints complete lines. */
  linesCame(): void;
  /** Called when the program ended by itself. It starts again after this time, in milliseconds. `stderr` is capped. */
  monitorEnded(how: string, stderr: string, retryInMs: number): void;
  /** Called when the program runs again. Nobody listened during the pause before. */
  monitorBack(): void;
}

/**
 * The state of the program; `failures` counts how often in a row it ended without a line.
 *
 *     off ──start──▶ listening ──ended──▶ waiting ──after a delay──▶ listening
 *                        └────── stop ──────┴──────▶ off
 */
type ListeningState =
  | { readonly kind: 'off' }
  | { readonly kind: 'listening'; readonly monitor: Monitor; readonly failures: number }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout; readonly failures: number };

/** Keeps a program that listens running: starts it again, after growing delays, whenever it ends. */
export class LastingMonitor {
  readonly #launch: (listeners: MonitorListeners) => Monitor | undefined;
  readonly #owner: LastingMonitorOwner;
  #state: ListeningState = { kind: 'off' };
  /** The ends of the programs that others replaced. */
  #replaced: Promise<unknown> = Promise.resolve();

  /** @param launch starts the program; returns undefined if there is none */
  constructor(launch: (listeners: MonitorListeners) => Monitor | undefined, owner: LastingMonitorOwner) {
    this.#launch = launch;
    this.#owner = owner;
  }

  start(): void {
    if (this.#state.kind === 'off') this.#listen(0);
  }

  /** Ends the program if it runs, and starts it again at once, because its environment changed. */
  replace(): void {
    if (this.#state.kind !== 'listening') return;
    this.#replaced = Promise.all([this.#replaced, this.#state.monitor.stop()]);
    this.#listen(0);
    this.#owner.monitorBack();
  }

  /** Ends the program, and waits for its end. */
  async stop(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'off' };
    if (state.kind === 'listening') await state.monitor.stop();
    if (state.kind === 'waiting') clearTimeout(state.timer);
    await this.#replaced;
  }

  #listen(failures: number): void {
    const monitor = this.#launch({
      onLines: () => {
        if (this.#state.kind === 'listening') this.#state = { ...this.#state, failures: 0 };
        this.#owner.linesCame();
      },
      onEnd: (how, stderr) => this.#restart(how, stderr),
    });
    this.#state = monitor === undefined ? { kind: 'off' } : { kind: 'listening', monitor, failures };
  }

  #restart(how: string, stderr: string): void {
    if (this.#state.kind !== 'listening') return;
    const failures = this.#state.failures + 1;
    const retryInMs = retryDelay(failures, Math.random(), retries.monitor);
    const timer = setTimeout(() => {
      this.#listen(failures);
      this.#owner.monitorBack();
    }, retryInMs);
    this.#state = { kind: 'waiting', timer, failures };
    this.#owner.monitorEnded(how, stderr, retryInMs);
  }
}
