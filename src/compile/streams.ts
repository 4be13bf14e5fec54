import type { Span } from '../diagnostic/source.ts';
import type { CallInput, CallOutput } from './call.ts';
import { NotUnderstood } from './text/not-understood.ts';

/** The text that a command reads. Commands that share it go on where the one before stopped. */
export class Input {
  #rest: string;
  /** Why nobody knows how much of it was read; undefined as long as it is known. */
  #spoiled: string | undefined = undefined;
  readonly #isNull: boolean;

  private constructor(text: string, isNull: boolean) {
    this.#rest = text;
    this.#isNull = isNull;
  }

  static of(text: string): Input {
    return new Input(text, false);
  }

  /** `/dev/null`. */
  static null(): Input {
    return new Input('', true);
  }

  /** Reads a line; `ended` if the text ended before the line did. */
  readLine(span: Span): { readonly line: string; readonly ended: boolean } {
    this.#refuseSpoiled(span);
    const end = this.#rest.indexOf('\n');
    const line = end === -1 ? this.#rest : this.#rest.slice(0, end);
    this.#rest = end === -1 ? '' : this.#rest.slice(end + 1);
    return { line, ended: end === -1 };
  }

  readAll(span: Span): string {
    this.#refuseSpoiled(span);
    const text = this.#rest;
    this.#rest = '';
    return text;
  }

  /** The input that a program finds there. */
  forCall(span: Span): CallInput {
    this.#refuseSpoiled(span);
    return this.#isNull ? { kind: 'null' } : { kind: 'text', text: this.#rest };
  }

  /** From now on it is not known how much is left. A text that is at its end stays there. */
  spoil(because: string): void {
    if (this.#rest !== '') this.#spoiled ??= because;
  }

  get length(): number {
    return this.#rest.length;
  }

  #refuseSpoiled(span: Span): void {
    if (this.#spoiled !== undefined) throw new NotUnderstood(span, this.#spoiled);
  }
}

/** Collects the output of a command substitution, or of a command that is before a `|`. */
export class CapturedOutput {
  text = '';
}

export type Output = CallOutput | CapturedOutput;

/** Where a command reads and writes. */
export interface Streams {
  readonly input: Input;
  readonly output: Output;
  readonly errors: Output;
}
