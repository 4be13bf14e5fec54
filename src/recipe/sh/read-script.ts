import type { Span } from '../../diagnostic/source.ts';
import { parseScript } from './parse-script.ts';
import type {
  AndOr,
  CommandNode,
  List,
  ParameterPart,
  Pipeline,
  Redirection,
  SimpleCommand,
  Word,
} from './syntax-tree.ts';
import { literalOf, splitAssignment } from './words.ts';

/** The actions of a script, as a flat list in the order of its text. */
export interface ScriptReading {
  /** Where reading stopped; undefined if the whole script was read. */
  readonly fault: Span | undefined;
  readonly calls: readonly Call[];
  readonly uses: readonly Use[];
  readonly settings: readonly Setting[];
  readonly functions: ReadonlySet<string>;
  /** The expansions of parameters, of all forms. */
  readonly expansions: readonly ParameterPart[];
  /** Where each `[[ … ]]` stands. */
  readonly tests: readonly Span[];
  /** Where the commands that end with `&` stand. */
  readonly backgrounds: readonly Span[];
}

/** Under what circumstances a command runs. */
interface Circumstances {
  /** Whether the script handles its failure, or checks something before the call. */
  readonly guarded: boolean;
  /** Whether it runs only if another has failed. */
  readonly fallback: boolean;
  /** The function whose body it stands in. */
  readonly within: string | undefined;
  /** Whether it surely reads the script's own standard input, and not a pipe, a file or what a function was given. */
  readonly readsScriptInput: boolean;
}

/** A simple command that has a name. */
export interface Call extends Circumstances {
  readonly node: SimpleCommand;
  /** The program, builtin or function, past `exec` and `command`; undefined if it is expanded. */
  readonly name: string | undefined;
  readonly nameSpan: Span;
  readonly arguments: readonly Word[];
}

/** An expansion of a variable. */
export interface Use {
  readonly name: string;
  readonly span: Span;
  /** Whether the script says what to take if the variable is unset: `${NAME:-word}` and its like. */
  readonly hasFallback: boolean;
  /** Whether it is asked about: in `[ … ]`, or as the subject of a `case`. */
  readonly tested: boolean;
}

/** A variable that is given a value. */
export interface Setting extends Circumstances {
  readonly name: string;
  /** The new value; undefined if it is not in the text. */
  readonly value: Word | undefined;
  /** For a variable of `read`: which one it is, from 0, and of how many. */
  readonly column: { readonly index: number; readonly count: number } | undefined;
}

/** Reads a script of POSIX sh as far as its text tells what it does. */
export function readScript(text: string): ScriptReading {
  const { list, fault } = parseScript(text);
  const reader = new Reader();
  reader.readList(list, { guarded: false, fallback: false, within: undefined, readsScriptInput: true });
  return {
    fault,
    calls: reader.calls,
    uses: reader.uses,
    settings: reader.settings,
    functions: reader.functions,
    expansions: reader.expansions,
    tests: reader.tests,
    backgrounds: reader.backgrounds,
  };
}

/** Commands that only ask: what follows them after `&&` runs only where it has to. */
const questions: ReadonlySet<string> = new Set([
  '[',
  'test',
  'grep',
  'command',
  'type',
  'hash',
  'which',
  'cmp',
  'diff',
]);

const declarations: ReadonlySet<string> = new Set(['export', 'readonly', 'local', 'declare', 'typeset']);

class Reader {
  readonly calls: Call[] = [];
  readonly uses: Use[] = [];
  readonly settings: Setting[] = [];
  readonly functions = new Set<string>();
  readonly expansions: ParameterPart[] = [];
  readonly tests: Span[] = [];
  readonly backgrounds: Span[] = [];

  readList(list: List, circumstances: Circumstances): void {
    for (const andOr of list) this.#readAndOr(andOr, circumstances);
  }

