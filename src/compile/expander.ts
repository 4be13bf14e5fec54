import type { Span } from '../diagnostic/source.ts';
import type { List, ParameterPart, Word, WordPart } from '../recipe/sh/syntax-tree.ts';
import { evaluateArithmetic } from './text/arithmetic.ts';
import { FieldList } from './text/fields.ts';
import { GlobPattern, isAscii } from './text/glob.ts';
import { refuseBlanks } from './text/blanks.ts';
import { NotUnderstood } from './text/not-understood.ts';
import type { ShellState } from './shell-state.ts';

/** Runs the commands of a substitution and returns what they print, without the line ends at its end. */
type Substitute = (list: List, span: Span) => string;

/** Receives the parts of a word, expanded. */
interface PartSink {
  literal(text: string): void;
  quoted(text: string): void;
  expansion(text: string): void;
}

/** Expands the words of a script (POSIX.1-2017, XCU 2.6). Every method throws a {@link NotUnderstood} for what only a shell can tell. */
export class Expander {
  readonly #shell: { readonly state: ShellState };
  readonly #substitute: Substitute;
  readonly #source: string;

  /** `source` is the text of the script, to which spans refer. */
  constructor(shell: { readonly state: ShellState }, source: string, substitute: Substitute) {
    this.#shell = shell;
    this.#source = source;
    this.#substitute = substitute;
  }

