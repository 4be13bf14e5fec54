import type { Span } from '../../diagnostic/source.ts';
import { syntaxFault, type SyntaxFault } from './faults.ts';

/** The content of a string, decoded as its author most probably meant it. */
interface DecodedContent {
  /** Undefined if a part of the content does not say which character it means. */
  readonly value: string | undefined;
  readonly faults: readonly SyntaxFault[];
}

const part =
  /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})|(?<unicode>\\u[0-9a-fA-F]{0,3})|(?<escape>\\)|(?<control>[^\u0020-\uffff])|[\u0020-\u005b\u005d-\uffff]+/gs;

/**
 * Decodes the content of a string. A backslash that does not begin an escape sequence counts as a backslash, and a control
 * character as itself: the hints say to write them so.
 *
 * @param mayBreak whether a line break in it is reported elsewhere
 */
export function decodeContent(text: string, { offset, length }: Span, mayBreak: boolean): DecodedContent {
  const content = text.slice(offset, offset + length);
  const faults: SyntaxFault[] = [];
  let isCertain = true;
  let value = '';
  for (const { 0: found, index, groups = {} } of content.matchAll(part)) {
    const at = offset + index;
    if (groups['unicode'] !== undefined) {
      isCertain = false;
      const message = '`\\u` must be followed by four hexadecimal digits';
      faults.push(syntaxFault({ offset: at, length: found.length }, message));
    } else if (groups['escape'] !== undefined) {
      value += found;
      const span = { offset: at, length: Math.min(2, offset + length - at) };
      faults.push(
        syntaxFault(span, 'JSON does not have this escape sequence', 'write a backslash as `\\\\`'),
      );
    } else if (groups['control'] !== undefined) {
      value += found;
      if (!mayBreak || !/[\r\n]/.test(found)) {
        faults.push(
          syntaxFault(
            { offset: at, length: 1 },
            'a string must not contain a control character',
            'write a tab as `\\t`, and any other control character as `\\u` and four hexadecimal digits',
          ),
        );
      }
    } else if (found.startsWith('\\')) value += String(JSON.parse(`"${found}"`));
    else value += found;
  }
  return { value: isCertain ? value : undefined, faults };
}

/** The offsets of the quotation marks from an offset on that no backslash escapes, a few at most. */
export function quotesFrom(text: string, from: number, end: number, most: number): number[] {
  const found: number[] = [];
  for (let at = from; at < end && found.length < most; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '"') found.push(at);
  }
  return found;
}
