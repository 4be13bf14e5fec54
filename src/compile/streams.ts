import type { Span } from '../diagnostic/source.ts';
import type { CallInput, CallOutput } from './call.ts';
import { BlankRead, wholeInput } from './text/blanks.ts';
import { NotUnderstood } from './text/not-understood.ts';

/** The place that a command reads from. Commands that share it go on where the one before stopped. */
export class Input {
  readonly text: string;
  readonly isNull: boolean;

  private constructor(text: string, isNull: boolean) {
    this.text = text;
    this.isNull = isNull;
  }

  static of(text: string): Input {
    return new Input(text, false);
  }

  /** `/dev/null`. */
  static null(): Input {
    return new Input('', true);
  }
}

/** The rest of an input. */
interface Rest {
  readonly text: string;
  /** Why nobody knows how much of it was read; undefined as long as it is known. */
  readonly spoiled: string | undefined;
}

/** The rest of each input, at one place of a script. */
export class Inputs {
  /** The inputs of which something was read. The map never changes, so that clones can share it. */
  #rests: ReadonlyMap<Input, Rest>;

  constructor(rests: ReadonlyMap<Input, Rest> = noRests) {
    this.#rests = rests;
  }

  clone(): Inputs {
    return new Inputs(this.#rests);
  }

  /** Whether as much is left of each input. */
  equals(other: Inputs): boolean {
    if (this.#rests === other.#rests) return true;
    if (this.#rests.size !== other.#rests.size) return false;
    for (const [input, { text, spoiled }] of this.#rests) {
      const rest = other.#rests.get(input);
      if (rest?.text !== text || rest.spoiled !== spoiled) return false;
    }
    return true;
  }

  /** Reads a line; `ended` if the text ended before the line did. */
  readLine(input: Input, span: Span): { readonly line: string; readonly ended: boolean } {
    const text = this.#readable(input, span);
    const end = text.indexOf('\n');
    const rest = end === -1 ? '' : text.slice(end + 1);
    this.#set(input, { text: rest, spoiled: undefined });
    return { line: end === -1 ? text : text.slice(0, end), ended: end === -1 };
  }

  readAll(input: Input, span: Span): string {
    const text = this.#readable(input, span);
    this.#set(input, { text: '', spoiled: undefined });
    return text;
  }

  /** The input that a program finds there. */
  forCall(input: Input, span: Span): CallInput {
    const text = this.#known(input, span);
    return input.isNull ? { kind: 'null' } : { kind: 'text', text };
  }

  /** From now on it is not known how much is left. A text that is at its end stays there. */
  spoil(input: Input, because: string): void {
    const { text, spoiled = because } = this.#restOf(input);
    if (text !== '') this.#set(input, { text, spoiled });
  }

  lengthOf(input: Input): number {
    return this.#restOf(input).text.length;
  }

  #set(input: Input, rest: Rest): void {
    this.#rests = new Map(this.#rests).set(input, rest);
  }

  /** A text that the script itself reads. */
  #readable(input: Input, span: Span): string {
    const text = this.#known(input, span);
    if (text.includes(wholeInput)) throw new BlankRead(span, [text]);
    return text;
  }

  #known(input: Input, span: Span): string {
    const { text, spoiled } = this.#restOf(input);
    if (spoiled !== undefined) throw new NotUnderstood(span, spoiled);
    return text;
  }

  #restOf(input: Input): Rest {
    return this.#rests.get(input) ?? { text: input.text, spoiled: undefined };
  }
}

const noRests: ReadonlyMap<Input, Rest> = new Map();

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
