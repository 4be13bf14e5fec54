import type { CloudAnswer, CloudCall } from './cloud.ts';

/** Calls that get an answer that is not the cloud's own. */
interface Fault {
  /** How many of its calls pass before the fault. */
  pass: number;
  left: number;
  readonly answer: CloudAnswer;
  readonly fits: (call: CloudCall) => boolean;
}

/** What a test has a cloud refuse: so many of the next calls, and routes beyond a limit. */
export class RequestFaults {
  /** The number of routes that a table may have, besides those that came with it. */
  limit = 50;
  #fault: Fault | undefined;

  /** Refuses the next calls with this answer. */
  refuse(calls: number, answer: CloudAnswer): void {
    this.#fault = { pass: 0, left: calls, answer, fits: () => true };
  }

  /** Answers calls that only read with this text, as a success: `calls` of them, after `pass` others. */
  garble(body: string, { calls = Infinity, pass = 0 } = {}): void {
    this.#fault = { pass, left: calls, answer: { status: 200, body }, fits: ({ writes }) => !writes };
  }

  end(): void {
    this.#fault = undefined;
  }

  /** The wrong answer to a call that comes now; undefined if it gets the right one. */
  answerTo(call: CloudCall): CloudAnswer | undefined {
    const fault = this.#fault;
    if (fault === undefined || fault.left === 0 || !fault.fits(call)) return undefined;
    if (fault.pass > 0) {
      fault.pass -= 1;
      return undefined;
    }
    fault.left -= 1;
    return fault.answer;
  }
}
/** The error of a call, with a code of the API. */
export class Refusal extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
