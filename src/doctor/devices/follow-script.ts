import { parseScript } from '../../recipe/sh/parse-script.ts';
import type {
  AndOr,
  CommandNode,
  List,
  Pipeline,
  SimpleCommand,
  Word,
  WordPart,
} from '../../recipe/sh/syntax-tree.ts';
import { literalOf, splitAssignment } from '../../recipe/sh/words.ts';
import { isKnown, ScriptState, unknownText } from './script-state.ts';

/** The most commands that are followed: functions may call each other, and themselves. */
const mostSteps = 2000;

/** The deepest nesting of calls of functions that is followed. */
const deepest = 30;

/** The result of a command, as far as the text tells it; undefined if only a run does. */
type Success = boolean | undefined;

/** The part of the script that has certainly ended, by `return`, `exit` or `exec`: what follows in it is not reached. */
type End = 'none' | 'function' | 'shell';

/**
 * Follows a script of sh with known variables, and lists its calls of programs as words. A word that contains the output of a program has
 * {@link unknownText} in its place. Where only a run decides, both ways are followed.
 */
export function followScript(
  text: string,
  variables: Readonly<Record<string, string>>,
): readonly (readonly string[])[] {
  const tracer = new Tracer(new ScriptState(variables));
  tracer.follow(parseScript(text).list);
  return tracer.calls;
}

class Tracer {
  readonly calls: (readonly string[])[] = [];
  readonly #state: ScriptState;
  #steps = 0;
  #depth = 0;
  #end: End = 'none';

  constructor(state: ScriptState) {
    this.#state = state;
  }

  follow(list: List): Success {
    let success: Success = true;
    for (const andOr of list) success = this.#followAndOr(andOr);
    return success;
  }

