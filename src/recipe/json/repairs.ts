import { quoteText } from '../../diagnostic/visible-text.ts';
import type { Span } from '../../diagnostic/source.ts';
import { byteOrderMark, commentFault, explainWord, syntaxFault, type SyntaxFault } from './faults.ts';
import {
  addKey,
  addString,
  addValue,
  close,
  closer,
  isKeyPlace,
  isMisaligned,
  isUnevenKey,
  open,
  pass,
  readToken,
  withFault,
  type Container,
  type Reading,
} from './reading.ts';
import { hasOddQuotes, otherStrings, quoteWord, repairUnclosedString } from './string-repairs.ts';
import { endOfLine, indentAt, isFirstOnLine, type Token, type Tokens } from './tokens.ts';

/**
 * The ways to go on where the grammar does not allow a token. Each is a reading in which one mistake is corrected. The more
 * probable one is the cheaper one.
 */
export function repair(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  if (token.kind === 'end') return repairEnd(tokens, reading, token);
  const { place, inside } = reading;
  const ways =
    place === 'colon'
      ? repairColon(tokens, reading, token)
      : place === 'after'
        ? inside === undefined
          ? repairRest(tokens, reading, token)
          : repairAfter(tokens, reading, token)
        : isKeyPlace(reading)
          ? repairKey(tokens, reading, token)
          : repairValue(tokens, reading, token);
  return [
    ...ways,
    ...otherStrings(tokens.text, reading, token),
    ...cutToken(tokens, reading, token),
    passOver(reading, token, 1.6),
  ];
}

/** The ways to go on in another manner where the grammar allows a token, but the indentation speaks against it. */
export function repairIndentation(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  const { text } = tokens;
  const { inside, place } = reading;
  const isBracket = token.kind === '{' || token.kind === '[';
  if (isBracket && place !== 'after' && inside !== undefined) {
    const isDoubled =
      place === 'first' && token.kind === '[' && inside.kind === 'array' && inside.around?.kind === 'object';
    const isText = hasOddQuotes(text, token.offset);
    return [
      ...(isDoubled ? [passOver(reading, token, 0.98)] : []),
      ...(isText ? quoteWord(text, reading, token) : []),
    ];
  }
  const isClosing =
    inside !== undefined && token.kind === closer(inside) && (place === 'after' || place === 'next');
  if (isClosing && isMisaligned(text, reading, token)) {
    return [...closeAround(tokens, reading, token), passOver(reading, token, 1.03)];
  }
  if (isClosing) return isFollowedUnevenly(tokens, inside, token) ? [passOver(reading, token, 1.03)] : [];
  return token.kind === 'string' && isUnevenKey(text, reading, token)
    ? closeAround(tokens, reading, token)
    : [];
}

/** Whether the line after a closing bracket is not indented like the object or array around it. */
function isFollowedUnevenly(tokens: Tokens, { around }: Container, token: Token): boolean {
  if (around === undefined) return false;
  const after = tokens.at(token.end);
  const next = after.kind === ',' ? tokens.at(after.end) : after;
  if (!isFirstOnLine(tokens.text, next.offset)) return false;
  const indent = indentAt(tokens.text, next.offset);
  if (next.kind === '}' || next.kind === ']') return indent !== around.indent;
  return next.kind === 'string' && around.kind === 'object' && indent !== around.keyIndent;
}

/** Leaves out a bracket that closes the document although more text follows it. */
export function repairEarlyEnd(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  const { inside, place } = reading;
  if (inside === undefined || inside.around !== undefined || token.kind !== closer(inside)) return [];
  if (place !== 'after' || tokens.at(token.end).kind === 'end') return [];
  const isCertain = isMisaligned(tokens.text, reading, token);
  return [{ ...passOver(reading, token, 1.1), isDoubtful: reading.isDoubtful || !isCertain }];
}

/** Closes the objects and arrays inside the one that the token's indentation belongs to. */
function closeAround({ text }: Tokens, reading: Reading, token: Token): Reading[] {
  const indent = indentAt(text, token.offset);
  const isKey = token.kind === 'string';
  let closed = reading;
  for (let at = reading.inside; at?.around !== undefined; at = at.around) {
    const { around } = at;
    closed = closeMissing(text, closed, at, token);
    const fits = isKey
      ? around.kind === 'object' && around.keyIndent === indent
      : closer(around) === token.kind && around.indent === indent;
    if (fits) return [isKey ? { ...closed, place: 'next' } : closed];
  }
  return [];
}

