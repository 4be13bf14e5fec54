/**
 * Texts come from other people and other machines and end up on a terminal: whatever would move the cursor, change
 * the colour or reorder the line is shown as a symbol instead.
 */
const invisible = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** Replaces each character that a terminal would act on by one it shows. Every code point stays one code point. */
export function showInvisible(text: string): string {
  return text.replaceAll(invisible, (character) => {
    const code = character.codePointAt(0) ?? 0;
    if (code < 0x20) return String.fromCodePoint(0x2400 + code);
    return code === 0x7f ? '\u2421' : '\ufffd';
  });
}

/** {@link showInvisible} for text of several lines, which stay lines; tabs stay, too. */
export function showInvisibleInLines(text: string): string {
  return text
    .split(/([\n\t])/)
    .map((part) => (part === '\n' || part === '\t' ? part : showInvisible(part)))
    .join('');
}

const longestQuote = 60;

/** Quotes a piece of someone's text inside a message: in backquotes, on one line, and not too much of it. */
export function quoteText(text: string): string {
  if (text === '') return 'an empty string';
  const shown = Array.from(showInvisible(text.slice(0, 2 * longestQuote)));
  const clipped =
    shown.length > longestQuote ? [...shown.slice(0, longestQuote - 1), '…'].join('') : shown.join('');
  return `\`${clipped}\``;
}
