import type { Readable } from 'node:stream';
import type { TestContext } from 'node:test';

import type { FaultNode } from '../faults/fault-lab.ts';
import { until } from '../../support/until.ts';

/** A ping from one pod to another that goes on while things happen, until its lab or its host is gone. */
export class PodPing {
  #output = '';

  private constructor(stdout: Readable) {
    stdout.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** Sends ten packets a second. Resolves with the first answer. */
  static async start(t: Pick<TestContext, 'after'>, from: FaultNode, to: FaultNode): Promise<PodPing> {
    const child = from.spawnInPod(['ping', '-n', '-i', '0.1', to.pod]);
    t.after(() => child.kill('SIGKILL'));
    if (child.stdout === null) throw new Error('the output of ping is not a pipe');
    return PodPing.read(child.stdout);
  }

  /** Reads the output of a `ping -n`. Resolves with the first answer. */
  static async read(stdout: Readable): Promise<PodPing> {
    const ping = new PodPing(stdout);
    await ping.#answerAfter(0);
    return ping;
  }

  /**
   * The number of packets that were not answered so far. Packets that are on their way get the time until `more` later ones
   * are answered.
   */
  async lost(more = 1): Promise<number> {
    const sent = Math.max(...this.#answered());
    await this.#answerAfter(sent + more - 1);
    const answered = this.#answered().filter((number) => number <= sent);
    return sent - answered.length;
  }

  #answered(): readonly number[] {
    return [...this.#output.matchAll(/icmp_seq=(\d+) ttl=/g)].map(([, number]) => Number(number));
  }

  async #answerAfter(sent: number): Promise<void> {
    await until(
      `the ping to answer after packet ${sent}`,
      () => this.#answered().some((number) => number > sent),
      () => this.#output.slice(-500),
    );
  }
}
