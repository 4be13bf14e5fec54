import { parse, type ParseEntry } from 'shell-quote';
import type { Command } from './recipe.ts';
import { expansionMark, flattenScript } from './shell-text.ts';
import { builtins, closingWords, commandIntroducers, probes } from './shell-words.ts';

/**
 * Names the programs that commands call, in the order they appear, by reading their text. Careful: a program is named
 * only if the script cannot do without it. One that is called after `||`, that the script looks for (`command -v`),
 * whose name is expanded, or that is a function of the script, is left out.
 */
export function findPrograms(commands: readonly Command[]): string[] {
  const found = new Set<string>();
  for (const { lines } of commands) {
    const calls = readCalls(lines.map(({ text }) => text).join('\n'));
    for (const program of calls.called) if (!calls.excluded.has(program)) found.add(program);
  }
  return [...found];
}

interface Calls {
  readonly called: ReadonlySet<string>;
  /** Functions of the script, and programs that it looks for before it uses them. */
  readonly excluded: ReadonlySet<string>;
}

function readCalls(script: string): Calls {
  const called = new Set<string>();
  const excluded = new Set<string>();
  for (const text of flattenScript(script)) {
    const reader = new CallReader(called, excluded);
    const entries = parse(text);
    for (const [index, entry] of entries.entries()) reader.read(entry, entries.slice(index + 1, index + 3));
  }
  return { called, excluded };
}

/**
 * Where a reader is:
 * - `command`: the next word is a command, or grammar;
 * - `fallback`: the same, but the command only runs if another failed;
 * - `arguments`: words up to the next separator are arguments;
 * - `probed`: the same, and they name what the script looks for;
 * - `case`: between `case` and `in`;
 * - `pattern`: among the patterns of a `case`, up to `)`;
 * - `function`: between the brackets that make the word before them a function;
 * - `test`: inside `[[ … ]]`.
 */
type Position = 'command' | 'fallback' | 'arguments' | 'probed' | 'case' | 'pattern' | 'function' | 'test';

const redirections: ReadonlySet<string> = new Set([
  ...['<', '>', '>>', '>&', '<&', '<>', '>|', '&>', '&>>', '<<<', '<<', '<<-'],
]);
const programName = /^(\/[\w.+/-]+|[A-Za-z_][\w.-]*)$/;

/** Reads one text, entry by entry. */
class CallReader {
  readonly #called: Set<string>;
  readonly #excluded: Set<string>;
  #position: Position = 'command';
  #afterRedirection = false;
  /** How many groups of a fallback are open. */
  #fallbackDepth = 0;

  constructor(called: Set<string>, excluded: Set<string>) {
    this.#called = called;
    this.#excluded = excluded;
  }

  read(entry: ParseEntry, next: readonly ParseEntry[]): void {
    if (typeof entry === 'string') this.#readWord(entry, next);
    else if ('op' in entry && entry.op !== 'glob') this.#readOperator(entry.op);
    else this.#readWord(expansionMark, next);
  }

  #readOperator(operator: string): void {
    if (redirections.has(operator)) this.#afterRedirection = true;
    else if (this.#fallbackDepth > 0) this.#countGroups(operator);
    else if (this.#position === 'pattern') this.#position = operator === ')' ? 'command' : 'pattern';
    else if (this.#position === 'function') this.#position = operator === ')' ? 'command' : 'function';
    else if (this.#position === 'test') return;
    else if (operator.startsWith(';;') || operator === ';&') this.#position = 'pattern';
    else if (this.#position === 'fallback' && operator === '(') this.#fallbackDepth = 1;
    else if (operator === ')') this.#position = 'arguments';
    else this.#position = operator === '||' ? 'fallback' : 'command';
  }

  #readWord(word: string, next: readonly ParseEntry[]): void {
    if (this.#afterRedirection) this.#afterRedirection = false;
    else if (this.#fallbackDepth > 0) this.#countGroups(word);
    else if (this.#position === 'command' || this.#position === 'fallback') this.#readCommandWord(word, next);
    else if (this.#position === 'probed') this.#excluded.add(word);
    else if (this.#position === 'case' && word === 'in') this.#position = 'pattern';
    else if (this.#position === 'pattern' && word === 'esac') this.#position = 'arguments';
    else if (this.#position === 'test' && word === ']]') this.#position = 'arguments';
  }

  #countGroups(token: string): void {
    if (token === '(' || token === '{') this.#fallbackDepth += 1;
    if (token === ')' || token === '}') this.#fallbackDepth -= 1;
    if (this.#fallbackDepth === 0) this.#position = 'arguments';
  }

  #readCommandWord(word: string, next: readonly ParseEntry[]): void {
    if (/^[A-Za-z_]\w*\+?=/.test(word) || (/^\d+$/.test(word) && isRedirection(next[0]))) return;
    if (word === '{' && this.#position === 'fallback') this.#fallbackDepth = 1;
    else if (commandIntroducers.has(word)) this.#position = 'command';
    else if (word === 'case') this.#position = 'case';
    else if (word === '[[') this.#position = 'test';
    else if (word === 'exec') return;
    else if (word === 'command') this.#position = asksOnly(next[0]) ? 'probed' : this.#position;
    else if (isOperator(next[0], '(') && isOperator(next[1], ')')) this.#readFunction(word);
    else this.#readCall(word);
  }

  #readFunction(name: string): void {
    this.#excluded.add(name);
    this.#position = 'function';
  }

  #readCall(word: string): void {
    const isProgram = programName.test(word) && !builtins.has(word) && !closingWords.has(word);
    if (isProgram && !probes.has(word) && this.#position === 'command') this.#called.add(word);
    this.#position = probes.has(word) ? 'probed' : 'arguments';
  }
}

function isRedirection(entry: ParseEntry | undefined): boolean {
  return typeof entry === 'object' && 'op' in entry && redirections.has(entry.op);
}

function isOperator(entry: ParseEntry | undefined, operator: string): boolean {
  return typeof entry === 'object' && 'op' in entry && entry.op === operator;
}

/** Whether an argument of `command` makes it tell about its other arguments instead of running them. */
function asksOnly(argument: ParseEntry | undefined): boolean {
  return typeof argument === 'string' && /^-\w*[vV]/.test(argument);
}
