import type { Span } from '../../diagnostic/source.ts';
import { ScriptCursor, ShellFault } from './script-cursor.ts';
import type {
  AndOr,
  CommandNode,
  Extension,
  List,
  Pipeline,
  Redirection,
  ScriptTree,
  Word,
} from './syntax-tree.ts';
import { literalOf } from './words.ts';
import { WordReader } from './word-reader.ts';

/** Words that end a list, and so begin no command. */
const closers: ReadonlySet<string> = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}']);
const noCloser: ReadonlySet<string> = new Set();

const blanks = /(?:[ \t]|\\\n)+/y;
const comment = /#[^\n]*/y;
const redirectionStart = /(?:[0-9]+(?=[<>]))?(?:&>>?|<<<|<<-?|<&|<>|<|>>|>&|>\||>)/y;
const posixRedirections: ReadonlySet<string> = new Set(['<', '>', '>>', '>|', '<&', '>&', '<>', '<<', '<<-']);
const assignmentStart = /[A-Za-z_]\w*\+?=/y;
const namePattern = /^[A-Za-z_]\w*$/;
const functionBrackets = /(?:[ \t]|\\\n)*\((?:[ \t]|\\\n)*\)/y;

/**
 * Reads a script of POSIX sh, with those additions of dash, BusyBox and bash that recipes use. Never throws: the reading ends before text
 * that cannot be read. The result is for findings only. Whether the syntax of a script is right, the shell itself decides.
 *
 * No package does this: the parsers of sh on npm are unmaintained, or asynchronous, or need WebAssembly.
 */
export function parseScript(text: string): ScriptTree {
  const cursor = new ScriptCursor(text);
  const list: AndOr[] = [];
  const extensions: Extension[] = [];
  try {
    new ListReader(extensions).readInto(list, cursor, noCloser);
    return { list, fault: cursor.ended ? undefined : cursor.fault(cursor.at).span, extensions };
  } catch (error) {
    if (error instanceof ShellFault) return { list, fault: error.span, extensions };
    throw error;
  }
}

/** A here-document whose text begins on the next line. */
interface PendingDocument {
  readonly delimiter: string;
  readonly isExpanded: boolean;
  readonly stripsTabs: boolean;
  readonly receive: (content: Word) => void;
}

class ListReader {
  readonly #words = new WordReader(
    (cursor) => new ListReader(this.#extensions).#readList(cursor, noCloser),
    (extension) => this.#extensions.push(extension),
  );
  readonly #documents: PendingDocument[] = [];
  readonly #extensions: Extension[];

  constructor(extensions: Extension[]) {
    this.#extensions = extensions;
  }

  /** Reads commands up to a closing word, a closing bracket, `;;` or the end; each is added when it is whole. */
  readInto(list: AndOr[], cursor: ScriptCursor, until: ReadonlySet<string>): void {
    for (;;) {
      this.#skipLines(cursor);
      if (endsList(cursor)) return;
      const word = peekPlain(cursor);
      if (word !== undefined && closers.has(word)) {
        if (until.has(word)) return;
        throw cursor.fault(cursor.at, cursor.at + word.length);
      }
      const andOr = cursor.nested(() => this.#readAndOr(cursor));
      skipBlanks(cursor);
      const background = cursor.sees('&') && !cursor.sees('&&') && cursor.take('&');
      list.push({ ...andOr, background });
      if (background || endsList(cursor) || cursor.take(';') || cursor.sees('\n')) continue;
      throw cursor.fault(cursor.at);
    }
  }

  #readList(cursor: ScriptCursor, until: ReadonlySet<string>): List {
    const list: AndOr[] = [];
    this.readInto(list, cursor, until);
    return list;
  }