/** Ends an object or array whose closing bracket is missing before a token. */
function closeMissing(text: string, reading: Reading, inside: Container, token: Token): Reading {
  const bracket = closer(inside);
  const noun = inside.kind;
  const line = text.slice(0, inside.offset).split('\n').length;
  const span = { offset: token.offset, length: token.end - token.offset };
  const message = `the ${noun} that begins in line ${line} is not closed before this`;
  const fault = syntaxFault(span, message, `add the missing \`${bracket}\``);
  return { ...close(withFault(reading, fault), token.offset), comma: reading.comma };
}

function passOver(reading: Reading, token: Token, weight: number): Reading {
  const span = { offset: token.offset, length: token.end - token.offset };
  const fault = syntaxFault(span, describeStray(token), 'remove it');
  return pass(withFault(reading, fault, weight), token.end);
}

function describeStray({ kind }: Token): string {
  switch (kind) {
    case '}':
      return '`}` does not close anything here';
    case ']':
      return '`]` does not close anything here';
    case ',':
      return 'a comma is not allowed here';
    case ':':
      return 'a colon is not allowed here';
    case '{':
    case '[':
    case 'word':
    case 'string':
    case 'number':
    case 'literal':
    case 'end':
      return 'this is not expected here';
  }
}

/** The document ends too early: all that is open ends here, which is one mistake. */
function repairEnd({ text }: Tokens, reading: Reading, token: Token): Reading[] {
  const end = text.trimEnd().length;
  const comment = token.comments.find(({ isClosed }) => !isClosed);
  if (comment === undefined) return [cut(text, reading, 1)];
  const fault = commentFault(comment);
  const lineEnd = endOfLine(text, comment.offset);
  return [
    pass(withFault(reading, fault, 1.02), lineEnd),
    { ...fillMissing(withFault(reading, fault), end), end: 'reached' },
  ];
}

/** The document ends in the middle of a token, so that nobody knows what it would have been. */
function cutToken({ text }: Tokens, reading: Reading, token: Token): Reading[] {
  const end = text.trimEnd().length;
  const reachesEnd = token.kind === 'string' ? !token.isClosed : token.kind === 'word';
  if (reading.inside === undefined || !reachesEnd || token.end < end) return [];
  const span = { offset: token.offset, length: end - token.offset };
  const read: Reading = isKeyPlace(reading)
    ? addKey(reading, undefined, span, end)
    : { ...reading, place: reading.place === 'after' ? 'after' : 'value' };
  return [cut(text, read, 1.05)];
}

function cut(text: string, reading: Reading, weight: number): Reading {
  const end = text.trimEnd().length;
  const isInline = /[}\]]$/.test(text.slice(0, end)) && !isFirstOnLine(text, end - 1);
  const fault = describeEnd(reading, end, isInline);
  return {
    ...fillMissing(withFault(reading, fault, weight), end),
    end: 'reached',
    isDoubtful: reading.isDoubtful || isInline,
  };
}

function describeEnd({ inside, place }: Reading, end: number, isInline: boolean): SyntaxFault {
  const span = { offset: end, length: 0 };
  if (inside === undefined) return syntaxFault(span, 'a value is expected here');
  const missing = [];
  for (let at: Container | undefined = inside; at !== undefined; at = at.around) missing.push(closer(at));
  const value = place === 'colon' || place === 'value' ? 'the value and ' : '';
  const checked = isInline
    ? 'heddle has checked what does not depend on its place'
    : 'heddle has checked what stands before this';
  return syntaxFault(
    span,
    `the document ends before the ${inside.kind} is closed`,
    `add ${value}the missing \`${missing.join('')}\`; ${checked}`,
  );
}

/** A key without a value gets one that could not be read. */
function fillMissing(reading: Reading, end: number): Reading {
  if (reading.place !== 'colon' && reading.place !== 'value') return reading;
  return addValue(reading, { kind: 'unread', span: { offset: end, length: 0 } }, reading.at);
}

function spanOf(token: Token) {
  return { offset: token.offset, length: token.end - token.offset };
}

function beginsValue({ kind }: Token): boolean {
  return ['{', '[', 'string', 'number', 'literal', 'word'].includes(kind);
}

function withoutValue(reading: Reading, token: Token): Reading {
  const span = { offset: token.offset, length: 0 };
  const fault = syntaxFault(spanOf(token), 'a value is expected here');
  return addValue(withFault(reading, fault), { kind: 'unread', span }, token.offset);
}