  #followAndOr({ first, rest }: AndOr): Success {
    let success = this.#followPipeline(first);
    for (const { operator, pipeline } of rest) {
      const isReached = success === undefined ? undefined : success === (operator === '&&');
      if (isReached === false) continue;
      if (isReached === true) success = this.#followPipeline(pipeline);
      else {
        this.#perhaps(() => void this.#followPipeline(pipeline));
        success = undefined;
      }
    }
    return success;
  }

  #followPipeline({ commands, negated }: Pipeline): Success {
    let success: Success = true;
    for (const command of commands) {
      success =
        commands.length === 1
          ? this.#followCommand(command)
          : this.#inSubshell(() => this.#followCommand(command));
    }
    return negated && success !== undefined ? !success : success;
  }

  #followCommand(node: CommandNode): Success {
    this.#steps += 1;
    if (this.#steps > mostSteps || this.#end !== 'none') return undefined;
    switch (node.kind) {
      case 'simple':
        return this.#followSimple(node);
      case 'group':
        if (!node.subshell) return this.follow(node.body);
        return this.#inSubshell(() => this.follow(node.body));
      case 'if':
        return this.#followBranches(node.branches, node.otherwise);
      case 'loop':
        this.#perhaps(() => {
          this.follow(node.condition);
          this.follow(node.body);
        });
        return undefined;
      case 'for':
        for (const word of this.#expandAll(node.words)) {
          const turn = (): void => {
            this.#state.set(node.variable, word);
            this.follow(node.body);
          };
          // An unknown word may stand for none.
          if (isKnown(word)) turn();
          else this.#perhaps(turn);
        }
        return undefined;
      case 'case':
        this.#followCase(this.#expand(node.subject).join(' '), node.items);
        return undefined;
      case 'function':
        this.#state.functions.set(node.name, node.body);
        return true;
      case 'test':
        return undefined;
    }
  }

  /** Follows a part that may not happen, and so ends nothing for certain. */
  #perhaps(work: () => void): void {
    const before = this.#end;
    this.#state.perhaps(work);
    this.#end = before;
  }

  #inSubshell(work: () => Success): Success {
    const before = this.#end;
    const success = this.#state.inSubshell(work);
    this.#end = before;
    return success;
  }

  #followBranches(
    branches: readonly { readonly condition: List; readonly body: List }[],
    otherwise: List,
  ): Success {
    const [branch, ...others] = branches;
    if (branch === undefined) return this.follow(otherwise);
    const holds = this.follow(branch.condition);
    if (holds === true) return this.follow(branch.body);
    if (holds === false) return this.#followBranches(others, otherwise);
    this.#perhaps(() => void this.follow(branch.body));
    this.#perhaps(() => void this.#followBranches(others, otherwise));
    return undefined;
  }

  #followCase(
    subject: string,
    items: readonly { readonly patterns: readonly Word[]; readonly body: List }[],
  ): void {
    let isReached: Success = true;
    for (const { patterns, body } of items) {
      const texts = patterns.map((pattern) => literalOf(pattern));
      if (isKnown(subject) && texts.some((text) => text === subject || text === '*')) {
        if (isReached) this.follow(body);
        else this.#perhaps(() => void this.follow(body));
        return;
      }
      const isPlain = isKnown(subject) && texts.every((text) => text !== undefined && !/[*?[]/.test(text));
      if (isPlain) continue;
      isReached = undefined;
      this.#perhaps(() => void this.follow(body));
    }
  }

  #followSimple({ assignments, words }: SimpleCommand): Success {
    if (words.length === 0) return this.#assign(assignments);
    const given = this.#expandAll(words);
    if (assignments.length === 0) return this.#run(given, words);
    // Before a command, an assignment is for the command only.
    let success: Success;
    this.#state.withOwnVariables(() => {
      for (const { name } of assignments) this.#state.hide(name);
      this.#assign(assignments);
      success = this.#run(given, words);
    });
    return success;
  }

  #assign(assignments: SimpleCommand['assignments']): Success {
    let isCertain = true;
    for (const { name, value } of assignments) {
      const text = this.#expand(value).join(' ');
      isCertain &&= isKnown(text);
      this.#state.set(name, text);
    }
    return isCertain ? true : undefined;
  }

  /** Runs a command, from its expanded words and its words as they stand. */
  #run([first = '', ...rest]: readonly string[], words: readonly Word[]): Success {
    if (first === 'command') return this.#call(rest);
    if (first === 'exec') {
      // Without a program, exec only redirects.
      if (rest.length === 0) return true;
      const success = this.#call(rest);
      this.#end = 'shell';
      return success;
    }
    if (first === 'exit') this.#end = 'shell';
    if (first === 'return') this.#end = 'function';
    if (first === '[' || first === 'test') return judgeTest(rest.filter((word) => word !== ']'));
    if (/^(?:export|local|readonly)$/.test(first)) return this.#declare(first, words.slice(1));
    if (first === 'shift' || (first === 'set' && setsArguments(rest))) this.#state.forgetArguments();
    if (first === 'read') for (const name of rest) this.#state.set(name, unknownText);
    return this.#call([first, ...rest]);
  }

  #declare(declaration: string, words: readonly Word[]): Success {
    for (const word of words) {
      const assignment = splitAssignment(word);
      if (assignment !== undefined && declaration === 'local') this.#state.hide(assignment.name);
      if (assignment?.value === undefined) continue;
      this.#state.set(assignment.name, this.#expand(assignment.value).join(' '));
    }
    return true;
  }

  #call(words: readonly string[]): Success {
    const [name = '', ...rest] = words;
    if (name === 'true' || name === ':') return true;
    if (name === 'false') return false;
    const body = this.#state.functions.get(name);
    if (body === undefined) this.calls.push(words);
    else if (this.#depth < deepest) {
      this.#depth += 1;
      this.#state.withArguments(rest, () => void this.#followCommand(body));
      this.#depth -= 1;
      if (this.#end === 'function') this.#end = 'none';
    }
    return undefined;
  }

  #expandAll(words: readonly Word[]): readonly string[] {
    return words.flatMap((word) => this.#expand(word));
  }

  /** The fields of a word. */
  #expand({ parts }: Word): readonly string[] {
    const texts = parts.map((part) => this.#expandPart(part));
    if (isAllArguments(parts)) return this.#state.arguments;
    const [part] = parts;
    const isSplit = parts.length === 1 && part?.kind === 'parameter' && !part.quoted;
    const text = texts.join('');
    return isSplit ? text.split(/\s+/).filter((field) => field !== '') : [text];
  }

  #expandPart(part: WordPart): string {
    switch (part.kind) {
      case 'literal':
        return part.text;
      case 'parameter': {
        const { name, operator, argument } = part;
        const value = this.#state.valueOf(name);
        if (operator === undefined) return value;
        const fallback = argument === undefined ? '' : this.#expand(argument).join(' ');
        if (!/^:?[-=]$/.test(operator)) return unknownText;
        const isUsed = value === '' && (operator.startsWith(':') || !this.#state.isSet(name));
        if (isUsed && operator.endsWith('=')) this.#state.set(name, fallback);
        return isUsed ? fallback : value;
      }
      case 'substitution':
        this.#inSubshell(() => this.follow(part.list));
        return unknownText;
      case 'arithmetic':
        return unknownText;
    }
  }
}

/** Whether a word is `"$@"`, which is a field for each argument. The quotes leave an empty literal. */
function isAllArguments(parts: readonly WordPart[]): boolean {
  const [part, ...others] = parts.filter((each) => each.kind !== 'literal' || each.text !== '');
  const isPlain = part?.kind === 'parameter' && part.name === '@' && part.operator === undefined;
  return isPlain && part.quoted && others.length === 0;
}

/** Whether `set` with some words replaces the positional parameters, rather than the shell's options only. */
function setsArguments(words: readonly string[]): boolean {
  return words.includes('--') || (words[0] !== undefined && !/^[-+]/.test(words[0]));
}

/** Judges the operands of `[`. */
function judgeTest(operands: readonly string[]): Success {
  const [first = '', second = '', third = ''] = operands;
  if (first === '!') {
    const inner = judgeTest(operands.slice(1));
    return inner === undefined ? undefined : !inner;
  }
  if (!operands.every(isKnown)) return undefined;
  if (operands.length === 2 && first === '-n') return second !== '';
  if (operands.length === 2 && first === '-z') return second === '';
  if (operands.length === 3 && second === '=') return first === third;
  if (operands.length === 3 && second === '!=') return first !== third;
  return undefined;
}
