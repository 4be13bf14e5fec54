import type { ScriptCursor } from './script-cursor.ts';
import type { Extension, List, ParameterPart, Word, WordPart } from './syntax-tree.ts';

/** Reads the commands of a substitution, up to what closes it or to the end of the text. */
type ListReader = (cursor: ScriptCursor) => List;

const blankOrOperator = /[ \t\n;&|<>()]/;
const plainRun = /[^\\'"$` \t\n;&|<>()]+/y;
const quotedRun = /[^\\"$`]+/y;
const bracedRun = /[^\\'"$`}]+/y;
const textRun = /[^\\$`]+/y;
const simpleParameter = /\$(?:[A-Za-z_]\w*|[0-9*@#?$!-])/y;
const lengthOfParameter = /\$\{#(?:[A-Za-z_]\w*|[0-9]+|[*@#?$!-])\}/y;
const bracedParameter = /\$\{(?:[A-Za-z_]\w*|[0-9]+|[*@#?$!-])?/y;
const parameterOperator = /:?[-=?+]|%%?|##?|[^}]/y;

/** Reads words: quotes, escapes and expansions. Throws a {@link ShellFault} where one is never closed. */
export class WordReader {
  readonly #readList: ListReader;
  readonly #note: (extension: Extension) => void;

  /** `note` receives each construct beyond POSIX. */
  constructor(readList: ListReader, note: (extension: Extension) => void) {
    this.#readList = readList;
    this.#note = note;
  }

  /** Reads the word that begins here, or undefined if none does. */
  readWord(cursor: ScriptCursor): Word | undefined {
    const start = cursor.at;
    const parts = new Parts();
    while (!cursor.ended && !blankOrOperator.test(cursor.text[cursor.at] ?? '')) {
      this.#readPlain(cursor, parts);
    }
    return cursor.at === start ? undefined : { span: cursor.span(start), parts: parts.list };
  }

  /** Reads a whole text in which only expansions and backslashes count: a here-document, or arithmetic. */
  readText(cursor: ScriptCursor): Word {
    const parts = new Parts();
    while (!cursor.ended) {
      if (cursor.sees('\\')) readEscape(cursor, parts, /[$`\\\n]/);
      else if (cursor.sees('$') || cursor.sees('`')) parts.add(this.#readExpansion(cursor, true));
      else readRun(cursor, textRun, parts, true);
    }
    return { span: cursor.span(0), parts: parts.list };
  }

  #readPlain(cursor: ScriptCursor, parts: Parts): void {
    if (cursor.sees('\\')) readEscape(cursor, parts);
    else if (cursor.sees("'")) readSingleQuoted(cursor, parts);
    else if (cursor.sees('"')) this.#readDoubleQuoted(cursor, parts);
    else if (cursor.sees('$') || cursor.sees('`')) parts.add(this.#readExpansion(cursor, false));
    else readRun(cursor, plainRun, parts, false);
  }

  #readDoubleQuoted(cursor: ScriptCursor, parts: Parts): void {
    const start = cursor.at;
    cursor.at += 1;
    parts.literal('', true);
    while (!cursor.take('"')) {
      if (cursor.ended) throw cursor.fault(start);
      if (cursor.sees('\\')) readEscape(cursor, parts, /[$`"\\\n]/);
      else if (cursor.sees('$') || cursor.sees('`')) parts.add(this.#readExpansion(cursor, true));
      else readRun(cursor, quotedRun, parts, true);
    }
  }

  #readExpansion(cursor: ScriptCursor, quoted: boolean): WordPart {
    if (cursor.sees('`')) return this.#readBackquoted(cursor, quoted);
    if (cursor.sees('${')) return this.#readBraced(cursor, quoted);
    const arithmeticEnd = cursor.sees('$((') ? findArithmeticEnd(cursor) : undefined;
    if (arithmeticEnd !== undefined) return this.#readArithmetic(cursor, arithmeticEnd, quoted);
    if (cursor.sees('$((')) this.#note({ span: cursor.span(cursor.at, cursor.at + 3), construct: '$((' });
    if (cursor.sees('$(')) return this.#readSubstitution(cursor, quoted);
    const start = cursor.at;
    const parameter = cursor.match(simpleParameter);
    cursor.at += parameter?.length ?? 1;
    if (parameter === undefined) return { kind: 'literal', text: '$', quoted };
    return makeParameter(parameter.slice(1), quoted, cursor, start);
  }

  #readSubstitution(cursor: ScriptCursor, quoted: boolean): WordPart {
    const start = cursor.at;
    cursor.at += 2;
    const list = cursor.nested(() => this.#readList(cursor));
    if (cursor.ended) throw cursor.fault(start, start + 2);
    if (!cursor.take(')')) throw cursor.fault(cursor.at);
    return { kind: 'substitution', list, backquoted: false, quoted };
  }

  #readArithmetic(cursor: ScriptCursor, end: number, quoted: boolean): WordPart {
    const content = cursor.stretch(cursor.at + 3, end - 2);
    cursor.at = end;
    return { kind: 'arithmetic', content: content.nested(() => this.readText(content)), quoted };
  }

  /** Inside backquotes, a backslash before a backquote, a dollar or a backslash is taken away first. */
  #readBackquoted(cursor: ScriptCursor, quoted: boolean): WordPart {
    const { text, at: start } = cursor;
    const escaped = quoted ? /[`$\\"]/ : /[`$\\]/;
    let inner = '';
    const origins: number[] = [];
    for (cursor.at += 1; !cursor.take('`'); cursor.at += 1) {
      if (cursor.ended) throw cursor.fault(start);
      if (cursor.sees('\\') && escaped.test(text[cursor.at + 1] ?? '')) cursor.at += 1;
      inner += text[cursor.at] ?? '';
      origins.push(cursor.at);
    }
    origins.push(cursor.at - 1);
    const content = cursor.derived(inner, origins);
    const list = content.nested(() => this.#readList(content));
    if (!content.ended) throw content.fault(content.at);
    return { kind: 'substitution', list, backquoted: true, quoted };
  }

  #readBraced(cursor: ScriptCursor, quoted: boolean): WordPart {
    const start = cursor.at;
    const length = cursor.match(lengthOfParameter);
    if (length !== undefined) {
      cursor.at += length.length;
      return makeParameter(length.slice(3, -1), quoted, cursor, start, 'length');
    }
    const opening = cursor.match(bracedParameter) ?? '${';
    cursor.at += opening.length;
    const name = opening.slice(2);
    if (cursor.take('}')) return makeParameter(name, quoted, cursor, start);
    const operator = cursor.match(parameterOperator) ?? '';
    cursor.at += operator.length;
    // The quotes around an expansion do not quote the pattern inside of it.
    const argument = this.#readBracedArgument(cursor, start, quoted && !/^[%#]/.test(operator));
    return makeParameter(name, quoted, cursor, start, operator, argument);
  }

  /** Reads up to the closing brace. What is `quoted` takes single quotes as they are. */
  #readBracedArgument(cursor: ScriptCursor, opening: number, quoted: boolean): Word {
    const start = cursor.at;
    const parts = new Parts();
    while (!cursor.sees('}')) {
      if (cursor.ended) throw cursor.fault(opening, opening + 2);
      if (cursor.sees('\\')) readEscape(cursor, parts);
      else if (cursor.sees("'") && !quoted) readSingleQuoted(cursor, parts);
      else if (cursor.sees('"')) cursor.nested(() => this.#readDoubleQuoted(cursor, parts));
      else if (cursor.sees('$') || cursor.sees('`')) {
        parts.add(cursor.nested(() => this.#readExpansion(cursor, quoted)));
      } else readRun(cursor, bracedRun, parts, quoted);
    }
    const argument = { span: cursor.span(start), parts: parts.list };
    cursor.at += 1;
    return argument;
  }
}

/** The parts of a word, literal ones that touch made one. */
class Parts {
  readonly list: WordPart[] = [];

  add(part: WordPart): void {
    const last = this.list.at(-1);
    if (part.kind === 'literal' && last?.kind === 'literal' && last.quoted === part.quoted) {
      this.list[this.list.length - 1] = { ...last, text: last.text + part.text };
    } else this.list.push(part);
  }

  literal(text: string, quoted: boolean): void {
    this.add({ kind: 'literal', text, quoted });
  }
}

function makeParameter(
  name: string,
  quoted: boolean,
  cursor: ScriptCursor,
  start: number,
  operator?: string,
  argument?: Word,
): ParameterPart {
  return { kind: 'parameter', name, operator, argument, quoted, span: cursor.span(start) };
}

/** Reads a run of ordinary characters; a single one where the pattern does not apply. */
function readRun(cursor: ScriptCursor, run: RegExp, parts: Parts, quoted: boolean): void {
  const text = cursor.match(run) ?? cursor.text[cursor.at] ?? '';
  parts.literal(text, quoted);
  cursor.at += text.length;
}

/** Reads a backslash and what it stands before; where that is not one of `special`, the backslash means itself. */
function readEscape(cursor: ScriptCursor, parts: Parts, special?: RegExp): void {
  const next = cursor.text[cursor.at + 1] ?? '';
  if (special?.test(next) === false || next === '') {
    parts.literal('\\', true);
    cursor.at += 1;
    return;
  }
  if (next !== '\n') parts.literal(next, true);
  cursor.at += 2;
}

function readSingleQuoted(cursor: ScriptCursor, parts: Parts): void {
  const end = cursor.text.indexOf("'", cursor.at + 1);
  if (end === -1) throw cursor.fault(cursor.at);
  parts.literal(cursor.text.slice(cursor.at + 1, end), true);
  cursor.at = end + 1;
}

/** The index after the `))` that closes a `$((`; undefined if the two are not together: then it is `$( (…) )`. */
function findArithmeticEnd({ text, at }: ScriptCursor): number | undefined {
  let depth = 2;
  for (const { 0: token, index } of text
    .slice(at + 3)
    .matchAll(/\\[\s\S]|'[^']*'|"(?:[^"\\]|\\[\s\S])*"|[()]/g)) {
    if (token === '(') depth += 1;
    if (token === ')') depth -= 1;
    if (depth === 1) return text.startsWith('))', at + 3 + index) ? at + 5 + index : undefined;
  }
  return undefined;
}
