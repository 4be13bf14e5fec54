import type { ChildProcess } from 'node:child_process';
import type { TestContext } from 'node:test';

import type { FaultNode } from '../faults/fault-lab.ts';
import { until } from '../../support/until.ts';

/** A ping from one pod to another, ten a second, that goes on while things happen, until its lab is gone. */
export class PodPing {
  #output = '';

  private constructor(child: ChildProcess) {
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.#output += text));
  }

  /** Resolves once the first answer has come. */
  static async start(t: Pick<TestContext, 'after'>, from: FaultNode, to: FaultNode): Promise<PodPing> {
    const child = from.spawnInPod(['ping', '-n', '-i', '0.1', to.pod]);
    t.after(() => child.kill('SIGKILL'));
    const ping = new PodPing(child);
    await ping.#answerAfter(0);
    return ping;
  }

  /** How many packets had no answer so far; those that are on their way get the time until another is answered. */
  async lost(): Promise<number> {
    const sent = Math.max(...this.#answered());
    await this.#answerAfter(sent);
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
