/** A piece of a regular expression: JavaScript's with the `u` flag. */
export type PatternToken =
  /** Matches one character. `re2` says the same in RE2's syntax. */
  | { readonly kind: 'character'; readonly re2: string }
  | { readonly kind: 'open' }
  | { readonly kind: 'close' }
  | { readonly kind: 'or' }
  /** `^`, `$`, `\b` or `\B`: matches no character. */
  | { readonly kind: 'assertion'; readonly re2: string }
  | { readonly kind: 'repeat'; readonly least: number; readonly most: number; readonly re2: string };

/** A part of a pattern that is not matched in linear time, as a noun for a message. */
export class UnsupportedPatternError extends Error {
  override readonly name = 'UnsupportedPatternError';
}

/** JavaScript's `\s`; RE2's means fewer characters, and its opposite more. */
const space = String.raw`\t\n\x0b\f\r \x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}`;

/** Everything but a line break, as JavaScript's `.` matches it. */
const dot = String.raw`[^\n\r\x{2028}\x{2029}]`;

type TokenForm = readonly [pattern: RegExp, read: (found: RegExpExecArray) => PatternToken];

/** The forms of a token; the first that fits is the right one. */
const forms: readonly TokenForm[] = [
  [/\(\?(?:[=!]|<[=!])/y, refuse('a look-ahead or look-behind')],
  [/\(\?(?:<[^=!>][^>]*>|:)|\((?!\?)/y, () => ({ kind: 'open' })],
  [/\(\?/y, refuse('a group with flags')],
  [/\)/y, () => ({ kind: 'close' })],
  [/\|/y, () => ({ kind: 'or' })],
  [/[$^]|\\[bB]/y, ([text]) => ({ kind: 'assertion', re2: text })],
  [/[*+?]\??/y, readShortRepeat],
  [/\{(\d+)(?:(,)(\d*))?\}\??/y, readCount],
  [/\\(?:[1-9]|k)/y, refuse('a reference to a group')],
  [/\[(\^?)((?:\\.|[^\\\]])*)\]/suy, readClass],
  [/\./y, () => ({ kind: 'character', re2: dot })],
  [/\\s/y, () => ({ kind: 'character', re2: `[${space}]` })],
  [/\\S/y, () => ({ kind: 'character', re2: `[^${space}]` })],
  [/\\(?:u\{[\dA-Fa-f]+\}|u[\dA-Fa-f]{4}|x[\dA-Fa-f]{2}|c[A-Za-z]|[pP]\{[^}]*\}|.)/suy, readEscape],
  [/./suy, ([text]) => ({ kind: 'character', re2: quote(text) })],
];

/** Splits a pattern that JavaScript has compiled. Throws an {@link UnsupportedPatternError}. */
export function splitPattern(pattern: string): readonly PatternToken[] {
  const tokens: PatternToken[] = [];
  for (let at = 0; at < pattern.length;) {
    for (const [form, read] of forms) {
      form.lastIndex = at;
      const found = form.exec(pattern);
      if (found === null) continue;
      tokens.push(read(found));
      at += found[0].length;
      break;
    }
  }
  return tokens;
}

function refuse(what: string): () => never {
  return () => {
    throw new UnsupportedPatternError(what);
  };
}

function readShortRepeat([text]: RegExpExecArray): PatternToken {
  const [sign] = text;
  return { kind: 'repeat', least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity, re2: text };
}

function readCount([text, least = '0', comma, most = '']: RegExpExecArray): PatternToken {
  const end = comma === undefined ? Number(least) : most === '' ? Infinity : Number(most);
  return { kind: 'repeat', least: Number(least), most: end, re2: text };
}

function readEscape([text]: RegExpExecArray): PatternToken {
  return { kind: 'character', re2: translateEscape(text) };
}

function readClass([, not = '', inner = '']: RegExpExecArray): PatternToken {
  if (inner === '')
    return { kind: 'character', re2: not === '' ? '[^\\x00-\\x{10FFFF}]' : '[\\x00-\\x{10FFFF}]' };
  const items = inner.replace(
    /\\(?:u\{[\dA-Fa-f]+\}|u[\dA-Fa-f]{4}|x..|c.|[pP]\{[^}]*\}|.)|\[/gsu,
    (item) => {
      if (item === '[') return '\\[';
      if (item === '\\s') return space;
      if (item === '\\S') throw new UnsupportedPatternError('`\\S` between brackets');
      // Between brackets it is a backspace.
      if (item === '\\b') return '\\x08';
      return translateEscape(item);
    },
  );
  return { kind: 'character', re2: `[${not}${items}]` };
}

/** An escape that means one character, or a class, in RE2's syntax. */
function translateEscape(escape: string): string {
  const code = /^\\(?:u\{(.+)\}|u(.{4})|x(..))$/su.exec(escape);
  const digits = code?.[1] ?? code?.[2] ?? code?.[3];
  if (digits !== undefined) return `\\x{${digits}}`;
  if (/^\\c[A-Za-z]$/.test(escape)) return `\\x{${((escape.codePointAt(2) ?? 0) % 32).toString(16)}}`;
  if (escape === '\\0') return '\\x00';
  if (escape === '\\v') return '\\x0b';
  return escape;
}

function quote(character: string): string {
  return /[\\.+*?()|[\]{}^$]/.test(character) ? `\\${character}` : character;
}
