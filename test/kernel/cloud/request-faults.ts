import type { CloudAnswer } from './cloud.ts';

/** What a test has a cloud refuse: so many of the next calls, and routes beyond a limit. */
export class RequestFaults {
  /** The number of routes that a table may have, besides those that came with it. */
  limit = 50;
  #left = 0;
  #answer: CloudAnswer = { status: 500, body: '' };

  /** Refuses the next calls with this answer. */
  refuse(calls: number, answer: CloudAnswer): void {
    this.#left = calls;
    this.#answer = answer;
  }

  /** The refusal of a call that comes now; undefined if it is not refused. */
  next(): CloudAnswer | undefined {
    if (this.#left === 0) return undefined;
    this.#left -= 1;
    return this.#answer;
  }
}
