import type { Span } from '../../diagnostic/source.ts';
import { refuseSplit } from './blanks.ts';
import { NotUnderstood } from './not-understood.ts';

const spaces = ' \t\n';

/**
 * Joins the parts of a word to fields: what is quoted, or written as it is, continues a field; the result of an expansion is split at
 * the characters of IFS (POSIX.1-2017, XCU 2.6.5).
 */
export class FieldList {
  readonly fields: string[] = [];
  /** The field that is being made; undefined between two. */
  #current: string | undefined = undefined;
  #lastDelimiter: 'none' | 'space' | 'other' = 'none';
  #bracketOpen = false;
  /** The value of IFS. */
  readonly separators: string;
  readonly #span: Span;

  constructor(separators: string, span: Span) {
    this.separators = separators;
    this.#span = span;
  }

  addQuoted(text: string): void {
    this.#current = (this.#current ?? '') + text;
    this.#lastDelimiter = 'none';
  }

  addLiteral(text: string): void {
    this.#refusePattern(text);
    this.addQuoted(text);
  }

  addExpansion(text: string): void {
    this.#refusePattern(text);
    if (text.includes('\\')) throw new NotUnderstood(this.#span, 'an unquoted value has a backslash');
    refuseSplit(this.#span, text, this.separators);
    if (!this.#hasSeparator(text)) {
      if (text !== '') this.addQuoted(text);
      return;
    }
    for (const character of text) {
      if (!this.separators.includes(character)) this.addQuoted(character);
      else if (spaces.includes(character)) this.#endAtSpace();
      else this.#endAtOther();
    }
  }

  /** Ends a field that is whole, as between the parameters of `"$@"`. */
  endField(): void {
    if (this.#current !== undefined) this.fields.push(this.#current);
    this.#current = undefined;
    this.#bracketOpen = false;
  }

  #endAtSpace(): void {
    if (this.#current === undefined) return;
    this.endField();
    this.#lastDelimiter = 'space';
  }

  #endAtOther(): void {
    if (this.#current !== undefined) this.endField();
    else if (this.#lastDelimiter !== 'space') this.fields.push('');
    this.#lastDelimiter = 'other';
  }

  #hasSeparator(text: string): boolean {
    for (let at = 0; at < this.separators.length; at += 1) {
      if (text.includes(this.separators.charAt(at))) return true;
    }
    return false;
  }

  /** Refuses what the shell would look for among the names of files. */
  #refusePattern(text: string): void {
    if (/[*?]/.test(text) || (this.#bracketOpen && text.includes(']')) || /\[[^]*\]/.test(text)) {
      throw new NotUnderstood(this.#span, 'an unquoted word could be a pattern for file names');
    }
    this.#bracketOpen ||= text.includes('[');
  }
}
