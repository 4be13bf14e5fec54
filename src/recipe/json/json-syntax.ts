import { parseTree, printParseErrorCode, visit, type Node, type ParseError } from 'jsonc-parser';
import type { Findings } from '../../diagnostic/findings.ts';
import type { SourceText, Span } from '../../diagnostic/source.ts';
import { quoteText } from '../../diagnostic/visible-text.ts';
import { closeDocument } from './open-end.ts';

type SyntaxErrorName = ReturnType<typeof printParseErrorCode>;

/** Deeper than any recipe; keeps a hostile document from exhausting the stack. */
const deepestNesting = 32;

/** The treatment of a document that ends before its objects are closed. */
export type OpenEnd = 'refused' | 'kept';

/** A document whose structure is certain, though single tokens in it may be wrong. */
export interface SyntaxTree {
  readonly root: Node;
  /** The offsets of strings and numbers that are wrong in themselves. Their values are not to be used. */
  readonly brokenTokens: ReadonlySet<number>;
  /** The offsets of objects and arrays that the document does not close: it ends before they do. */
  readonly open: ReadonlySet<number>;
  /** The offsets of items that have no comma before them. In an array they may be pieces of one string. */
  readonly unseparated: ReadonlySet<number>;
}

/**
 * Reads strict JSON (RFC 8259), as flannel does. After a comment, a trailing comma, a missing one or a wrong token the
 * rest is read on, so that all of it can be checked. Returns undefined if the structure of the document is not certain.
 *
 * @param openEnd whether a document that ends too early is read as far as it goes, which is an error in any case
 */
export function parseStrictJson(
  source: SourceText,
  findings: Findings,
  openEnd: OpenEnd,
): SyntaxTree | undefined {
  const { text } = source;
  if (text.trim() === '') {
    findings.error('json-syntax', { offset: 0, length: 0 }, 'the document is empty');
    return undefined;
  }
  const tooDeep = findDeepNesting(text);
  if (tooDeep !== undefined) {
    findings.error('json-syntax', tooDeep, `the document is nested more than ${deepestNesting} deep`);
    return undefined;
  }
  const { root, errors, isReadable } = readTolerantly(text);
  const closed = isReadable || openEnd === 'refused' ? undefined : closeDocument(text);
  const beginning = closed && readTolerantly(closed.text);
  const isBeginningReadable = beginning?.isReadable === true;
  reportSyntaxErrors(text, errors, isReadable, isBeginningReadable ? checkedBefore : checkedLater, findings);
  if (!isStrict(text)) reportLeniencies(text, findings, !isReadable);
  if (isReadable) return treeOf(root, errors, new Set());
  return closed && isBeginningReadable ? treeOf(beginning.root, beginning.errors, closed.open) : undefined;
}

/** The ends of hints that say how much of a document was checked. */
const checkedLater = 'heddle checks the rest once this is corrected';
const checkedBefore = 'heddle has checked what stands before this';

interface TolerantReading {
  readonly root: Node | undefined;
  readonly errors: readonly ParseError[];
  readonly isReadable: boolean;
}

function readTolerantly(text: string): TolerantReading {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { allowTrailingComma: true });
  return { root, errors, isReadable: errors.every((error) => isLocal(error) || isMissingComma(error)) };
}

function treeOf(
  root: Node | undefined,
  errors: readonly ParseError[],
  open: ReadonlySet<number>,
): SyntaxTree | undefined {
  if (root === undefined) return undefined;
  const offsets = (chosen: readonly ParseError[]) => new Set(chosen.map(({ offset }) => offset));
  return {
    root,
    open,
    brokenTokens: offsets(errors.filter(isLocal)),
    unseparated: offsets(errors.filter(isMissingComma)),
  };
}

function findDeepNesting(text: string): Span | undefined {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/g)) {
    if (token === '[' || token === '{') depth += 1;
    if (token === ']' || token === '}') depth -= 1;
    if (depth > deepestNesting) return { offset: index, length: 1 };
  }
  return undefined;
}

