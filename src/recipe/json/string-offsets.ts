import type { Span } from '../../diagnostic/source.ts';

/**
 * Finds the place in a JSON text that a place in one of its decoded strings came from: `"a\tb"` has its `b` at 2
 * decoded and at 3 in the text.
 *
 * @param text the JSON text
 * @param content the span of the string's content, without its quotation marks
 * @param decodedOffset in UTF-16 code units of the decoded string; past its end gives the end
 */
export function sourceOffset(text: string, content: Span, decodedOffset: number): number {
  const end = content.offset + content.length;
  let at = content.offset;
  for (let decoded = 0; decoded < decodedOffset && at < end; decoded += 1) at += encodedLength(text, at);
  return Math.min(at, end);
}

/** The stretch of a JSON text that a stretch of one of its decoded strings came from; see {@link sourceOffset}. */
export function sourceSpan(text: string, content: Span, decoded: Span): Span {
  const offset = sourceOffset(text, content, decoded.offset);
  return { offset, length: sourceOffset(text, content, decoded.offset + decoded.length) - offset };
}

/** How many characters of JSON make up the UTF-16 code unit that begins here. */
function encodedLength(text: string, at: number): 1 | 2 | 6 {
  if (text[at] !== '\\') return 1;
  const next = text[at + 1] ?? '';
  if (next === 'u') return 6;
  // A backslash that does not begin an escape sequence counts as a character, see decodeContent.
  return '"\\/bfnrt'.includes(next) && next !== '' ? 2 : 1;
}
