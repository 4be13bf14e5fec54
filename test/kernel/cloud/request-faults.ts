import type { CloudAnswer, CloudCall } from './cloud.ts';

/** Calls that get an answer that is not the cloud's own. */
interface Fault {
  /** How many of its calls pass before the fault. */
  pass: number;
  left: number;
  readonly answer: CloudAnswer;
  readonly fits: (call: CloudCall) => boolean;
}

/** The calls that a test has a cloud refuse: so many of the next ones, and routes beyond a limit. */
export class RequestFaults {
  /** The number of routes that a table may have, besides those that came with it. */
  limit = 50;
  #fault: Fault | undefined;

  /** Refuses the next calls that fit with this answer. */
  refuse(calls: number, answer: CloudAnswer, fits: (call: CloudCall) => boolean = () => true): void {
    this.#fault = { pass: 0, left: calls, answer, fits };
  }

  /** Answers calls that only read with this text, as a success: `calls` of them, after `pass` others; with a name, only calls of this name. */
  garble(
    body: string,
    {
      calls = Infinity,
      pass = 0,
      name,
    }: { readonly calls?: number; readonly pass?: number; readonly name?: string } = {},
  ): void {
    const fits = (call: CloudCall) => !call.writes && (name ?? call.name) === call.name;
    this.#fault = { pass, left: calls, answer: { status: 200, body }, fits };
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
