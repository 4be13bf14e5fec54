import type { Span } from '../../diagnostic/source.ts';
import { refuseBlanks, refuseSplit } from './blanks.ts';
import { isAscii } from './glob.ts';
import { NotUnderstood } from './not-understood.ts';

/** A program that only changes the text that it reads. */
type TextFilter = (words: readonly string[], text: string, span: Span) => string;

export const textFilters: Readonly<Record<string, TextFilter>> = {
  cat: (words, text, span) => {
    if (words.length > 0 && !(words.length === 1 && words[0] === '-'))
      throw new NotUnderstood(span, 'cat reads a file');
    return text;
  },
  cut: cutLines,
  tr: translate,
};

function cutLines(words: readonly string[], text: string, span: Span): string {
  const { list, delimiter } = readCutOptions(words, span);
  const wanted = readRange(list, span);
  if (delimiter === undefined) refuseBlanks(span, text);
  else refuseSplit(span, text, delimiter);
  if (delimiter === undefined && !isAscii(text))
    throw new NotUnderstood(span, 'cut counts characters that are not ASCII');
  return mapLines(text, (line) => {
    const parts = delimiter === undefined ? Array.from(line) : line.split(delimiter);
    if (delimiter !== undefined && parts.length === 1) return line;
    return parts.filter((_, index) => wanted(index + 1)).join(delimiter ?? '');
  });
}

/** Reads `-d: -f1`, `-d : -f 2-`, `-c 1-3`; without a delimiter, characters are counted. */
function readCutOptions(
  words: readonly string[],
  span: Span,
): { readonly list: string; readonly delimiter: string | undefined } {
  const options = new Map<string, string>();
  for (let at = 0; at < words.length; at += 1) {
    const [, letter = '', attached = ''] = /^-([dfcb])([^]*)$/.exec(words[at] ?? '') ?? [];
    const value = attached === '' ? words[(at += 1)] : attached;
    if (letter === '' || value === undefined || options.has(letter)) {
      throw new NotUnderstood(span, 'these options of cut are not evaluated');
    }
    options.set(letter, value);
  }
  const characters = options.get('c') ?? options.get('b');
  const list = options.get('f') ?? characters ?? '';
  const delimiter = options.get('d') ?? (characters === undefined ? '\t' : undefined);
  const isMixed = options.has('f') === (characters !== undefined) || (options.has('c') && options.has('b'));
  if (isMixed || (characters !== undefined && delimiter !== undefined)) {
    throw new NotUnderstood(span, 'these options of cut are not evaluated');
  }
  if (delimiter !== undefined && (delimiter.length !== 1 || !isAscii(delimiter))) {
    throw new NotUnderstood(span, 'the delimiter of cut is not one ASCII character');
  }
  return { list, delimiter };
}

/** A list as of `cut -f`: `1`, `2-4`, `3-`, `-2`. BusyBox prints other separators than GNU where it has several parts. */
function readRange(list: string, span: Span): (place: number) => boolean {
  const [, from, dash, to] = /^([1-9]\d{0,5})?(-)?([1-9]\d{0,5})?$/.exec(list) ?? [];
  const first = from === undefined ? 1 : Number(from);
  const last = to !== undefined ? Number(to) : dash === undefined ? first : Infinity;
  if ((from === undefined && to === undefined) || first > last) {
    throw new NotUnderstood(span, 'this list of cut is not evaluated');
  }
  return (place) => first <= place && place <= last;
}

function translate(words: readonly string[], text: string, span: Span): string {
  refuseBlanks(span, text, ...words);
  const options = words[0]?.startsWith('-') === true ? words[0] : '';
  const sets = words.slice(options === '' ? 0 : 1).map((set) => readSet(set, span));
  const [from, to] = sets;
  if (!isAscii(text) || from === undefined) throw new NotUnderstood(span, 'this use of tr is not evaluated');
  if (options === '-d' && sets.length === 1)
    return Array.from(text)
      .filter((character) => !from.includes(character))
      .join('');
  const last = to?.at(-1);
  if (options !== '' || sets.length !== 2 || to === undefined || last === undefined) {
    throw new NotUnderstood(span, 'this use of tr is not evaluated');
  }
  // GNU and BusyBox repeat the last character of a second set that is shorter.
  return Array.from(text)
    .map((character) => {
      const place = from.lastIndexOf(character);
      return place === -1 ? character : (to[place] ?? last);
    })
    .join('');
}

/** A set of `tr`: characters and ranges. Classes and escapes but `\n` and `\t` are left to the program. */
function readSet(set: string, span: Span): readonly string[] {
  if (set === '' || !isAscii(set) || /[[\]]|\\(?![nt])/.test(set)) {
    throw new NotUnderstood(span, 'this set of tr is not evaluated');
  }
  const characters: string[] = [];
  const plain = set.replace(/\\n/g, '\n').replace(/\\t/g, '\t');
  for (const [, from = '', to] of plain.matchAll(/([^])(?:-([^]))?/g)) {
    if (to === undefined) characters.push(from);
    else {
      if (from > to || from === '-') throw new NotUnderstood(span, 'this set of tr is not evaluated');
      for (let code = from.charCodeAt(0); code <= to.charCodeAt(0); code += 1)
        characters.push(String.fromCharCode(code));
    }
  }
  if (new Set(characters).size !== characters.length)
    throw new NotUnderstood(span, 'this set of tr names a character twice');
  return characters;
}

/** Maps each line; a last one without its line end gets one, as these programs give it. */
function mapLines(text: string, map: (line: string) => string): string {
  if (text === '') return '';
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  return lines.map((line) => `${map(line)}\n`).join('');
}
