import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { FaultNode } from './fault-lab.ts';
import { until } from '../../support/until.ts';

/** Two hundred packets a second from a node's pod to another's, until it is ended. */
export class SteadyPing {
  readonly #ping: ChildProcess;
  readonly #answered = new Set<number>();
  #last = 0;

  constructor(from: FaultNode, to: FaultNode) {
    this.#ping = from.spawnInPod(['ping', '-n', '-i', '0.005', to.pod]);
    if (this.#ping.stdout === null) throw new Error('ping has no stdout');
    createInterface({ input: this.#ping.stdout }).on('line', (line) => {
      const sequence = /^\d+ bytes from .* icmp_seq=(\d+)/.exec(line)?.[1];
      if (sequence === undefined) return;
      this.#last = Math.max(this.#last, Number(sequence));
      this.#answered.add(Number(sequence));
    });
  }

  /** Waits until so many more packets were answered. */
  async answers(count: number): Promise<void> {
    const enough = this.#answered.size + count;
    await until(`${count} answers to ping`, () => this.#answered.size >= enough);
  }

  get answered(): number {
    return this.#answered.size;
  }

  /** Ends it. Returns the numbers of the packets that were sent before the last answered one, and never answered. */
  async end(): Promise<readonly number[]> {
    this.#ping.kill('SIGKILL');
    if (this.#ping.exitCode === null && this.#ping.signalCode === null) await once(this.#ping, 'close');
    return Array.from({ length: this.#last }, (_, index) => index + 1).filter(
      (sequence) => !this.#answered.has(sequence),
    );
  }
}
