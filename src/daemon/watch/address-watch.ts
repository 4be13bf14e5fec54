import { startMonitor, type Monitor } from '../../shell/monitor.ts';
import { Debounce } from '../../time/debounce.ts';
import { retries, retryDelay } from '../../time/retry.ts';
import { commandLedger } from '../commands/running-commands.ts';

interface AddressWatchOptions {
  readonly stateDirectory: string;
  /** Called soon after an address of the interface came or went. */
  readonly onChange: () => void;
  /** Shell text that prints a line for each change of `$IFACE`; the default is iproute2's monitor. */
  readonly command?: string;
}

/** Shell text that listens. With util-linux's setpriv, the program ends with the daemon, even if the daemon is killed. */
const monitorAddresses = [
  'set -- ip -o monitor address dev "$IFACE"',
  'if setpriv --pdeathsig TERM true 2>/dev/null; then set -- setpriv --pdeathsig TERM "$@"; fi',
  'exec "$@"',
].join('\n');

/** The pause after a change, in milliseconds. An address is often replaced in two steps: the new one comes, the old one goes. */
const changeDebounce = { quietMs: 50, longestMs: 500 };

/**
 * The state of the watch.
 *
 *     off ──start──▶ listening ──iproute2 ended──▶ waiting ──after a delay──▶ listening
 *                        └────── stop ──────────────┴──────▶ off
 */
type WatchState =
  | { readonly kind: 'off' }
  | { readonly kind: 'listening'; readonly monitor: Monitor }
  | { readonly kind: 'waiting'; readonly timer: NodeJS.Timeout };

/** Learns from the kernel when an address of one interface comes or goes, so that the node need not wait for its next look. */
export class AddressWatch {
  readonly #options: AddressWatchOptions;
  readonly #debounce: Debounce;
  #state: WatchState = { kind: 'off' };
  #failures = 0;

  constructor(options: AddressWatchOptions) {
    this.#options = options;
    this.#debounce = new Debounce(changeDebounce, options.onChange);
  }

  /** Listens to this interface, and no longer to another one. */
  start(iface: string): void {
    void this.#end();
    const monitor = startMonitor(
      {
        script: { text: this.#options.command ?? monitorAddresses, stopOnError: false },
        environment: { PATH: process.env['PATH'] ?? '', IFACE: iface },
        cwd: this.#options.stateDirectory,
      },
      {
        onLines: () => {
          this.#failures = 0;
          this.#debounce.request();
        },
        onEnd: () => this.#startLater(iface),
      },
      commandLedger(this.#options.stateDirectory),
    );
    this.#state = { kind: 'listening', monitor };
  }

  /** Ends the program that listens, and waits for its end. */
  async stop(): Promise<void> {
    this.#debounce.cancel();
    await this.#end();
  }

  /** Listens later, because the interface may be gone. The next look sees the changes of this pause. */
  #startLater(iface: string): void {
    this.#failures += 1;
    const delayMs = retryDelay(this.#failures, Math.random(), retries.monitor);
    const timer = setTimeout(() => this.start(iface), delayMs);
    this.#state = { kind: 'waiting', timer };
  }

  async #end(): Promise<void> {
    const state = this.#state;
    this.#state = { kind: 'off' };
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