  #readAndOr(cursor: ScriptCursor): Omit<AndOr, 'background'> {
    const first = this.#readPipeline(cursor);
    const rest: { operator: '&&' | '||'; pipeline: Pipeline }[] = [];
    for (;;) {
      skipBlanks(cursor);
      const operator = cursor.take('&&') ? '&&' : cursor.take('||') ? '||' : undefined;
      if (operator === undefined) return { first, rest };
      this.#skipLines(cursor);
      rest.push({ operator, pipeline: this.#readPipeline(cursor) });
    }
  }

  #readPipeline(cursor: ScriptCursor): Pipeline {
    const start = cursor.at;
    let negated = false;
    while (peekPlain(cursor) === '!') {
      if (negated) this.#note(cursor, cursor.at, 1, '! !');
      negated = !negated;
      cursor.at += 1;
      skipBlanks(cursor);
    }
    const commands = [this.#readCommand(cursor)];
    for (;;) {
      skipBlanks(cursor);
      if (cursor.sees('||') || !cursor.take('|')) {
        return { span: spanTo(cursor.span(start, start).offset, commands), negated, commands };
      }
      if (cursor.take('&')) this.#note(cursor, cursor.at - 2, 2, '|&');
      this.#skipLines(cursor);
      commands.push(this.#readCommand(cursor));
    }
  }

  #readCommand(cursor: ScriptCursor): CommandNode {
    const start = cursor.at;
    const node = this.#readCompound(cursor) ?? this.#readFunction(cursor);
    if (node === undefined) return this.#readSimple(cursor);
    const redirections: Redirection[] = [];
    for (;;) {
      skipBlanks(cursor);
      const end = cursor.at;
      if (!this.#readRedirection(cursor, redirections)) {
        return { ...node, redirections, span: cursor.span(start, end) };
      }
    }
  }

  #readCompound(cursor: ScriptCursor): CommandNode | undefined {
    const start = cursor.at;
    if (cursor.take('(')) {
      if (cursor.sees('(')) this.#note(cursor, start, 2, '((');
      const body = this.#readList(cursor, noCloser);
      this.#close(cursor, ')', start, 1);
      return { kind: 'group', subshell: true, body, ...unplaced };
    }
    const word = peekPlain(cursor);
    switch (word) {
      case '{': {
        cursor.at += 1;
        const body = this.#readList(cursor, new Set(['}']));
        this.#close(cursor, '}', start, 1);
        return { kind: 'group', subshell: false, body, ...unplaced };
      }
      case 'if':
        return this.#readIf(cursor);
      case 'while':
      case 'until': {
        cursor.at += word.length;
        const condition = this.#readList(cursor, new Set(['do']));
        const body = this.#readDoGroup(cursor, start, word.length);
        return { kind: 'loop', until: word === 'until', condition, body, ...unplaced };
      }
      case 'for':
      case 'select':
        if (word === 'select') this.#note(cursor, start, word.length, word);
        return this.#readFor(cursor, word.length);
      case 'case':
        return this.#readCase(cursor);
      case '[[':
        return this.#readTest(cursor);
      default:
        return undefined;
    }
  }

  #readIf(cursor: ScriptCursor): CommandNode {
    const start = cursor.at;
    const branches: { condition: List; body: List }[] = [];
    let otherwise: List = [];
    cursor.at += 'if'.length;
    do {
      const condition = this.#readList(cursor, new Set(['then']));
      this.#close(cursor, 'then', start, 2);
      branches.push({ condition, body: this.#readList(cursor, new Set(['elif', 'else', 'fi'])) });
    } while (cursor.take('elif'));
    if (cursor.take('else')) otherwise = this.#readList(cursor, new Set(['fi']));
    this.#close(cursor, 'fi', start, 2);
    return { kind: 'if', branches, otherwise, ...unplaced };
  }

  #readFor(cursor: ScriptCursor, keywordLength: number): CommandNode {
    const start = cursor.at;
    cursor.at += keywordLength;
    skipBlanks(cursor);
    const variable = peekPlain(cursor) ?? '';
    if (!namePattern.test(variable)) throw cursor.fault(cursor.at);
    cursor.at += variable.length;
    this.#skipLines(cursor);
    const words: Word[] = [];
    if (peekPlain(cursor) !== 'in') words.push(allParameters(cursor));
    else {
      cursor.at += 'in'.length;
      for (let word = this.#nextWord(cursor); word !== undefined; word = this.#nextWord(cursor))
        words.push(word);
    }
    cursor.take(';');
    this.#skipLines(cursor);
    return {
      kind: 'for',
      variable,
      words,
      body: this.#readDoGroup(cursor, start, keywordLength),
      ...unplaced,
    };
  }

  #readDoGroup(cursor: ScriptCursor, start: number, keywordLength: number): List {
    this.#close(cursor, 'do', start, keywordLength);
    const body = this.#readList(cursor, new Set(['done']));
    this.#close(cursor, 'done', start, keywordLength);
    return body;
  }

