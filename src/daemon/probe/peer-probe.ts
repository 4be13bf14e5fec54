import { setTimeout as delay } from 'node:timers/promises';
import { listFew } from '../../diagnostic/words.ts';
import type { Concerns } from '../../event/concerns.ts';
import type { EmitEvent } from '../../event/event.ts';
import { readLinks } from '../../host/interface/links.ts';
import { sendPing } from '../../host/ping.ts';
import { explainError } from '../../host/system-error.ts';
import type { LeaseSubnets, Peer } from '../../lease/lease.ts';
import { formatAddress } from '../../network/cidr.ts';
import { OneAtATime } from '../../time/one-at-a-time.ts';
import { Periodic } from '../../time/periodic.ts';
import { ProbeBook, type ProbeReport } from './probe-book.ts';
import { listTargets, type ProbeTarget } from './targets.ts';

/** The pause between two packets, in milliseconds: at most 50 packets a second. */
const spacingMs = 20;

/** The number of packets in a row that must be lost before an address that has answered counts as silent. */
const packetsBeforeSilence = 3;

/** The machine that sends the packets; replaced in tests. */
interface ProbeHost {
  /** Sends a packet, and returns whether it was answered. Throws a Failure if no packet can be sent. */
  sendPacket(address: string): Promise<boolean>;
  /** All addresses on this node's devices. */
  readAddresses(): Promise<ReadonlySet<string>>;
  /** Resolves after a time in milliseconds. */
  pause(ms: number): Promise<void>;
}

interface PeerProbeOptions {
  /** The peers that are in the kernel now. */
  readonly peers: () => Iterable<Peer>;
  readonly own: LeaseSubnets;
  /** The pause between two rounds, in milliseconds; undefined to probe only on request. */
  readonly intervalMs: number | undefined;
  readonly concerns: Concerns;
  readonly emit: EmitEvent;
  readonly host?: ProbeHost;
}

/** Sends packets to the peers through the overlay, in rounds: on request, and on an interval. */
export class PeerProbe {
  readonly #options: PeerProbeOptions;
  readonly #book = new ProbeBook();
  readonly #rounds = new OneAtATime(() => this.#round());
  readonly #stopping = new AbortController();
  readonly #periodic: Periodic | undefined;
  readonly #host: ProbeHost;
  #endedAt: number | undefined;

  constructor(options: PeerProbeOptions) {
    this.#options = options;
    this.#host = options.host ?? thisHost;
    const { intervalMs } = options;
    this.#periodic = intervalMs === undefined ? undefined : new Periodic(intervalMs, () => this.#tryRun());
  }

  /** The results of all probes so far; undefined before the first round has ended. */
  get report(): ProbeReport | undefined {
    return this.#endedAt === undefined ? undefined : { at: this.#endedAt, addresses: this.#book.all };
  }

  /** Begins the rounds on the interval, if there is one. */
  start(): void {
    this.#periodic?.start(0);
  }

  /** Probes every peer once. Resolves when the round is over. Throws a Failure if no packet can be sent. */
  run(): Promise<void> {
    return this.#stopping.signal.aborted ? Promise.resolve() : this.#rounds.run();
  }

  /** Forgets the peers that are gone. This is cheap unless a peer is silent. */
  forgetGone(): void {
    if (this.#book.silent.length === 0) return;
    this.#retain(new Set([...this.#options.peers()].map(({ key }) => key)));
    this.#raise();
  }

  /** Sends nothing more, and does not wait for the answer to a packet that was sent. */
  stop(): void {
    this.#stopping.abort();
    this.#periodic?.stop();
  }

  async #tryRun(): Promise<void> {
    try {
      await this.run();
    } catch (error) {
      this.#options.emit({ event: 'warning', message: explainError(error) });
    }
  }

  async #round(): Promise<void> {
    const { signal } = this.#stopping;
    const { peers, own } = this.#options;
    const targets = listTargets(peers(), own, await this.#host.readAddresses());
    this.#retain(new Set(targets.map(({ key }) => key)));
    let waiting: readonly ProbeTarget[] = targets;
    for (let packets = 1; packets <= packetsBeforeSilence && waiting.length > 0; packets += 1) {
      waiting = await this.#sendAll(waiting, packets === packetsBeforeSilence);
      if (signal.aborted) return;
    }
    this.#endedAt = Date.now();
    this.#raise();
  }

  /** Sends a packet to each target. Returns the targets that did not answer and are worth another packet. */
  async #sendAll(targets: readonly ProbeTarget[], isLast: boolean): Promise<readonly ProbeTarget[]> {
    const { signal } = this.#stopping;
    const sent: Promise<ProbeTarget | undefined>[] = [];
    for (const target of targets) {
      if (signal.aborted) break;
      const probe = this.#host.sendPacket(target.address).then((answered) => {
        if (!answered && !isLast && this.#book.hasAnswered(target)) return target;
        this.#book.note(target, answered, Date.now());
        return undefined;
      });
      // All probes are waited for below. One that fails meanwhile must not end the process.
      probe.catch(() => undefined);
      sent.push(probe);
      await this.#host.pause(spacingMs);
    }
    if (signal.aborted) return [];
    return (await Promise.all(sent)).filter((target) => target !== undefined);
  }

  #retain(keys: ReadonlySet<string>): void {
    this.#book.retain(({ key }) => keys.has(key));
  }

  #raise(): void {
    const { silent } = this.#book;
    if (silent.length === 0) {
      this.#options.concerns.set('peer-silent', []);
      return;
    }
    const names = listFew(silent.map(({ subnet, address }) => `${address} of ${subnet}`));
    this.#options.concerns.set('peer-silent', [
      {
        about: 'probe',
        because: `${silent.length === 1 ? '1 address' : `${silent.length} addresses`} answered an earlier probe, but not the last packets: ${names}`,
        hint: 'look whether these nodes run, and whether a firewall or the underlay drops packets; then ask again, with --probe of heddle status',
      },
    ]);
  }
}

const thisHost: ProbeHost = {
  sendPacket: (address) => sendPing(address),
  pause: (ms) => delay(ms),
  async readAddresses() {
    const links = await readLinks();
    return new Set(links.flatMap(({ addresses }) => addresses.map(formatAddress)));
  },
};
