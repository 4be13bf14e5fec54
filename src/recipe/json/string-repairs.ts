import { explainWord, syntaxFault } from './faults.ts';
import { addString, isKeyPlace, withFault, type Reading } from './reading.ts';
import { quotesFrom } from './string-content.ts';
import { endOfLine, type Token } from './tokens.ts';

/** The most places that are tried for the end of one string. */
const mostEnds = 12;
/** The most quotation marks on later lines that are tried for it. */
const mostLaterQuotes = 4;

/**
 * The ways to read a string whose closing quotation mark is not on its line: the mark is missing at the end of the line, or
 * before the commas and brackets there; or the string goes on in the next lines.
 */
export function repairUnclosedString(text: string, reading: Reading, token: Token): Reading[] {
  const { offset } = token;
  const start = offset + 1;
  const end = endOfLine(text, start);
  const fault = syntaxFault(
    { offset, length: end - offset },
    'this string is not closed on its line',
    'close it with `"`; write a line break as `\\n`, or a command as an array of lines',
  );
  const closed = withFault(reading, fault);
  const isKey = isKeyPlace(reading);
  const ends = [...(isKey ? colons(text, start, end) : []), ...tailEnds(text, start, end)];
  const sameLine = ends.map((at) => addString(text, closed, { offset: start, length: at - start }, at));
  const later = quotesFrom(text, start, Math.min(text.length, start + 20_000), mostLaterQuotes);
  const longer = later.map((quote) =>
    addString(
      text,
      isKey ? { ...closed, cost: closed.cost + 0.1 } : closed,
      { offset: start, length: quote - start },
      quote + 1,
      'over-lines',
    ),
  );
  return [...rank(sameLine), ...rank(longer)];
}

/**
 * Other ways to read the string before a token that does not belong there: its closing quotation mark is missing, or a
 * quotation mark inside it is not escaped.
 */
export function otherStrings(text: string, { lastString }: Reading, token: Token): Reading[] {
  if (lastString === undefined) return [];
  const { offset, end, before } = lastString;
  const start = offset + 1;
  if (/[\r\n]/.test(text.slice(end, token.offset))) return [];
  const unclosed = syntaxFault(
    { offset, length: end - offset },
    'the closing quotation mark of this string is missing',
    'close it with `"`',
  );
  const inner = syntaxFault(
    { offset: end - 1, length: 1 },
    'a quotation mark inside a string must be escaped',
    'write it as `\\"`',
  );
  const shorter = structure(text, start, end - 1).map((at) =>
    addString(text, withFault(before, unclosed, 1.02), { offset: start, length: at - start }, at),
  );
  const longer = quotesFrom(text, end, endOfLine(text, end), mostEnds).map((quote) => {
    // A quotation mark next to a comma or a bracket rather belongs to another string.
    const weight = /[,:[{]\s*(?:"|$)/.test(text.slice(end, quote)) ? 1.3 : 1.02;
    return addString(
      text,
      withFault(before, inner, weight),
      { offset: start, length: quote - start },
      quote + 1,
    );
  });
  return [...rank(shorter), ...rank(longer)];
}

/** The ways to read a word as a string: in single quotes, without its opening quotation mark, or without either. */
export function quoteWord(text: string, reading: Reading, token: Token): Reading[] {
  const { offset, end } = token;
  const lineEnd = endOfLine(text, offset);
  const [mark = ''] = text.slice(offset, offset + 1);
  const ways: Reading[] = [];
  if (mark === "'" || mark === '`') {
    const closing = text.indexOf(mark, offset + 1);
    if (closing !== -1 && closing < lineEnd) {
      const { fault } = explainWord(text.slice(offset, closing + 1), {
        offset,
        length: closing + 1 - offset,
      });
      const content = { offset: offset + 1, length: closing - offset - 1 };
      ways.push(addString(text, withFault(reading, fault, 0.99), content, closing + 1));
    }
  }
  const quotes = quotesFrom(text, end, lineEnd, mostEnds);
  const unopened = quotes.map((quote) => {
    const span = { offset, length: quote + 1 - offset };
    const hint = 'begin it with `"`';
    const fault = syntaxFault(span, 'the opening quotation mark of this string is missing', hint);
    return addString(text, withFault(reading, fault, 1.02), { offset, length: quote - offset }, quote + 1);
  });
  ways.push(...rank(unopened));
  if (isKeyPlace(reading)) return ways;
  const bare = tailEnds(text, offset, lineEnd).filter((at) => at > end);
  const unquoted = bare.map((at) => {
    const { fault } = explainWord(text.slice(offset, at), { offset, length: at - offset });
    return addString(text, withFault(reading, fault, 1.3), { offset, length: at - offset }, at);
  });
  return [...ways, ...rank(unquoted)];
}

/** Whether the rest of a line has an odd number of quotation marks, so that one is missing. */
export function hasOddQuotes(text: string, offset: number): boolean {
  return quotesFrom(text, offset, endOfLine(text, offset), 10_000).length % 2 === 1;
}

/** The first way is a little cheaper than the second, and so on. */
function rank(ways: readonly Reading[]): Reading[] {
  return ways.map((way, index) => ({ ...way, cost: way.cost + index / 1000 }));
}

/** The places where a string may end so that only commas, brackets and blanks follow on its line; the last place is the line's end. */
function tailEnds(text: string, start: number, end: number): number[] {
  const line = text.slice(start, end);
  const [tail = ''] = /[\s,}\]]*$/.exec(line) ?? [];
  const first = end - tail.length;
  const ends = [first];
  for (let at = first + 1; at <= end && ends.length < mostEnds; at += 1) {
    if (!/\s/.test(text[at - 1] ?? '')) ends.push(at);
  }
  return ends;
}

/** Commas, colons and closing brackets in a string, the last ones first: the string may end before one of them. */
function structure(text: string, start: number, end: number): number[] {
  const found: number[] = [];
  for (let at = end - 1; at >= start && found.length < mostEnds; at -= 1) {
    if (/[,:}\]]/.test(text[at] ?? '')) found.push(at);
  }
  return found;
}

function colons(text: string, start: number, end: number): number[] {
  const at = text.indexOf(':', start);
  return at === -1 || at >= end ? [] : [at];
}
