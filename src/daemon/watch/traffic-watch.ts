import { Failure } from '../../diagnostic/failure.ts';
import {
  readForwardDroppers,
  type ForwardedRange,
  type NetworkDropper,
} from '../../doctor/facts/forward-droppers.ts';
import type { Concerns } from '../../event/concerns.ts';
import { ProgramError } from '../../host/run-program.ts';
import { explainError } from '../../host/system-error.ts';
import { findRulesTrouble, isSeenByNftMonitor, type NetworkRules } from '../../host/traffic/keep-rules.ts';
import { formatCidr } from '../../network/cidr.ts';
import { startMonitor, type Monitor, type MonitorListeners } from '../../shell/monitor.ts';
import { Debounce } from '../../time/debounce.ts';
import { OneAtATime } from '../../time/one-at-a-time.ts';
import { Periodic } from '../../time/periodic.ts';
import { LastingMonitor } from '../commands/lasting-monitor.ts';
import { commandLedger } from '../commands/running-commands.ts';
import { listeningScript } from './listening-script.ts';

interface TrafficWatchOptions {
  readonly rules: () => NetworkRules;
  /** The ranges whose forwarded packets must not be dropped; none if the user does not want rules for forwarding. */
  readonly ranges: readonly ForwardedRange[];
  /** The interval between looks that nothing requested, in milliseconds. */
  readonly resyncMs: number;
  readonly stateDirectory: string;
  readonly concerns: Concerns;
  /** Called if the rules are not as they must be. */
  readonly ask: () => void;
  /** Shell text that prints a line for each change of a rule; the default is nft's monitor. */
  readonly command?: string;
}

const monitorRules = listeningScript('nft monitor');

/** The pause after a change, in milliseconds. A program often changes many rules in a row. */
const changeDebounce = { quietMs: 100, longestMs: 2000 };

/** The times that a look at the firewall has taken, for which the next one waits: a firewall may have very many rules. */
const restAfterLook = 10;

/**
 * Watches the rules for traffic: on an interval, and whenever `nft monitor` reports a change. Raises the concern that a chain of another
 * program drops packets of the network.
 */
export class TrafficWatch {
  readonly #options: TrafficWatchOptions;
  readonly #looking = new OneAtATime(() => this.#look());
  readonly #debounce = new Debounce(changeDebounce, () => void this.#looking.run());
  readonly #interval: Periodic;
  readonly #monitor: LastingMonitor;
  #isStopped = false;
  #isListening: Promise<void> = Promise.resolve();
  /** The earliest time of the next look at the firewall, on the clock of `performance.now`. */
  #firewallNotBefore = 0;

  constructor(options: TrafficWatchOptions) {
    this.#options = options;
    this.#interval = new Periodic(options.resyncMs, () => this.#looking.run());
    this.#monitor = new LastingMonitor((listeners) => this.#launch(listeners), {
      linesCame: () => this.#debounce.request(),
      // The interval sees the changes of a pause.
      monitorEnded: () => undefined,
      monitorBack: () => undefined,
    });
  }

  start(): void {
    this.#isListening = this.#listen();
    this.#interval.start(0);
  }

  /** Ends the watch, and waits for its program and for a look that goes on. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#interval.stop();
    this.#debounce.cancel();
    await this.#isListening;
    await Promise.all([this.#monitor.stop(), this.#looking.idle()]);
  }

  async #listen(): Promise<void> {
    const isSeen = await isSeenByNftMonitor(this.#options.rules());
    if (isSeen && !this.#isStopped) this.#monitor.start();
  }

  #launch(listeners: MonitorListeners): Monitor {
    const { command = monitorRules, stateDirectory } = this.#options;
    return startMonitor(
      {
        script: { text: command, stopOnError: false },
        environment: { PATH: process.env['PATH'] ?? '' },
        cwd: stateDirectory,
      },
      listeners,
      commandLedger(stateDirectory),
    );
  }

  async #look(): Promise<void> {
    const { rules, ask } = this.#options;
    // The next look at the part reports a program that fails.
    const trouble = await findRulesTrouble(rules()).catch(explainError);
    if (this.#isStopped) return;
    if (trouble !== undefined) ask();
    else await this.#lookAtFirewall();
  }

  async #lookAtFirewall(): Promise<void> {
    const { ranges, concerns } = this.#options;
    const begin = performance.now();
    if (ranges.length === 0 || begin < this.#firewallNotBefore) return;
    try {
      const droppers = await readForwardDroppers(ranges);
      if (!this.#isStopped) concerns.set('firewall', droppers.map(describeDropper));
    } catch (error) {
      // A firewall that cannot be read is a finding of doctor's.
      if (!(error instanceof ProgramError) && !(error instanceof Failure)) throw error;
    }
    const end = performance.now();
    this.#firewallNotBefore = end + restAfterLook * (end - begin);
  }
}

function describeDropper({ where, what, network, acceptance }: NetworkDropper): {
  about: string;
  because: string;
  hint: string;
} {
  const range = formatCidr(network);
  return {
    about: `${where}, IPv${network.family}`,
    because: `${where} drops packets ${what}`,
    hint: `accept them there, because heddle's own rules cannot: ${acceptance(range)}`,
  };
}