  #readAndOr({ first, rest, background }: AndOr, outer: Circumstances): void {
    if (background) this.backgrounds.push(first.span);
    const inner = background ? { ...outer, readsScriptInput: false } : outer;
    let guarded = inner.guarded || rest.some(({ operator }) => operator === '||');
    this.#readPipeline(first, { ...inner, guarded });
    let previous = first;
    for (const { operator, pipeline } of rest) {
      guarded ||= this.#asks(previous);
      this.#readPipeline(pipeline, { ...inner, guarded, fallback: inner.fallback || operator === '||' });
      previous = pipeline;
    }
  }

  #asks({ negated, commands }: Pipeline): boolean {
    const last = commands.at(-1);
    if (negated || last?.kind === 'test' || last?.kind === 'case') return true;
    if (last?.kind !== 'simple') return false;
    const name = literalOf(last.words[0]) ?? '';
    const isLook = last.words.some((word) => /^(show|list|get)$/.test(literalOf(word) ?? ''));
    return questions.has(name) || this.functions.has(name) || isLook;
  }

  #readPipeline({ negated, commands }: Pipeline, outer: Circumstances): void {
    for (const [index, node] of commands.entries()) {
      const readsScriptInput = outer.readsScriptInput && index === 0;
      this.#readNode(node, { ...outer, readsScriptInput, guarded: outer.guarded || negated });
    }
  }

  #readNode(node: CommandNode, outer: Circumstances): void {
    for (const redirection of node.redirections) this.#readRedirection(redirection, outer);
    const hasInput = node.redirections.some(redirectsInput);
    const inner = hasInput ? { ...outer, readsScriptInput: false } : outer;
    const guarded = { ...inner, guarded: true };
    switch (node.kind) {
      case 'simple':
        this.#readSimple(node, inner, outer);
        break;
      case 'group':
        this.readList(node.body, inner);
        break;
      case 'if':
        for (const { condition, body } of node.branches) {
          this.readList(condition, guarded);
          this.readList(body, guarded);
        }
        this.readList(node.otherwise, guarded);
        break;
      case 'loop':
        this.readList(node.condition, guarded);
        this.readList(node.body, inner);
        break;
      case 'for':
        this.#set(node.variable, undefined, inner);
        for (const word of node.words) this.#readWord(word, inner);
        this.readList(node.body, inner);
        break;
      case 'case':
        this.#readWord(node.subject, inner, true);
        for (const { patterns, body } of node.items) {
          for (const pattern of patterns) this.#readWord(pattern, inner);
          this.readList(body, guarded);
        }
        break;
      case 'function':
        this.functions.add(node.name);
        this.#readNode(node.body, { ...inner, within: node.name, readsScriptInput: false });
        break;
      case 'test':
        this.tests.push(node.span);
        for (const word of node.words) this.#readWord(word, inner, true);
        break;
    }
  }

  #readRedirection({ target, hereDocument }: Redirection, circumstances: Circumstances): void {
    this.#readWord(target, circumstances);
    if (hereDocument !== undefined) this.#readWord(hereDocument, circumstances);
  }

  #readSimple(node: SimpleCommand, inner: Circumstances, outer: Circumstances): void {
    for (const { name, value } of node.assignments) {
      this.#readWord(value, outer);
      this.#set(name, value, outer);
    }
    const [first] = node.words;
    if (first === undefined) return;
    const words = passPrefixes(node.words);
    const name = literalOf(words[0]);
    // Its own expansions are made before its redirections take effect.
    for (const word of node.words) this.#readWord(word, outer, name === '[' || name === 'test');
    const call = { ...inner, node, name, nameSpan: (words[0] ?? first).span, arguments: words.slice(1) };
    this.calls.push(call);
    this.#readSettings(call);
  }

  /** Builtins that set variables by name. */
  #readSettings(call: Call): void {
    const { name } = call;
    if (name === 'read') {
      const names = readNames(call.arguments);
      for (const [index, each] of names.entries())
        this.#set(each, undefined, call, { index, count: names.length });
    } else if (name === 'getopts' || name === 'unset') {
      for (const word of call.arguments) this.#set(literalOf(word) ?? '', undefined, call);
    } else if (name !== undefined && declarations.has(name)) {
      for (const word of call.arguments) {
        const assignment = splitAssignment(word);
        if (assignment !== undefined) this.#set(assignment.name, assignment.value, call);
      }
    }
  }

  #set(
    name: string,
    value: Word | undefined,
    circumstances: Circumstances,
    column?: Setting['column'],
  ): void {
    const { guarded, fallback, within, readsScriptInput } = circumstances;
    this.settings.push({ name, value, column, guarded, fallback, within, readsScriptInput });
  }

  #readWord(word: Word, circumstances: Circumstances, tested = false): void {
    for (const part of word.parts) {
      switch (part.kind) {
        case 'literal':
          break;
        case 'parameter':
          this.#readParameter(part, circumstances, tested);
          break;
        case 'substitution':
          this.readList(part.list, circumstances);
          break;
        case 'arithmetic':
          this.#readArithmetic(part.content, circumstances, tested);
          break;
      }
    }
  }

  #readParameter(part: ParameterPart, circumstances: Circumstances, tested: boolean): void {
    const { name, operator, argument, span } = part;
    this.expansions.push(part);
    const hasFallback = /^:?[-=+?]$/.test(operator ?? '');
    if (/^[A-Za-z_]/.test(name)) this.uses.push({ name, span, hasFallback, tested });
    if (operator === '=' || operator === ':=') this.#set(name, argument, circumstances);
    if (argument !== undefined) this.#readWord(argument, circumstances, tested);
  }

  /** In arithmetic, a variable needs no dollar sign; `NAME = …` sets it. */
  #readArithmetic(content: Word, circumstances: Circumstances, tested: boolean): void {
    const text = content.parts.map((part) => (part.kind === 'literal' ? part.text : '0')).join('');
    for (const { 1: name = '', 2: assigns } of text.matchAll(
      /(?<![\w.])([A-Za-z_]\w*)(\s*[-+*/%&|^]?=(?!=))?/g,
    )) {
      if (assigns === undefined) this.uses.push({ name, span: content.span, hasFallback: false, tested });
      else this.#set(name, undefined, circumstances);
    }
    this.#readWord(content, circumstances, tested);
  }
}

/** Whether what follows reads something else than the script does. */
function redirectsInput({ descriptor, operator }: Redirection): boolean {
  return operator.startsWith('<') && (descriptor ?? 0) === 0;
}

const prefixes: ReadonlySet<string> = new Set(['exec', 'command', 'builtin']);

/** Leaves out `exec` and `command`, where they stand before the command that they run. */
function passPrefixes(words: readonly Word[]): readonly Word[] {
  const first = words.findIndex((word, index) => {
    const next = words[index + 1];
    const isPrefix = prefixes.has(literalOf(word) ?? '') && next !== undefined;
    return !isPrefix || literalOf(next)?.startsWith('-') === true;
  });
  return words.slice(Math.max(0, first));
}

/** The variables of `read`: all that is neither an option nor an option's argument. */
function readNames(words: readonly Word[]): string[] {
  const names: string[] = [];
  let skipped = false;
  for (const text of words.map((word) => literalOf(word) ?? '')) {
    if (skipped) skipped = false;
    else if (names.length === 0 && text.startsWith('-')) skipped = /^-[a-z]*[adinNptu]$/.test(text);
    else names.push(text);
  }
  return names;
}