function repairColon(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  const missing = syntaxFault(spanOf(token), '`:` is expected between a key and its value');
  const ways: Reading[] = [];
  const isOneSign = token.kind === 'word' && /^[=>-]+$/.test(tokens.text.slice(token.offset, token.end));
  if (isOneSign || token.kind === ',') {
    if (beginsValue(tokens.at(token.end))) {
      ways.push(pass(withFault(reading, missing, isOneSign ? 1 : 1.01), token.end, 'value'));
    }
  }
  if (token.kind === 'word' && !isOneSign && tokens.text[token.offset] === '=') {
    ways.push(pass(withFault(reading, missing), token.offset + 1, 'value'));
  }
  if (beginsValue(token) && !isOneSign) ways.push(pass(withFault(reading, missing), token.offset, 'value'));
  if (token.kind === ',' || token.kind === '}' || token.kind === ']') ways.push(withoutValue(reading, token));
  return [...ways, ...openBefore(tokens, reading, token)];
}

/** A closing `]`, or items where a member belongs: the opening `[` is missing before the last value. */
function openBefore({ text }: Tokens, { lastValue }: Reading, token: Token): Reading[] {
  if (lastValue === undefined || (token.kind !== ']' && token.kind !== ',')) return [];
  const { before, offset, end } = lastValue;
  const fault = syntaxFault(
    { offset, length: end - offset },
    '`[` is missing before this',
    'add the missing `[`',
  );
  return [{ ...open(text, withFault(before, fault, 1.04), 'array', offset), lastValue: undefined }];
}

function repairKey(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  const { text } = tokens;
  const span = spanOf(token);
  const expected = 'a key in double quotes is expected here';
  switch (token.kind) {
    case 'string':
      return repairUnclosedString(text, reading, token);
    case 'word':
    case 'number':
    case 'literal': {
      const word = text.slice(token.offset, token.end);
      const name = /^\w+$/.test(word) ? word : undefined;
      const fault = syntaxFault(span, expected, `put it in double quotes: \`"${word}"\``);
      const isName = /^[\w$.-]+$/.test(word);
      return [
        ...(isName ? [addKey(withFault(reading, fault), name, span, token.end)] : []),
        ...quoteWord(text, reading, token),
      ];
    }
    case ':': {
      const fault = syntaxFault(span, expected);
      return [addKey(withFault(reading, fault), undefined, span, token.offset)];
    }
    case '{':
    case '[': {
      const fault = syntaxFault(span, expected);
      const unnamed = addKey(withFault(reading, fault, 1.05), undefined, span, token.offset);
      return [passOver(reading, token, 1), { ...unnamed, place: 'value' }];
    }
    case ',':
      return [passOver(reading, token, 1)];
    case ']':
      return wrongCloser(tokens, reading, token);
    case '}':
    case 'end':
      return [];
  }
}

function repairValue(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  const { text } = tokens;
  const isMember = reading.place === 'value' && reading.inside !== undefined;
  switch (token.kind) {
    case 'string':
      return repairUnclosedString(text, reading, token);
    case 'word':
      return repairWord(text, reading, token);
    case ',':
      return isMember ? [withoutValue(reading, token)] : [passOver(reading, token, 1)];
    case ':':
      return [passOver(reading, token, 1)];
    case '}':
    case ']': {
      const quoted = hasOddQuotes(text, token.offset) ? quoteWord(text, reading, token) : [];
      if (isMember) return [withoutValue(reading, token), ...openBefore(tokens, reading, token), ...quoted];
      return reading.inside === undefined ? [] : [...wrongCloser(tokens, reading, token), ...quoted];
    }
    case '{':
    case '[':
    case 'number':
    case 'literal':
    case 'end':
      return [];
  }
}

function repairWord(text: string, reading: Reading, token: Token): Reading[] {
  const span = spanOf(token);
  const word = text.slice(token.offset, token.end);
  if (word.startsWith('\ufeff')) {
    return [pass(withFault(reading, byteOrderMark(span), 0.9), token.offset + 1)];
  }
  const literal = /^(-?\d+(?:\.\d+)?|true|false|null)([;.|&])$/.exec(word);
  if (literal !== null) {
    const [, value = '', sign = ''] = literal;
    const at = token.end - 1;
    const node = { kind: 'unread', span: { offset: token.offset, length: value.length } } as const;
    const fault = wrongSeparator({ offset: at, length: 1 }, sign);
    return [pass(withFault(addValue(reading, node, at), fault), token.end, 'next')];
  }
  const { fault, isText } = explainWord(word, span);
  const corrected = withFault(reading, fault, 1.01);
  const way = isText
    ? addString(text, corrected, span, token.end)
    : addValue(corrected, { kind: 'unread', span }, token.end);
  return [way, ...quoteWord(text, reading, token)];
}