  #readCase(cursor: ScriptCursor): CommandNode {
    const start = cursor.at;
    cursor.at += 'case'.length;
    const subject = this.#nextWord(cursor);
    if (subject === undefined) throw cursor.fault(cursor.at);
    this.#skipLines(cursor);
    this.#close(cursor, 'in', start, 4);
    const items: { patterns: Word[]; body: List }[] = [];
    for (;;) {
      this.#skipLines(cursor);
      if (peekPlain(cursor) === 'esac') break;
      if (cursor.ended) throw cursor.fault(start, start + 4);
      items.push(this.#readCaseItem(cursor));
    }
    cursor.at += 'esac'.length;
    return { kind: 'case', subject, items, ...unplaced };
  }

  #readCaseItem(cursor: ScriptCursor): { patterns: Word[]; body: List } {
    cursor.take('(');
    const patterns: Word[] = [];
    do {
      const pattern = this.#nextWord(cursor);
      if (pattern === undefined) throw cursor.fault(cursor.at);
      patterns.push(pattern);
      skipBlanks(cursor);
    } while (cursor.take('|'));
    if (!cursor.take(')')) throw cursor.fault(cursor.at);
    const body = this.#readList(cursor, new Set(['esac']));
    const after = cursor.at;
    if (cursor.take(';;&') || (!cursor.take(';;') && cursor.take(';&'))) {
      this.#note(cursor, after, cursor.at - after, cursor.text.slice(after, cursor.at));
    }
    return { patterns, body };
  }

  #readTest(cursor: ScriptCursor): CommandNode {
    const start = cursor.at;
    cursor.at += '[['.length;
    this.#note(cursor, start, 2, '[[ … ]]');
    const words: Word[] = [];
    for (;;) {
      cursor.at += cursor.match(/(?:[ \t\n&|<>();]|\\\n)+/y)?.length ?? 0;
      const word = this.#words.readWord(cursor);
      if (word === undefined) throw cursor.fault(start, start + 2);
      if (literalOf(word) === ']]') return { kind: 'test', words, ...unplaced };
      words.push(word);
    }
  }

  #readFunction(cursor: ScriptCursor): CommandNode | undefined {
    const start = cursor.at;
    const byKeyword = peekPlain(cursor) === 'function';
    if (byKeyword) {
      this.#note(cursor, start, 'function'.length, 'function');
      cursor.at += 'function'.length;
      skipBlanks(cursor);
    }
    const name = peekPlain(cursor);
    if (name !== undefined) {
      cursor.at += name.length;
      const brackets = cursor.match(functionBrackets);
      if (brackets !== undefined || byKeyword) {
        cursor.at += brackets?.length ?? 0;
        this.#skipLines(cursor);
        const body = cursor.nested(() => this.#readCommand(cursor));
        return { kind: 'function', name, body, ...unplaced };
      }
    }
    cursor.at = start;
    return undefined;
  }

  #readSimple(cursor: ScriptCursor): CommandNode {
    const start = cursor.at;
    const assignments: { name: string; value: Word }[] = [];
    const words: Word[] = [];
    const redirections: Redirection[] = [];
    let end = start;
    for (;;) {
      skipBlanks(cursor);
      if (this.#readRedirection(cursor, redirections)) end = cursor.at;
      else {
        const name = words.length === 0 ? cursor.match(assignmentStart) : undefined;
        if (name?.endsWith('+=') === true) this.#note(cursor, cursor.at, name.length, '+=');
        cursor.at += name?.length ?? 0;
        const at = cursor.at;
        const word = this.#words.readWord(cursor);
        if (word === undefined && name === undefined) break;
        if (name === undefined) words.push(word ?? emptyWord(cursor, at));
        else {
          assignments.push({ name: name.replace(/\+?=$/, ''), value: word ?? emptyWord(cursor, at) });
        }
        end = cursor.at;
      }
    }
    if (end === start) throw cursor.fault(cursor.at);
    if (cursor.sees('(')) throw cursor.fault(cursor.at);
    return { kind: 'simple', assignments, words, redirections, span: cursor.span(start, end) };
  }

  #readRedirection(cursor: ScriptCursor, redirections: Redirection[]): boolean {
    const start = cursor.match(redirectionStart);
    if (start === undefined) return false;
    const operator = start.replace(/^[0-9]+/, '');
    if (!posixRedirections.has(operator)) this.#note(cursor, cursor.at, start.length, operator);
    cursor.at += start.length;
    const target = this.#nextWord(cursor);
    if (target === undefined) throw cursor.fault(cursor.at);
    const digits = start.slice(0, start.length - operator.length);
    const redirection = {
      descriptor: digits === '' ? undefined : Number(digits),
      operator,
      target,
      hereDocument: undefined as Word | undefined,
    };
    redirections.push(redirection);
    if (operator === '<<' || operator === '<<-') {
      this.#documents.push({
        delimiter: literalOf(target) ?? '',
        isExpanded: !target.parts.some((part) => part.kind === 'literal' && part.quoted),
        stripsTabs: operator === '<<-',
        receive: (content) => void (redirection.hereDocument = content),
      });
    }
    return true;
  }

  /** Notes a construct beyond POSIX that begins at an index of the cursor's text. */
  #note(cursor: ScriptCursor, at: number, length: number, construct: string): void {
    this.#extensions.push({ span: cursor.span(at, at + length), construct });
  }

  #nextWord(cursor: ScriptCursor): Word | undefined {
    skipBlanks(cursor);
    return this.#words.readWord(cursor);
  }

  /** Passes over the word or bracket that ends a compound command; without it, the one that began it is at fault. */
  #close(cursor: ScriptCursor, closing: string, opening: number, openingLength: number): void {
    skipBlanks(cursor);
    if (cursor.take(closing)) return;
    if (cursor.ended) throw cursor.fault(opening, opening + openingLength);
    throw cursor.fault(cursor.at, cursor.at + (peekPlain(cursor)?.length ?? 1));
  }

  /** Passes over blanks, comments and line ends, and over the here-documents that begin after one. */
  #skipLines(cursor: ScriptCursor): void {
    for (;;) {
      skipBlanks(cursor);
      if (!cursor.take('\n')) return;
      for (const document of this.#documents.splice(0)) this.#readDocument(cursor, document);
    }
  }

  #readDocument(cursor: ScriptCursor, { delimiter, isExpanded, stripsTabs, receive }: PendingDocument): void {
    const start = cursor.at;
    let end = start;
    while (!cursor.ended) {
      const lineBreak = cursor.text.indexOf('\n', cursor.at);
      const lineEnd = lineBreak === -1 ? cursor.text.length : lineBreak;
      const line = cursor.text.slice(cursor.at, lineEnd);
      end = cursor.at;
      cursor.at = Math.min(lineEnd + 1, cursor.text.length);
      if ((stripsTabs ? line.replace(/^\t+/, '') : line) === delimiter) break;
      end = cursor.at;
    }
    if (isExpanded) receive(this.#words.readText(cursor.stretch(start, end)));
    else {
      const text = cursor.text.slice(start, end);
      receive({ span: cursor.span(start, end), parts: [{ kind: 'literal', text, quoted: true }] });
    }
  }
}

