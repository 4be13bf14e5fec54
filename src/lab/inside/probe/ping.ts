import { spawn, type ChildProcess } from 'node:child_process';
import { Changes } from '../changes.ts';

/** The time between two packets, in seconds. */
const interval = '0.01';

/** A ping from a pod that goes on while something happens to a node. */
export class Ping {
  readonly #child: ChildProcess;
  readonly #changes = new Changes();
  readonly #received = new Set<number>();
  #last = 0;
  #lostBefore = 0;
  #ended = false;

  constructor(pod: string, address: string) {
    this.#child = spawn('ip', ['netns', 'exec', pod, 'ping', '-n', '-i', interval, address], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: { ...process.env, LC_ALL: 'C' },
    });
    let text = '';
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const lines = text.split('\n');
      text = lines.pop() ?? '';
      for (const line of lines) this.#note(line);
    });
    const end = (): void => {
      this.#ended = true;
      this.#changes.notify();
    };
    this.#child.on('error', end).on('exit', end);
  }

  #note(line: string): void {
    const [, sequence] = /\b(?:icmp_)?seq=(\d+)\b.*\btime=/.exec(line) ?? [];
    if (sequence === undefined) return;
    this.#last = Math.max(this.#last, Number(sequence));
    this.#received.add(Number(sequence));
    this.#changes.notify();
  }

  /** Waits for an answer to a packet that is sent from now on. Returns whether it came. */
  async isAnswered(withinMs: number): Promise<boolean> {
    // Two more, because the first one may have been on its way already.
    const wanted = this.#received.size + 2;
    await this.#changes.until(() => this.#received.size >= wanted || this.#ended, withinMs);
    return this.#received.size >= wanted;
  }

  /** The greatest number of a packet that was answered, from 1. */
  get sent(): number {
    return this.#last;
  }

  /** The packets up to the last answer that were not answered, since the count began. */
  get lost(): number {
    return this.#last - this.#received.size - this.#lostBefore;
  }

  /** Counts lost packets from the last answer on: packets from before the way was there say nothing about what happens next. */
  beginCount(): void {
    this.#lostBefore += this.lost;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
