import type {
  AndOr,
  Pipeline,
  Redirection,
  SimpleCommand,
  Word,
  WordPart,
} from '../../recipe/sh/syntax-tree.ts';
import { literalOf } from '../../recipe/sh/words.ts';
import type { NotedFunctions } from './noted-functions.ts';

/**
 * The need of a quick command for a note. `never`: it does not fail. `after`: a note after it, if it failed, suffices, because it takes no
 * time and does not end the shell. `call`: it calls a function, whose own commands are noted.
 */
type QuickNeed = 'never' | 'after' | 'call';

/** Builtins that take no time, and that never end the shell: their failure is an ordinary status. */
const quickBuiltins: ReadonlySet<string> = new Set(['[', 'test', 'echo', 'printf', 'read', 'true', 'false']);

/** Builtins that take no time, and do not fail. */
const safeBuiltins: ReadonlySet<string> = new Set([':', 'break', 'continue', 'local']);

/** A division or a remainder that may be one by zero. */
const divisions = /[/%](?!\s*[1-9])/;

/**
 * Finds commands of the shell alone, which run thousands of times in the time that one program takes. There, a note before each would cost
 * many times as much as the command itself.
 */
export class QuickCommands {
  readonly #text: string;
  readonly #functions: NotedFunctions;

  constructor(text: string, functions: NotedFunctions) {
    this.#text = text;
    this.#functions = functions;
  }

  /** The need of a simple command; undefined if it is not quick. */
  need({ words, assignments, redirections }: SimpleCommand): QuickNeed | undefined {
    if (!redirections.every(isHarmlessRedirection)) return undefined;
    if (![...assignments.map(({ value }) => value), ...words].every((word) => this.isHarmless(word)))
      return undefined;
    if (words.length === 0) return redirections.length === 0 ? 'never' : undefined;
    const name = literalOf(words[0]);
    if (name === undefined) return undefined;
    if (this.#functions.isNoted(name)) return redirections.length === 0 ? 'call' : undefined;
    if (this.#functions.isDefined(name)) return undefined;
    if (quickBuiltins.has(name)) return 'after';
    if (redirections.length > 0) return undefined;
    if (safeBuiltins.has(name)) return 'never';
    return name === 'return' && words.length === 2 && literalOf(words[1]) === '0' ? 'never' : undefined;
  }

  /** The need of the only command of a pipeline. */
  needOf({ commands: [only, ...others], negated }: Pipeline): QuickNeed | undefined {
    return only?.kind === 'simple' && others.length === 0 && !negated ? this.need(only) : undefined;
  }

  /** Whether a condition is quick: its status does not end the script. */
  isQuickCondition(list: readonly AndOr[]): boolean {
    return list.every(
      ({ first, rest, background }) =>
        !background &&
        [first, ...rest.map(({ pipeline }) => pipeline)].every((pipeline) => {
          const need = this.needOf({ ...pipeline, negated: false });
          return need === 'never' || need === 'after';
        }),
    );
  }

  /** Whether the expansion of a word takes no time and does not fail. */
  isHarmless({ parts }: Word): boolean {
    return parts.every((part) => this.#isHarmlessPart(part));
  }

  #isHarmlessPart(part: WordPart): boolean {
    switch (part.kind) {
      case 'literal':
        return true;
      case 'parameter':
        if (part.name === '' || part.operator?.includes('?') === true) return false;
        return part.argument === undefined || this.isHarmless(part.argument);
      case 'arithmetic': {
        const { offset, length } = part.content.span;
        return this.isHarmless(part.content) && !divisions.test(this.#text.slice(offset, offset + length));
      }
      case 'substitution':
        return false;
    }
  }
}

/** Whether a redirection can neither fail nor wait: to another descriptor, or to /dev/null. */
function isHarmlessRedirection({ operator, target, hereDocument }: Redirection): boolean {
  const name = literalOf(target);
  if (hereDocument !== undefined || name === undefined) return false;
  return operator.endsWith('&') ? /^[0-9]$/.test(name) : name === '/dev/null';
}