/** A bracket of the other kind: it was mistyped, or the right one is missing before it. */
function wrongCloser({ text }: Tokens, reading: Reading, token: Token): Reading[] {
  const { inside } = reading;
  if (inside === undefined) return [];
  const right = closer(inside);
  const hint = `write \`${right}\``;
  const fault = syntaxFault(spanOf(token), `the ${inside.kind} must be closed by \`${right}\``, hint);
  const mistyped = close(withFault(reading, fault, 1.02), token.end);
  const { around } = inside;
  const closesAround = around !== undefined && closer(around) === token.kind;
  return closesAround ? [closeMissing(text, reading, inside, token), mistyped] : [mistyped];
}

function repairAfter(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  const { text } = tokens;
  const ways: Reading[] = [];
  if (beginsValue(token)) {
    const fault = syntaxFault(spanOf(token), '`,` is missing before this');
    const next = pass(withFault(reading, fault), token.offset, 'next');
    // A word behind a value is more often a part of it.
    ways.push(token.kind === 'word' ? { ...next, cost: next.cost + 0.1 } : next);
  }
  switch (token.kind) {
    case '}':
    case ']':
      return [
        ...wrongCloser(tokens, reading, token),
        ...openBefore(tokens, reading, token),
        passOver(reading, token, 1.04),
      ];
    case ':': {
      const comma = wrongSeparator(spanOf(token), ':');
      ways.push(pass(withFault(reading, comma, 1.01), token.end, 'next'));
      ways.push(...openObject(tokens, reading, token), ...closeBefore(tokens, reading, token));
      return ways;
    }
    case 'word': {
      const word = text.slice(token.offset, token.end);
      const fault = wrongSeparator(spanOf(token), word);
      if (/^[;.|&]$/.test(word)) ways.push(pass(withFault(reading, fault), token.end, 'next'));
      const rest = { ...token, end: endOfLine(text, token.offset) };
      ways.push(passOver(reading, token, 1.2), passOver(reading, rest, 1.4));
      return ways;
    }
    case ',':
    case '{':
    case '[':
    case 'string':
    case 'number':
    case 'literal':
    case 'end':
      return ways;
  }
}

function wrongSeparator(span: Span, sign: string): SyntaxFault {
  return syntaxFault(span, `\`,\` is expected here, not ${quoteText(sign)}`, 'write a comma');
}

/** A colon behind a string that was read as an item: it is a key of the object around, and the `]` before it is missing. */
function closeBefore(tokens: Tokens, { lastString }: Reading, colon: Token): Reading[] {
  const { before, offset } = lastString ?? {};
  const inside = before?.inside;
  if (before === undefined || offset === undefined || inside?.kind !== 'array') return [];
  if (inside.around?.kind !== 'object' || before.place !== 'next') return [];
  const string = tokens.at(offset);
  const closed = closeMissing(tokens.text, before, inside, string);
  const key = readToken(tokens, { ...closed, place: 'next' }, string);
  const value = key && readToken(tokens, key, colon);
  return value === undefined ? [] : [value];
}

/** A colon behind a string that was read as a value: it is a key, and the `{` before it is missing. */
function openObject(tokens: Tokens, { lastString }: Reading, colon: Token): Reading[] {
  if (lastString === undefined) return [];
  const { before, offset, end } = lastString;
  const fault = syntaxFault(
    { offset, length: end - offset },
    '`{` is missing before this',
    'add the missing `{`',
  );
  const opened = { ...open(tokens.text, withFault(before, fault), 'object', offset), lastValue: undefined };
  const key = readToken(tokens, opened, tokens.at(offset));
  const inside = key && readToken(tokens, key, colon);
  return inside === undefined ? [] : [inside];
}

/** Text behind the end of the document. */
function repairRest(tokens: Tokens, reading: Reading, token: Token): Reading[] {
  const message = 'text after the end of the document is not allowed';
  const text = tokens.text.slice(token.offset).trimEnd();
  const isStray = token.kind === '}' || token.kind === ']';
  const isInline = !isFirstOnLine(tokens.text, token.offset);
  // A rest that looks like members of an object rather follows a bracket that is one too many.
  const weight = token.kind !== '{' && /["{:]/.test(text) ? 50 : 2.5;
  const fault = syntaxFault({ offset: token.offset, length: text.length }, message);
  const rest = withFault(reading, fault, weight);
  return [
    ...(isStray ? [{ ...passOver(reading, token, 1), isDoubtful: reading.isDoubtful || isInline }] : []),
    ...(token.kind === ':' ? openObject(tokens, reading, token) : []),
    pass(rest, tokens.text.length),
  ];
}
