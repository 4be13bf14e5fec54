import { createScanner } from 'jsonc-parser';

/** A comment before a token. JSON does not allow any. */
export interface Comment {
  readonly offset: number;
  readonly end: number;
  readonly isClosed: boolean;
}

export type Punctuation = '{' | '}' | '[' | ']' | ',' | ':';

/** The shape of a token. A `word` is anything that JSON does not have, up to the next blank, bracket, comma, colon or quotation mark. */
type Shape =
  | { readonly kind: Punctuation | 'word' | 'end' }
  /** `isClosed`: whether its closing quotation mark is on the same line. `value`: undefined if its content is wrong. */
  | { readonly kind: 'string'; readonly isClosed: boolean; readonly value: string | undefined }
  /** `isWhole`: false for a number such as `1.`. */
  | { readonly kind: 'number'; readonly isWhole: boolean }
  | { readonly kind: 'literal'; readonly value: boolean | null };

export type Token = Shape & {
  readonly offset: number;
  readonly end: number;
  readonly comments: readonly Comment[];
};

type Scanner = ReturnType<typeof createScanner>;

// jsonc-parser exports its token kinds as a `const enum`, which a file that is compiled alone cannot read.
const kinds: Readonly<Record<number, Punctuation>> = { 1: '{', 2: '}', 3: '[', 4: ']', 5: ',', 6: ':' };
const nullKeyword = 7;
const trueKeyword = 8;
const falseKeyword = 9;
const stringLiteral = 10;
const numericLiteral = 11;
const lineComment = 12;
const blockComment = 13;
const lineBreak = 14;
const blank = 15;
const unknown = 16;
const endOfText = 17;
const unclosedComment = 1;
const unclosedString = 2;
const unclosedNumber = 3;

/** The tokens of a JSON text. A repair may read the same text again from another offset. */
export class Tokens {
  readonly text: string;
  readonly #scanner: Scanner;
  readonly #read = new Map<number, Token>();

  constructor(text: string) {
    this.text = text;
    this.#scanner = createScanner(text, false);
  }

  /** Reads the first token at or after an offset that is between two tokens. */
  at(offset: number): Token {
    const known = this.#read.get(offset);
    if (known !== undefined) return known;
    const token = this.#scan(offset);
    this.#read.set(offset, token);
    return token;
  }

  #scan(from: number): Token {
    const scanner = this.#scanner;
    const comments: Comment[] = [];
    scanner.setPosition(from);
    for (;;) {
      const kind: number = scanner.scan();
      const offset = scanner.getTokenOffset();
      const end = Math.min(scanner.getPosition(), this.text.length);
      if (kind === blank || kind === lineBreak) continue;
      if (kind === lineComment || kind === blockComment) {
        const error: number = scanner.getTokenError();
        comments.push({ offset, end, isClosed: error !== unclosedComment });
        continue;
      }
      return { ...this.#shape(kind, end), offset, comments };
    }
  }

  #shape(kind: number, end: number): Shape & { readonly end: number } {
    const punctuation = kinds[kind];
    if (punctuation !== undefined) return { kind: punctuation, end };
    const error: number = this.#scanner.getTokenError();
    if (kind === endOfText) return { kind: 'end', end };
    if (kind === stringLiteral) {
      const value = error === 0 ? this.#scanner.getTokenValue() : undefined;
      return { kind: 'string', isClosed: error !== unclosedString, value, end };
    }
    const wordEnd = this.#endOfWord(end);
    if (wordEnd !== end || kind === unknown) return { kind: 'word', end: wordEnd };
    if (kind === numericLiteral) return { kind: 'number', isWhole: error !== unclosedNumber, end };
    return { kind: 'literal', value: kind === nullKeyword ? null : kind === trueKeyword, end };
  }

  /** Words that stand together without a blank, such as the parts of `10.50.0.0/16`, are one. */
  #endOfWord(from: number): number {
    const scanner = this.#scanner;
    for (let end = from; ; end = scanner.getPosition()) {
      const kind: number = scanner.scan();
      const isPart =
        kind === unknown ||
        kind === numericLiteral ||
        kind === nullKeyword ||
        kind === trueKeyword ||
        kind === falseKeyword;
      if (!isPart) return end;
    }
  }
}

/** Whether only blanks stand before an offset on its line. */
export function isFirstOnLine(text: string, offset: number): boolean {
  return /(?:^|\n)[ \t]*$/.test(text.slice(Math.max(0, startOfLine(text, offset) - 1), offset));
}

/** The number of blanks at the start of the line of an offset. */
export function indentAt(text: string, offset: number): number {
  const start = startOfLine(text, offset);
  let at = start;
  while (text[at] === ' ' || text[at] === '\t') at += 1;
  return at - start;
}

function startOfLine(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** The offset of the line break after an offset, or of the end of the text. */
export function endOfLine(text: string, offset: number): number {
  const [rest] = /[^\r\n]*/.exec(text.slice(offset, offset + 100_000)) ?? [''];
  return offset + rest.length;
}
