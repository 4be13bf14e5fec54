import { RE2JS, RE2JSException } from 're2js';
import { judgeBacktracking } from './backtracking.ts';
import { splitPattern, UnsupportedPatternError, type PatternToken } from './tokens.ts';

/** A pattern that the whole of a text must match. Its time to match grows as the length of the text, and no faster. */
export interface ValuePattern {
  /** The regular expression, anchored at both ends. */
  readonly source: string;
  test(text: string): boolean;
  /** For messages: `/^(?:[0-9]+)$/u`. */
  toString(): string;
}

/** A compiled pattern, or the reason why it cannot be used. */
type CompiledPattern =
  | {
      readonly kind: 'compiled';
      readonly pattern: ValuePattern;
      /** Whether an engine that backtracks would take exponential time. */
      readonly isExponential: boolean;
    }
  /** The text is not a regular expression. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The pattern has a part that cannot be matched in linear time. */
  | { readonly kind: 'unsupported'; readonly what: string };

/**
 * Compiles a pattern of a recipe: a JavaScript regular expression that the whole of a text must match. Other machines write the text, so
 * JavaScript's own engine gets only those patterns for which it is fast whatever the text; RE2 gets all others.
 */
export function compilePattern(pattern: string): CompiledPattern {
  try {
    // Alone first: `a)|(?:b` would be well formed between the brackets, and anchored at neither end.
    const alone = new RegExp(pattern, 'u');
    const tokens = splitPattern(pattern);
    const anchored = new RegExp(`^(?:${alone.source})$`, 'u');
    const backtracking = judgeBacktracking(tokens);
    return {
      kind: 'compiled',
      pattern: backtracking === 'linear' ? anchored : new Re2Pattern(anchored, tokens),
      isExponential: backtracking === 'exponential',
    };
  } catch (error) {
    if (error instanceof SyntaxError) {
      return { kind: 'refused', reason: error.message.slice(error.message.lastIndexOf(': ') + 2) };
    }
    if (error instanceof UnsupportedPatternError) return { kind: 'unsupported', what: error.message };
    if (error instanceof RE2JSException) {
      return { kind: 'unsupported', what: error.message.replace(/^error parsing regexp: /, '') };
    }
    throw error;
  }
}

/** A pattern that RE2 matches. */
class Re2Pattern implements ValuePattern {
  readonly source: string;
  readonly #text: string;
  readonly #compiled: RE2JS;

  constructor(anchored: RegExp, tokens: readonly PatternToken[]) {
    this.source = anchored.source;
    this.#text = String(anchored);
    this.#compiled = RE2JS.compile(tokens.map(translate).join(''));
  }

  test(text: string): boolean {
    return this.#compiled.testExact(text);
  }

  toString(): string {
    return this.#text;
  }
}

function translate(token: PatternToken): string {
  switch (token.kind) {
    case 'open':
      return '(?:';
    case 'close':
      return ')';
    case 'or':
      return '|';
    case 'character':
    case 'assertion':
    case 'repeat':
      return token.re2;
  }
}