/** Whether a text is strict JSON. V8 tells it twenty times faster than a visit of every token. */
function isStrict(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Reports the syntax that jsonc-parser accepts and JSON does not allow. */
function reportLeniencies(text: string, findings: Findings, onlyComments: boolean): void {
  let trailing: Span | undefined;
  const reportTrailing = () => {
    if (trailing === undefined || onlyComments) return;
    findings.error(
      'json-trailing-comma',
      trailing,
      'a comma is not allowed after the last item',
      'remove the comma',
    );
    trailing = undefined;
  };
  const forget = () => void (trailing = undefined);
  visit(
    text,
    {
      onComment: (offset, length) =>
        findings.error(
          'json-comment',
          { offset, length },
          'JSON does not allow comments',
          'remove the comment',
        ),
      onSeparator: (character, offset, length) => {
        trailing = character === ',' ? { offset, length } : undefined;
      },
      onObjectProperty: forget,
      onLiteralValue: forget,
      onObjectBegin: forget,
      onArrayBegin: forget,
      onObjectEnd: reportTrailing,
      onArrayEnd: reportTrailing,
    },
    { allowTrailingComma: true },
  );
}

/** Errors inside one token, after which the parser is still in step with the text. */
const localErrors: ReadonlySet<SyntaxErrorName> = new Set<SyntaxErrorName>([
  'InvalidCharacter',
  'InvalidEscapeCharacter',
  'InvalidUnicode',
  'UnexpectedEndOfNumber',
]);

function isLocal({ error }: ParseError): boolean {
  return localErrors.has(printParseErrorCode(error));
}

function isMissingComma({ error }: ParseError): boolean {
  return printParseErrorCode(error) === 'CommaExpected';
}

/**
 * Reports every error of a document that is readable on the whole. Of any other, reports every error inside a token and
 * the first of the rest: those after it are mostly its consequence.
 */
function reportSyntaxErrors(
  text: string,
  errors: readonly ParseError[],
  isReadable: boolean,
  aboutTheRest: string,
  findings: Findings,
): void {
  let derailed = false;
  for (const error of errors) {
    const name = printParseErrorCode(error.error);
    if (derailed) continue;
    derailed = !isReadable && !isLocal(error);
    const { message, hint } = explainSyntaxError(name, text.slice(error.offset, error.offset + error.length));
    const advice = derailed ? [hint, aboutTheRest].filter((part) => part !== undefined).join('; ') : hint;
    findings.error('json-syntax', locate(name, error, text), message, advice);
  }
}

/** The exact place inside a string, and the end of the content rather than of the file. */
function locate(name: SyntaxErrorName, { offset, length }: ParseError, text: string): Span {
  const end = text.trimEnd().length;
  if (offset >= end) return { offset: end, length: 0 };
  const [, healthy, fault] = stringFaults[name]?.exec(text.slice(offset + 1, offset + length)) ?? [];
  if (healthy === undefined || fault === undefined) return { offset, length };
  return { offset: offset + 1 + healthy.length, length: fault.length };
}

/** In the content of a string: what is right, and the first thing that is not. */
const stringFaults: Partial<Record<SyntaxErrorName, RegExp>> = {
  InvalidCharacter: /^([\u0020-\uffff]*)([^\u0020-\uffff])/,
  InvalidEscapeCharacter: /^((?:[^\\]|\\["\\/bfnrtu])*)(\\[^"\\/bfnrtu])/,
  InvalidUnicode: /^((?:[^\\]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*)(\\u[0-9a-fA-F]*)/,
};

interface SyntaxExplanation {
  readonly message: string;
  readonly hint?: string;
}

function explainSyntaxError(name: SyntaxErrorName, token: string): SyntaxExplanation {
  switch (name) {
    case 'InvalidSymbol':
      return explainSymbol(token);
    case 'InvalidNumberFormat':
    case 'UnexpectedEndOfNumber':
      return { message: 'this number is not complete', hint: 'add a digit' };
    case 'PropertyNameExpected':
      return { message: 'a key in double quotes is expected here' };
    case 'ValueExpected':
      return { message: 'a value is expected here' };
    case 'ColonExpected':
      return { message: '`:` is expected between a key and its value' };
    case 'CommaExpected':
      return { message: '`,` is missing before this' };
    case 'CloseBraceExpected':
      return { message: 'the document ends before the object is closed', hint: 'add the missing `}`' };
    case 'CloseBracketExpected':
      return { message: 'the document ends before the array is closed', hint: 'add the missing `]`' };
    case 'EndOfFileExpected':
      return { message: 'text after the end of the document is not allowed' };
    case 'InvalidCommentToken':
    case 'UnexpectedEndOfComment':
      return { message: 'this comment is not closed', hint: 'JSON does not allow comments: remove it' };
    case 'UnexpectedEndOfString':
      return {
        message: 'this string is not closed on its line',
        hint: 'close it with `"`; write a line break as `\\n`, or a command as an array of lines',
      };
    case 'InvalidUnicode':
      return { message: '`\\u` must be followed by four hexadecimal digits' };
    case 'InvalidEscapeCharacter':
      return { message: 'JSON does not have this escape sequence', hint: 'write a backslash as `\\\\`' };
    case 'InvalidCharacter':
      return {
        message: 'a string must not contain a control character',
        hint: 'write a tab as `\\t`, and any other control character as `\\u` and four hexadecimal digits',
      };
    case '<unknown ParseErrorCode>':
      return { message: 'this is not valid JSON' };
  }
}

function explainSymbol(token: string): SyntaxExplanation {
  if (token.startsWith('\ufeff')) {
    return { message: 'the document begins with a byte order mark', hint: 'save it as UTF-8 without one' };
  }
  const message = `${quoteText(token)} is not a JSON value`;
  if (/^['`]/.test(token)) return { message, hint: 'put strings in double quotes' };
  if (/^[+.\d-]/.test(token)) return { message, hint: 'a number begins with a digit, or `-` and a digit' };
  if (/^(true|false|null)$/i.test(token)) return { message, hint: `write \`${token.toLowerCase()}\`` };
  if (/^[A-Za-z]/.test(token)) return { message, hint: `put it in double quotes: \`"${token}"\`` };
  return { message };
}
