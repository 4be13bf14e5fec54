import type { Span } from '../../diagnostic/source.ts';

/** The place beyond which a script cannot be read. */
export class ShellFault extends Error {
  readonly span: Span;

  constructor(span: Span) {
    super('the script cannot be read');
    this.span = span;
  }
}

/** Deeper than any script; keeps a hostile one from exhausting the stack. */
const deepestNesting = 100;

/** A place in a text that is being read. The text may be a part of a script: then spans are still the script's. */
export class ScriptCursor {
  readonly text: string;
  at = 0;
  readonly #offsetOf: (index: number) => number;
  #depth: number;

  constructor(text: string, offsetOf: (index: number) => number = (index) => index, depth = 0) {
    this.text = text;
    this.#offsetOf = offsetOf;
    this.#depth = depth;
  }

  get ended(): boolean {
    return this.at >= this.text.length;
  }

  sees(token: string): boolean {
    return this.text.startsWith(token, this.at);
  }

  /** Matches a sticky pattern here. */
  match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.at;
    return pattern.exec(this.text)?.[0];
  }

  /** Passes over a token, if it is the next. */
  take(token: string): boolean {
    if (!this.sees(token)) return false;
    this.at += token.length;
    return true;
  }

  span(from: number, to: number = this.at): Span {
    const offset = this.#offsetOf(from);
    return { offset, length: to > from ? this.#offsetOf(to - 1) + 1 - offset : 0 };
  }

  /** A fault from `from` on: an operator or a character, unless `to` is given. */
  fault(from: number, to?: number): ShellFault {
    const operator = /^(?:&&|\|\||;;|<<|>>)/.exec(this.text.slice(from, from + 2))?.[0];
    return new ShellFault(this.span(from, to ?? Math.min(from + (operator?.length ?? 1), this.text.length)));
  }

  /** A cursor for a stretch of this text. */
  stretch(from: number, to: number): ScriptCursor {
    return new ScriptCursor(this.text.slice(from, to), (index) => this.#offsetOf(from + index), this.#depth);
  }

  /** A cursor for a text made of this one, each character of it from the index that `origins` says. */
  derived(text: string, origins: readonly number[]): ScriptCursor {
    return new ScriptCursor(text, (index) => this.#offsetOf(origins[index] ?? this.text.length), this.#depth);
  }

  /** Reads something that may hold others of its kind. */
  nested<T>(read: () => T): T {
    if (this.#depth >= deepestNesting) throw this.fault(this.at);
    this.#depth += 1;
    const result = read();
    this.#depth -= 1;
    return result;
  }
}
