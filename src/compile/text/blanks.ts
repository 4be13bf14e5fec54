import type { Span } from '../../diagnostic/source.ts';
import { NotUnderstood } from './not-understood.ts';

/*
 * A blank is a character that stands for a value which is filled in later, so that one evaluation of a script holds for many peers. It is
 * of Unicode's private use area, which a shell never treats in a way of its own. A text with blanks can be joined to others and passed on.
 * Whatever looks into it, to compare or to cut it for example, has to refuse it first.
 *
 * A blank of the first half of the area stands for a value without a slash. A subnet is two of them, with a slash between, so that a script
 * can cut it there.
 */

const firstCode = 0xe000;
const firstWideCode = 0xf000;

const anyBlank = /[\ue000-\uf8ff]/;
const eachBlank = /([\ue000-\uf8ff])/;
/** The blanks whose values may have a slash. */
const wideBlank = /[\uf000-\uf8ff]/;

/**
 * The values that one blank can stand for: they are not empty, no shell splits, expands or unquotes them, and a word that begins with one is
 * neither an option nor an operator.
 */
const plainValue = /^[A-Za-z0-9_./:@%+,][A-Za-z0-9_./:@%+=,-]*$/;
/** A character of {@link plainValue}, except the slash. */
const plainCharacter = /[A-Za-z0-9_.:@%+=,-]/;

/** The blank that stands for a whole standard input. It can be of any form, so it can only be passed on to a program. */
export const wholeInput = String.fromCharCode(firstCode);

/** A place of a script where only the value of a blank says how it goes on. */
export class BlankRead extends NotUnderstood {
  readonly indexes: readonly number[];

  constructor(span: Span, texts: readonly string[]) {
    super(span, 'a character of the private use area is looked at');
    this.indexes = texts.flatMap((text) =>
      Array.from(text)
        .filter((character) => anyBlank.test(character))
        .map(indexOf),
    );
  }
}

/** The blank for a value of this index. A wide one can have a slash. */
function blankOf(index: number, width: 'narrow' | 'wide'): string {
  return String.fromCharCode((width === 'wide' ? firstWideCode : firstCode) + index);
}

function indexOf(blank: string): number {
  const code = blank.charCodeAt(0);
  return code - (code < firstWideCode ? firstCode : firstWideCode);
}

export function hasBlank(text: string): boolean {
  return anyBlank.test(text);
}

/** Whether a text begins with a blank, so that it is not an operator. */
export function beginsWithBlank(text: string): boolean {
  return anyBlank.test(text.charAt(0));
}

/** The form of a value that blanks can stand for: one without a slash, one with a slash in its middle, or any other. */
export type Shape = 'narrow' | 'subnet' | 'wide';

/** The shape of a value; undefined if no blank can stand for it. */
export function shapeOf(value: string): Shape | undefined {
  if (!plainValue.test(value)) return undefined;
  const slash = value.indexOf('/');
  if (slash === -1) return 'narrow';
  const isSubnet = slash > 0 && slash === value.lastIndexOf('/') && plainValue.test(value.slice(slash + 1));
  return isSubnet ? 'subnet' : 'wide';
}

/** Adds the parts of a value of a shape to the values of blanks. */
export function addParts(values: string[], value: string, shape: Shape): void {
  if (shape === 'subnet') values.push(...value.split('/'));
  else values.push(value);
}

/** The blanks for a value of a shape, the first one of which has the index. */
export function blanksOf(index: number, shape: Shape): string {
  return shape === 'subnet'
    ? `${blankOf(index, 'narrow')}/${blankOf(index + 1, 'narrow')}`
    : blankOf(index, shape);
}

/** Throws a {@link BlankRead} if one of the texts, which are about to be looked into, has a blank. */
export function refuseBlanks(span: Span, ...texts: readonly string[]): void {
  if (texts.some((text) => anyBlank.test(text))) throw new BlankRead(span, texts);
}

/** Throws a {@link BlankRead} if a text that is about to be split has a blank whose value could have one of the separators. */
export function refuseSplit(span: Span, text: string, separators: string): void {
  if (plainCharacter.test(separators) || (separators.includes('/') && wideBlank.test(text)))
    refuseBlanks(span, text);
}

/** The text without its blanks. */
export function withoutBlanks(text: string): string {
  return anyBlank.test(text) ? text.replace(/[\ue000-\uf8ff]/g, '') : text;
}

/** A text with its blanks: the plain text, or its pieces, with a number for each blank. */
export type TextForm = string | readonly (string | number)[];

export function blankForm(text: string): TextForm {
  if (!anyBlank.test(text)) return text;
  return text
    .split(eachBlank)
    .filter((piece) => piece !== '')
    .map((piece) => (anyBlank.test(piece) ? indexOf(piece) : piece));
}

/** The text with a value in place of each blank. */
export function fillText(form: TextForm, values: readonly string[]): string {
  if (typeof form === 'string') return form;
  let text = '';
  for (const piece of form) text += typeof piece === 'string' ? piece : (values[piece] ?? '');
  return text;
}
