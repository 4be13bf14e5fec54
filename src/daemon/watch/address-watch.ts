import { startMonitor, type Monitor, type MonitorListeners } from '../../shell/monitor.ts';
import { Debounce } from '../../time/debounce.ts';
import { LastingMonitor } from '../commands/lasting-monitor.ts';
import { commandLedger } from '../commands/running-commands.ts';
import { listeningScript } from './listening-script.ts';

interface AddressWatchOptions {
  readonly stateDirectory: string;
  /** Called soon after an address of the interface came or went. */
  readonly onChange: () => void;
  /** Shell text that prints a line for each change of `$IFACE`; the default is iproute2's monitor. */
  readonly command?: string;
}

const monitorAddresses = listeningScript('ip -o monitor address dev "$IFACE"');

/** The pause after a change, in milliseconds. An address is often replaced in two steps: the new one comes, the old one goes. */
const changeDebounce = { quietMs: 50, longestMs: 500 };

/** Learns from the kernel when an address of one interface comes or goes, so that the node need not wait for its next look. */
export class AddressWatch {
  readonly #options: AddressWatchOptions;
  readonly #debounce: Debounce;
  /** The program that listens to the present interface; undefined before the first start. */
  #monitor: LastingMonitor | undefined;

  constructor(options: AddressWatchOptions) {
    this.#options = options;
    this.#debounce = new Debounce(changeDebounce, options.onChange);
  }

  /** Listens to this interface, and not to an earlier one any more. */
  start(iface: string): void {
    void this.#monitor?.stop();
    // The interface may be gone, so the program may end at once. The next look sees the changes of its pauses.
    this.#monitor = new LastingMonitor((listeners) => this.#launch(iface, listeners), {
      linesCame: () => this.#debounce.request(),
      monitorEnded: () => undefined,
      monitorBack: () => undefined,
    });
    this.#monitor.start();
  }

  /** Ends the program that listens, and waits for its end. */
  async stop(): Promise<void> {
    this.#debounce.cancel();
    await this.#monitor?.stop();
  }

  #launch(iface: string, listeners: MonitorListeners): Monitor {
    const { command = monitorAddresses, stateDirectory } = this.#options;
    return startMonitor(
      {
        script: { text: command, stopOnError: false },
        environment: { PATH: process.env['PATH'] ?? '', IFACE: iface },
        cwd: stateDirectory,
      },
      listeners,
      commandLedger(stateDirectory),
    );
  }
}