  get #state(): ShellState {
    return this.#shell.state;
  }

  /** The words of a command, or of the list of a `for`. */
  fields(words: readonly Word[]): string[] {
    const fields: string[] = [];
    for (const word of words) {
      const plain = plainTextOf(word);
      if (plain === undefined) fields.push(...this.#fieldsOf(word));
      else fields.push(plain);
    }
    return fields;
  }

  /** A word that is not split: an assignment's value, the subject of a `case`, a here-document. */
  text(word: Word): string {
    let text = '';
    const add = (part: string) => void (text += part);
    this.#expand(word, { literal: add, quoted: add, expansion: add }, (part) => {
      throw new NotUnderstood(part.span, `shells differ in what $${part.name} is where words are not split`);
    });
    return text;
  }

  /** A pattern; what is quoted in it stands for itself. */
  pattern(word: Word): GlobPattern {
    const pattern = new GlobPattern(word.span);
    const add = (text: string) => pattern.addPattern(text);
    this.#expand(
      word,
      { literal: add, quoted: (text) => pattern.addQuoted(text), expansion: add },
      (part) => {
        throw new NotUnderstood(part.span, `shells differ in what $${part.name} is in a pattern`);
      },
    );
    return pattern;
  }

  /** The value of one unquoted word, which must not be split: that of `export NAME=value`, where shells differ. */
  unsplit(word: Word): string {
    let text = '';
    const list = this.#newFieldList(word);
    this.#expand(
      word,
      {
        literal: (part) => {
          text += part;
          list.addLiteral(part);
        },
        quoted: (part) => {
          text += part;
          list.addQuoted(part);
        },
        expansion: (part) => {
          text += part;
          list.addExpansion(part);
        },
      },
      (part) => {
        throw new NotUnderstood(
          part.span,
          `shells differ in what $${part.name} is where words are not split`,
        );
      },
    );
    list.endField();
    const [field = '', ...others] = list.fields;
    if (others.length === 0 && field === text) return text;
    throw new NotUnderstood(word.span, 'shells differ in whether this value is split into words');
  }

  #fieldsOf(word: Word): string[] {
    const list = this.#newFieldList(word);
    const sink: PartSink = {
      literal: (text) => list.addLiteral(text),
      quoted: (text) => list.addQuoted(text),
      expansion: (text) => list.addExpansion(text),
    };
    if (this.#isNoField(word)) return [];
    this.#expand(word, sink, (part) => this.#addParameters(part, list));
    list.endField();
    return list.fields;
  }

  #newFieldList({ span }: Word): FieldList {
    const separators = this.#state.variables.read('IFS', span) ?? ' \t\n';
    if (!isAscii(separators)) throw new NotUnderstood(span, 'IFS has a character that is not ASCII');
    return new FieldList(separators, span);
  }

  /** Whether the word is `"$@"` without parameters, which adds no argument. */
  #isNoField({ parts, span }: Word): boolean {
    const isAll = (part: WordPart) => part.kind === 'parameter' && part.name === '@' && part.quoted;
    if (this.#state.parameters.length > 0 || !parts.some(isAll)) return false;
    const others = parts.filter((part) => !isAll(part) && !(part.kind === 'literal' && part.text === ''));
    if (others.length > 0 && !others.some(({ kind }) => kind === 'literal')) {
      throw new NotUnderstood(span, 'shells differ in what `$@` without parameters adds to a word');
    }
    return others.length === 0;
  }

  /** `$@` and `$*`. */
  #addParameters(part: ParameterPart, list: FieldList): void {
    const { parameters } = this.#state;
    if (part.operator !== undefined)
      throw new NotUnderstood(part.span, `\${${part.name}${part.operator}…} is not evaluated`);
    if (part.quoted && part.name === '*') {
      list.addQuoted(parameters.join(list.separators.slice(0, 1)));
      return;
    }
    for (const [index, parameter] of parameters.entries()) {
      if (index > 0) list.endField();
      if (part.quoted) list.addQuoted(parameter);
      else list.addExpansion(parameter);
    }
  }

  #expand(word: Word, sink: PartSink, addParameters: (part: ParameterPart) => void): void {
    for (const [index, part] of word.parts.entries()) {
      switch (part.kind) {
        case 'literal':
          refuseOtherMeaning(part.text, part.quoted, word.parts[index + 1], word.span);
          if (part.quoted) sink.quoted(part.text);
          else sink.literal(part.text);
          break;
        case 'parameter':
          if (part.name === '@' || part.name === '*') addParameters(part);
          else this.#expandParameter(part, sink, addParameters);
          break;
        case 'substitution': {
          const text = this.#substitute(part.list, word.span);
          if (part.quoted) sink.quoted(text);
          else sink.expansion(text);
          break;
        }
        case 'arithmetic': {
          const value = evaluateArithmetic(this.text(part.content), word.span, (name) =>
            this.#state.variables.read(name, word.span),
          );
          if (part.quoted) sink.quoted(value.toString());
          else sink.expansion(value.toString());
          break;
        }
      }
    }
  }

  #expandParameter(part: ParameterPart, sink: PartSink, addParameters: (part: ParameterPart) => void): void {
    const value = this.#valueOf(part);
    const add = (text: string) => {
      if (part.quoted) sink.quoted(text);
      else sink.expansion(text);
    };
    const { operator, argument = noWord, span } = part;
    if (part.quoted && /[\\'"`]/.test(this.#textOf(argument.span))) {
      throw new NotUnderstood(span, 'shells differ in what quotes mean inside of a quoted ${…}');
    }
    const isPresent = value !== undefined && !(operator?.startsWith(':') === true && value === '');
    switch (operator) {
      case undefined:
        add(this.#present(value, part));
        return;
      case 'length':
        refuseBlanks(span, value ?? '');
        if (!isAscii(value ?? ''))
          throw new NotUnderstood(span, 'shells differ in the length of a text that is not ASCII');
        add(this.#present(value, part).length.toString());
        return;
      case '-':
      case ':-':
        if (isPresent) add(value);
        else this.#expandArgument(argument, sink, addParameters);
        return;
      case '+':
      case ':+':
        if (isPresent) this.#expandArgument(argument, sink, addParameters);
        return;
      case '=':
      case ':=':
        if (isPresent) add(value);
        else {
          if (!/^[A-Za-z_]/.test(part.name))
            throw new NotUnderstood(span, 'only a variable can be set by ${…=…}');
          const text = this.text(argument);
          this.#state.variables = this.#state.variables.with(part.name, text, span);
          add(text);
        }
        return;
      case '?':
      case ':?':
        if (!isPresent) throw new NotUnderstood(span, `${part.name} is not set, which ends the shell`);
        add(value);
        return;
      case '%':
      case '%%':
        add(this.pattern(argument).stripEnd(this.#present(value, part), operator === '%%'));
        return;
      case '#':
      case '##':
        add(this.pattern(argument).stripStart(this.#present(value, part), operator === '##'));
        return;
      default:
        throw new NotUnderstood(span, 'this form of ${…} is not of POSIX');
    }
  }

  /** The word of `${NAME-word}`. What it has unquoted is split like a value. */
  #expandArgument(argument: Word, sink: PartSink, addParameters: (part: ParameterPart) => void): void {
    this.#expand(argument, { ...sink, literal: (text) => sink.expansion(text) }, addParameters);
  }

  #present(value: string | undefined, { name, span }: ParameterPart): string {
    if (value === undefined && this.#state.refusesUnset) {
      throw new NotUnderstood(span, `${name} is not set, which ends the shell under \`set -u\``);
    }
    return value ?? '';
  }

  #valueOf({ name, span }: ParameterPart): string | undefined {
    const { parameters, lastStatus, variables } = this.#state;
    if (isLetter(name.charCodeAt(0))) return variables.read(name, span);
    if (/^[1-9][0-9]*$/.test(name)) return parameters[Number(name) - 1];
    if (name === '#') return parameters.length.toString();
    if (name === '?' && typeof lastStatus === 'number') return lastStatus.toString();
    throw new NotUnderstood(
      span,
      name === '?'
        ? lastStatus === 'unclear'
          ? 'shells differ in whether a command substitution changes the status'
          : 'the status of a program is not known as a number'
        : 'this parameter is known to a shell only',
    );
  }

  #textOf({ offset, length }: Span): string {
    return this.#source.slice(offset, offset + length);
  }
}

/** Whether a character, by its code, is a letter or `_`. */
function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

/** The texts of words that no shell changes; null for a word of another form. The same words are expanded for each peer. */
const plainTexts = new WeakMap<Word, string | null>();

function plainTextOf(word: Word): string | undefined {
  let text = plainTexts.get(word);
  if (text === undefined) {
    const [part, ...others] = word.parts;
    const isPlain = part?.kind === 'literal' && others.length === 0 && /^[\w./:@%+=,-]+$/.test(part.text);
    text = isPlain ? part.text : null;
    plainTexts.set(word, text);
  }
  return text ?? undefined;
}

const noWord: Word = { span: { offset: 0, length: 0 }, parts: [] };

/** Refuses text that some shells, or all, take for more than it says. */
function refuseOtherMeaning(text: string, quoted: boolean, next: WordPart | undefined, span: Span): void {
  if (text.includes('$[')) throw new NotUnderstood(span, 'bash takes `$[` for arithmetic');
  if (quoted) return;
  if (text.includes('~')) throw new NotUnderstood(span, '`~` may stand for a home directory');
  if (/\{.*(?:,|\.\.)/.test(text) || (text.includes('{') && next !== undefined)) {
    throw new NotUnderstood(span, 'bash makes several words of `{…,…}`');
  }
  if (text.endsWith('$') && next !== undefined)
    throw new NotUnderstood(span, 'shells differ in what a quote after `$` means');
}
