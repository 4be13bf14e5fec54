import type { Span } from '../../diagnostic/source.ts';
import type { SyntaxFault } from './faults.ts';
import type { JsonNode } from './json-tree.ts';
import { decodeContent } from './string-content.ts';
import { commentFault, trailingComma } from './faults.ts';
import { indentAt, isFirstOnLine, type Punctuation, type Token, type Tokens } from './tokens.ts';

/**
 * The next thing that the grammar of JSON needs:
 *
 * * `value`: the document's value, or that of a member
 * * `first`, `next`: a key or an item; or, after the opening bracket, the end of the object or array
 * * `colon`: the colon after a key
 * * `after`: a comma or a closing bracket; at the end of the document, nothing
 */
type Place = 'value' | 'first' | 'next' | 'colon' | 'after';

/** An object or array that is not closed yet, and those around it. */
export interface Container {
  readonly kind: 'object' | 'array';
  readonly offset: number;
  /** The indentation of the line of its opening bracket. */
  readonly indent: number;
  /** The indentation of its first key, if that is the first thing on its line. */
  readonly keyIndent: number | undefined;
  readonly around: Container | undefined;
  readonly depth: number;
}

/** One step of the reading, and those before it. The steps make up the tree and its faults. */
export interface Trail {
  readonly step:
    | { readonly kind: 'open'; readonly container: 'object' | 'array'; readonly offset: number }
    | { readonly kind: 'close'; readonly end: number }
    /** `name`: undefined if the key could not be read. */
    | { readonly kind: 'key'; readonly name: string | undefined; readonly span: Span }
    | { readonly kind: 'value'; readonly node: JsonNode }
    | { readonly kind: 'fault'; readonly fault: SyntaxFault };
  readonly before: Trail | undefined;
}

/** A string that was read, and the state in front of it, so that it can be read in another way. */
interface ReadString {
  readonly offset: number;
  readonly end: number;
  readonly before: Reading;
}

/** A way to read the beginning of a document. Readings share their common beginning. */
export interface Reading {
  readonly at: number;
  readonly place: Place;
  readonly inside: Container | undefined;
  /** The sum of the weights of its faults: about one for each. */
  readonly cost: number;
  readonly faults: number;
  readonly trail: Trail | undefined;
  /** The string just before, if it is the last token. */
  readonly lastString: ReadString | undefined;
  /** The last string that is the value of a member, until the next colon. */
  readonly lastValue: ReadString | undefined;
  /** The comma just before. */
  readonly comma: Span | undefined;
  readonly end: 'reached' | undefined;
  /** Whether the end of an object or array may be elsewhere. */
  readonly isDoubtful: boolean;
}

export const emptyReading: Reading = {
  at: 0,
  place: 'value',
  inside: undefined,
  cost: 0,
  faults: 0,
  trail: undefined,
  lastString: undefined,
  lastValue: undefined,
  comma: undefined,
  end: undefined,
  isDoubtful: false,
};

/** Deeper than any recipe; keeps a hostile document from exhausting the stack. */
export const deepestNesting = 32;

/** A key or a closing bracket that is not indented like its object costs a little: another reading may be better. */
const costOfIndent = 0.05;

export function withFault(reading: Reading, fault: SyntaxFault, weight = 1): Reading {
  return {
    ...reading,
    cost: reading.cost + weight,
    faults: reading.faults + 1,
    trail: { step: { kind: 'fault', fault }, before: reading.trail },
  };
}

/** Goes on behind a token without reading it as anything. */
export function pass(reading: Reading, at: number, place: Place = reading.place): Reading {
  return { ...reading, at, place, lastString: undefined };
}

export function addValue(reading: Reading, node: JsonNode, at: number): Reading {
  return {
    ...reading,
    at,
    place: 'after',
    comma: undefined,
    lastString: undefined,
    trail: { step: { kind: 'value', node }, before: reading.trail },
  };
}

