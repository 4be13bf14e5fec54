import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { listFew } from '../../diagnostic/words.ts';
import { tracingReady, tracingScript } from './firewall-trace.ts';
import { whileWaiting } from '../../host/interruption.ts';
import type { Namespaces } from '../process/namespaces.ts';
import { PcapReader, type PcapRecord } from './pcap.ts';
import type { LabPlace } from '../process/places.ts';

/** The time for tcpdump and nft to begin, in milliseconds. A busy machine may need it. */
const startMs = 10_000;
/** The longest time that they run by themselves, in seconds, if this process is gone. */
const longestRunSeconds = '30';
/** The time without a new frame after which no more are expected, in milliseconds. */
const quietMs = 150;
/** The longest wait for that, in milliseconds. */
const settleMs = 700;
/** The bytes of each frame that are captured: enough for the headers and the mark in an encapsulated payload. */
const snapshotBytes = '256';

/** All that was seen in one place. */
interface Observation {
  readonly place: LabPlace;
  readonly records: readonly PcapRecord[];
  /** The reports of the firewall; empty without nft. */
  readonly tracing: string;
}

interface Observations {
  readonly seen: readonly Observation[];
  /** The reason why frames are missing; undefined if they were captured. */
  readonly noFrames: string | undefined;
}

/** Captures frames and the firewall's reports in each place while `send` runs. */
export async function observe(
  namespaces: Namespaces,
  places: readonly LabPlace[],
  send: () => Promise<void>,
): Promise<Observations> {
  const watches = places.map((place) => new PlaceWatch(namespaces, place));
  try {
    const what = `tcpdump and nft in ${listFew(places.map(({ name }) => name))}`;
    await whileWaiting({ what }, () => Promise.all(watches.map((watch) => watch.begun())));
    await send();
    await settle(watches);
  } finally {
    await Promise.all(watches.map((watch) => watch.end()));
  }
  const noFrames = watches.map(({ trouble }) => trouble).find((trouble) => trouble !== undefined);
  return {
    seen: watches.map(({ place, records, tracing }) => ({ place, records, tracing })),
    noFrames,
  };
}

/** Waits until no place sees another frame. */
async function settle(watches: readonly PlaceWatch[]): Promise<void> {
  const count = (): number => watches.reduce((sum, { records }) => sum + records.length, 0);
  const deadline = performance.now() + settleMs;
  let before = -1;
  while (before !== count() && performance.now() < deadline) {
    before = count();
    await delay(quietMs);
  }
}

/** The programs that watch one place: tcpdump, and nft if it is there. */
class PlaceWatch {
  readonly place: LabPlace;
  readonly records: PcapRecord[] = [];
  tracing = '';
  readonly #reader = new PcapReader();
  readonly #tcpdump: Watcher;
  readonly #nft: Watcher;
  #stderr = '';

  constructor(namespaces: Namespaces, place: LabPlace) {
    this.place = place;
    const start = (words: readonly string[]): ChildProcess => {
      const [file, ...args] = namespaces.watcher(place, ['timeout', longestRunSeconds, ...words]);
      return spawn(file, args, { env: namespaces.environment(place), stdio: ['pipe', 'pipe', 'pipe'] });
    };
    const cooked = ['-y', 'LINUX_SLL2', '-i', 'any'];
    const live = ['-n', '-U', '--immediate-mode', '-s', snapshotBytes, '-w', '-'];
    this.#tcpdump = new Watcher(start(['tcpdump', ...cooked, ...live, 'not tcp']));
    this.#tcpdump.child.stdout?.on('data', (chunk: Buffer) => this.records.push(...this.#reader.push(chunk)));
    this.#tcpdump.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr += text;
      if (this.#stderr.includes('listening on')) this.#tcpdump.begin();
    });
    this.#nft = new Watcher(start(['nft', '--interactive']));
    this.#nft.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.tracing += text;
      if (this.tracing.includes(tracingReady)) this.#nft.begin();
    });
    this.#nft.child.stderr?.resume();
    this.#nft.child.stdin?.on('error', () => undefined).write(tracingScript);
  }

  /** The reason why tcpdump does not work here; undefined if it does. */
  get trouble(): string | undefined {
    if (this.#tcpdump.hasBegun) return this.#reader.trouble;
    if (/tcpdump.*(?:No such file|not found)/i.test(this.#stderr)) return 'tcpdump is not installed';
    const said = this.#stderr
      .split('\n')
      .filter((line) => line !== '' && !line.includes('data link type'))
      .at(-1);
    return `tcpdump does not start in ${this.place.name}${said === undefined ? '' : `: ${said.replace(/^tcpdump: /, '')}`}`;
  }

  async begun(): Promise<void> {
    await Promise.all([this.#tcpdump.begun, this.#nft.begun]);
  }

  async end(): Promise<void> {
    await Promise.all([this.#tcpdump.end(), this.#nft.end()]);
  }
}

/** A program that begins to watch, or ends because it cannot. */
class Watcher {
  readonly child: ChildProcess;
  readonly begun: Promise<void>;
  hasBegun = false;
  readonly #closed: Promise<void>;
  #resolve: () => void = () => undefined;

  constructor(child: ChildProcess) {
    this.child = child;
    this.begun = new Promise((resolve) => {
      const timer = setTimeout(resolve, startMs);
      this.#resolve = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#closed = new Promise((resolve) => {
      const close = (): void => {
        this.#resolve();
        resolve();
      };
      child.on('close', close).on('error', close);
    });
  }

  begin(): void {
    this.hasBegun = true;
    this.#resolve();
  }

  /** Ends the program and waits until its output is read. */
  async end(): Promise<void> {
    // The program itself ends with its parent, nsenter.
    this.child.kill('SIGTERM');
    await this.#closed;
  }
}
