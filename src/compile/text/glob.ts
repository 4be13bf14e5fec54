import type { Span } from '../../diagnostic/source.ts';
import { refuseBlanks, refuseSplit, withoutBlanks } from './blanks.ts';
import { NotUnderstood } from './not-understood.ts';

/** One piece of a pattern. */
type GlobPiece =
  | { readonly kind: 'character'; readonly character: string }
  | { readonly kind: 'any' }
  | { readonly kind: 'star' }
  | {
      readonly kind: 'set';
      readonly negated: boolean;
      readonly ranges: readonly (readonly [string, string])[];
    };

/** A pattern of `case` or of `${NAME%…}`. */
export class GlobPattern {
  readonly #pieces: GlobPiece[] = [];
  readonly #span: Span;

  constructor(span: Span) {
    this.#span = span;
  }

  /** Adds text that stands for itself. */
  addQuoted(text: string): void {
    refuseBlanks(this.#span, text);
    for (const character of text) this.#pieces.push({ kind: 'character', character });
  }

  /** Adds text in which `*`, `?` and `[…]` have their meaning. */
  addPattern(text: string): void {
    refuseBlanks(this.#span, text);
    if (text.includes('\\'))
      throw new NotUnderstood(this.#span, 'a pattern has a backslash that is the result of an expansion');
    for (let at = 0; at < text.length; at += 1) {
      const character = text.charAt(at);
      if (character === '*') this.#pieces.push({ kind: 'star' });
      else if (character === '?') this.#pieces.push({ kind: 'any' });
      else if (character === '[') at = this.#addSet(text, at);
      else this.#pieces.push({ kind: 'character', character });
    }
  }

  /** Whether the whole of a text matches. */
  matches(text: string): boolean {
    this.#refuseUnknown(text);
    if (!this.#isLiteral) this.#refuseWide(text);
    return matchPieces(this.#pieces, text);
  }

  /** The text without the shortest or longest beginning that matches. */
  stripStart(text: string, longest: boolean): string {
    const length = this.#findLength(text, longest, (size) => text.slice(0, size));
    return length === undefined ? text : text.slice(length);
  }

  /** The text without the shortest or longest end that matches. */
  stripEnd(text: string, longest: boolean): string {
    const length = this.#findLength(text, longest, (size) => text.slice(text.length - size));
    return length === undefined ? text : text.slice(0, text.length - length);
  }

  #findLength(text: string, longest: boolean, part: (size: number) => string): number | undefined {
    this.#refuseUnknown(text);
    this.#refuseWide(text);
    const sizes = Array.from({ length: text.length + 1 }, (_, size) => (longest ? text.length - size : size));
    return sizes.find((size) => matchPieces(this.#pieces, part(size)));
  }

  get #isLiteral(): boolean {
    return this.#pieces.every(({ kind }) => kind === 'character');
  }

  /** A pattern of stars and of characters that no blank's value has matches whatever the value is. */
  #refuseUnknown(text: string): void {
    let literal = '';
    for (const piece of this.#pieces) {
      if (piece.kind === 'character') literal += piece.character;
      else if (piece.kind !== 'star') refuseBlanks(this.#span, text);
    }
    refuseSplit(this.#span, text, literal);
  }

  /** Shells differ in whether a byte above 127 is a character. */
  #refuseWide(text: string): void {
    const own = this.#pieces.map((piece) => (piece.kind === 'character' ? piece.character : '')).join('');
    if (!isAscii(withoutBlanks(text)) || !isAscii(own))
      throw new NotUnderstood(this.#span, 'a pattern meets characters that are not ASCII');
  }

  /** Adds `[…]`; returns the index of its closing bracket. */
  #addSet(text: string, start: number): number {
    const [whole, negation = '', first = '', rest = ''] =
      /^\[(!?)(\]?)([^\]]*)\]/.exec(text.slice(start)) ?? [];
    const content = first + rest;
    if (whole === undefined || content === '' || /^\^|[[\\/]/.test(content)) {
      throw new NotUnderstood(this.#span, 'shells differ in what this set of characters matches');
    }
    const ranges: (readonly [string, string])[] = [];
    for (const [, from = '', to = from] of content.matchAll(/([^])(?:-([^]))?/g)) ranges.push([from, to]);
    if (/^-|-$/.test(content) || ranges.some(([from, to]) => from > to || !isAscii(from + to))) {
      throw new NotUnderstood(this.#span, 'shells differ in what this set of characters matches');
    }
    this.#pieces.push({ kind: 'set', negated: negation !== '', ranges });
    return start + whole.length - 1;
  }
}

/** Goes back to the last star where a piece does not match, so that the time is at most quadratic. */
function matchPieces(pieces: readonly GlobPiece[], text: string): boolean {
  let piece = 0;
  let at = 0;
  let star: { readonly piece: number; at: number } | undefined;
  while (at < text.length || piece < pieces.length) {
    const current = pieces[piece];
    if (current?.kind === 'star') {
      star = { piece: (piece += 1), at };
    } else if (current !== undefined && at < text.length && matchesOne(current, text.charAt(at))) {
      piece += 1;
      at += 1;
    } else if (star !== undefined && star.at < text.length) {
      star.at += 1;
      piece = star.piece;
      at = star.at;
    } else return false;
  }
  return true;
}

function matchesOne(piece: GlobPiece, character: string): boolean {
  switch (piece.kind) {
    case 'character':
      return piece.character === character;
    case 'any':
      return true;
    case 'star':
      return false;
    case 'set':
      return piece.ranges.some(([from, to]) => from <= character && character <= to) !== piece.negated;
  }
}

export function isAscii(text: string): boolean {
  return /^[\0-\x7f]*$/.test(text);
}