function spanTo(offset: number, commands: readonly CommandNode[]): Span {
  const last = commands.at(-1)?.span;
  return { offset, length: last === undefined ? 0 : last.offset + last.length - offset };
}

/** `"$@"`, where it is not written. */
function allParameters(cursor: ScriptCursor): Word {
  const span = cursor.span(cursor.at, cursor.at);
  const part = {
    kind: 'parameter',
    name: '@',
    operator: undefined,
    argument: undefined,
    quoted: true,
    span,
  } as const;
  return { span, parts: [part] };
}

/** Filled in once the node's redirections are read. */
const unplaced = { redirections: [], span: { offset: 0, length: 0 } };

function endsList(cursor: ScriptCursor): boolean {
  return cursor.ended || cursor.sees(')') || cursor.sees(';;') || cursor.sees(';&');
}

function emptyWord(cursor: ScriptCursor, at: number): Word {
  return { span: cursor.span(at, at), parts: [] };
}

function skipBlanks(cursor: ScriptCursor): void {
  cursor.at += cursor.match(blanks)?.length ?? 0;
  cursor.at += cursor.match(comment)?.length ?? 0;
}

/** The word that begins here, if nothing of it is quoted or expanded. */
function peekPlain(cursor: ScriptCursor): string | undefined {
  const word = cursor.match(/[^ \t\n;&|<>()$`'"\\]+/y);
  return word !== undefined && /[$`'"\\]/.test(cursor.text[cursor.at + word.length] ?? '') ? undefined : word;
}