export function addKey(reading: Reading, name: string | undefined, span: Span, at: number): Reading {
  return {
    ...reading,
    at,
    place: 'colon',
    comma: undefined,
    lastString: undefined,
    trail: { step: { kind: 'key', name, span }, before: reading.trail },
  };
}

export function isKeyPlace({ place, inside }: Reading): boolean {
  return (place === 'first' || place === 'next') && inside?.kind === 'object';
}

/** How a string is written: as JSON wants it, with a mistake that is corrected, or corrected and over several lines. */
type StringForm = 'plain' | 'corrected' | 'over-lines';

/**
 * Reads a string as the key or the value that belongs here.
 *
 * @param content the text between its quotation marks, of which one may be missing
 * @param at the offset behind it
 */
export function addString(
  text: string,
  before: Reading,
  content: Span,
  at: number,
  form: StringForm = 'corrected',
): Reading {
  const { value, faults } = decodeContent(text, content, form === 'over-lines');
  const isCertain = faults.length === 0 && form === 'plain';
  const span = { offset: content.offset - 1, length: content.length + 2 };
  const reported = faults.reduce((reading, fault) => withFault(reading, fault), before);
  if (isKeyPlace(before)) {
    // A quotation mark or a line break in a corrected key means that its end is not certain.
    const isName = faults.length === 0 && (form === 'plain' || !/["\n]/.test(value ?? '"'));
    return addKey(rememberKeyIndent(text, reported, span.offset), isName ? value : undefined, span, at);
  }
  if (value === undefined) return addValue(reported, { kind: 'unread', span }, at);
  return addValue(
    reported,
    isCertain ? { kind: 'scalar', span, value } : { kind: 'unread', span, text: value },
    at,
  );
}

function addDecoded(text: string, before: Reading, value: string, span: Span, at: number): Reading {
  return isKeyPlace(before)
    ? addKey(rememberKeyIndent(text, before, span.offset), value, span, at)
    : addValue(before, { kind: 'scalar', span, value }, at);
}

function rememberKeyIndent(text: string, reading: Reading, offset: number): Reading {
  const { inside, place } = reading;
  if (inside === undefined || place !== 'first' || !isFirstOnLine(text, offset)) return reading;
  return { ...reading, inside: { ...inside, keyIndent: indentAt(text, offset) } };
}

export function open(text: string, reading: Reading, kind: 'object' | 'array', offset: number): Reading {
  const { inside: around } = reading;
  return {
    ...pass(reading, offset, 'first'),
    comma: undefined,
    inside: {
      kind,
      offset,
      indent: indentAt(text, offset),
      keyIndent: undefined,
      around,
      depth: (around?.depth ?? 0) + 1,
    },
    trail: { step: { kind: 'open', container: kind, offset }, before: reading.trail },
  };
}

export function close(reading: Reading, end: number): Reading {
  return {
    ...pass(reading, end, 'after'),
    comma: undefined,
    lastValue: undefined,
    inside: reading.inside?.around,
    trail: { step: { kind: 'close', end }, before: reading.trail },
  };
}

/** Whether a closing bracket that is the first thing on its line does not stand below its opening one. */
export function isMisaligned(text: string, { inside }: Reading, { offset }: Token): boolean {
  return inside !== undefined && isFirstOnLine(text, offset) && indentAt(text, offset) !== inside.indent;
}

/** Whether a string that is the first thing on its line is not indented like the first key of its object. */
export function isUnevenKey(text: string, { inside, place }: Reading, { offset }: Token): boolean {
  if (inside?.kind !== 'object' || place === 'first' || place === 'value' || place === 'colon') return false;
  return isFirstOnLine(text, offset) && inside.keyIndent !== indentAt(text, offset);
}

/** Goes on behind the comments before the next token, which are faults. A comment that is not closed stays. */
export function passComments(reading: Reading, token: Token): Reading {
  const closed = token.comments.filter(({ isClosed }) => isClosed);
  return closed.reduce(
    (passed, comment) => withFault({ ...passed, at: comment.end }, commentFault(comment)),
    reading,
  );
}

/** Reads one token as the grammar of JSON says; undefined where it does not allow that token. */
export function readToken(tokens: Tokens, reading: Reading, token: Token): Reading | undefined {
  const { place, inside } = reading;
  const { text } = tokens;
  if (token.comments.some(({ isClosed }) => !isClosed)) return undefined;
  if (place === 'colon') {
    return token.kind === ':' ? { ...pass(reading, token.end, 'value'), lastValue: undefined } : undefined;
  }
  if (place === 'after') return readAfter(text, reading, token);
  const isFirst = place === 'first';
  if (inside !== undefined && token.kind === closer(inside) && place !== 'value') {
    if (isFirst) return closeAt(text, reading, token);
    const { comma } = reading;
    if (comma === undefined) return undefined;
    return closeAt(text, withFault(reading, trailingComma(comma)), token);
  }
  if (isKeyPlace(reading)) return token.kind === 'string' ? readString(text, reading, token) : undefined;
  return readValue(text, reading, token);
}

function readAfter(text: string, reading: Reading, token: Token): Reading | undefined {
  const { inside } = reading;
  if (inside === undefined) return token.kind === 'end' ? { ...reading, end: 'reached' } : undefined;
  if (token.kind === closer(inside)) return closeAt(text, reading, token);
  if (token.kind !== ',') return undefined;
  const comma = { offset: token.offset, length: 1 };
  return { ...pass(reading, token.end, 'next'), comma };
}

function closeAt(text: string, reading: Reading, token: Token): Reading {
  const closed = close(reading, token.end);
  return isMisaligned(text, reading, token) ? { ...closed, cost: closed.cost + costOfIndent } : closed;
}

function readValue(text: string, reading: Reading, token: Token): Reading | undefined {
  const span = { offset: token.offset, length: token.end - token.offset };
  // A number or a word at the very end of the text may go on.
  const mayGoOn = reading.inside !== undefined && token.end === text.length;
  switch (token.kind) {
    case '{':
    case '[': {
      if ((reading.inside?.depth ?? 0) >= deepestNesting * 2) return undefined;
      const kind = token.kind === '{' ? 'object' : 'array';
      return { ...open(text, reading, kind, token.offset), at: token.end };
    }
    case 'string':
      return readString(text, reading, token);
    case 'number': {
      if (mayGoOn) return addValue(reading, { kind: 'unread', span }, token.end);
      if (token.isWhole) {
        const value = Number(text.slice(token.offset, token.end));
        return addValue(reading, { kind: 'scalar', span, value }, token.end);
      }
      const fault: SyntaxFault = {
        code: 'json-syntax',
        span,
        message: 'this number is not complete',
        hint: 'add a digit',
      };
      return addValue(withFault(reading, fault), { kind: 'unread', span }, token.end);
    }
    case 'literal':
      if (mayGoOn) return addValue(reading, { kind: 'unread', span }, token.end);
      return addValue(reading, { kind: 'scalar', span, value: token.value }, token.end);
    case '}':
    case ']':
    case ',':
    case ':':
    case 'word':
    case 'end':
      return undefined;
  }
}

function readString(
  text: string,
  reading: Reading,
  token: Extract<Token, { kind: 'string' }>,
): Reading | undefined {
  if (!token.isClosed) return undefined;
  const { offset, end, value } = token;
  const aligned = isUnevenKey(text, reading, token)
    ? { ...reading, cost: reading.cost + costOfIndent }
    : reading;
  const content = { offset: offset + 1, length: end - offset - 2 };
  const read =
    value === undefined
      ? addString(text, aligned, content, end, 'plain')
      : addDecoded(text, aligned, value, { offset, length: end - offset }, end);
  const lastString = { offset, end, before: reading };
  return { ...read, lastString, lastValue: isKeyPlace(reading) ? reading.lastValue : lastString };
}

/** The bracket that closes an object or array. */
export function closer({ kind }: Container): Punctuation {
  return kind === 'object' ? '}' : ']';
}
