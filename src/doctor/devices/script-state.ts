import type { CommandNode } from '../../recipe/sh/syntax-tree.ts';

/** The mark for a text that only a run of the script could tell. */
export const unknownText = '\0';

/** Whether a text is known completely. */
export function isKnown(text: string): boolean {
  return !text.includes(unknownText);
}

/** The variables, arguments and functions of a script at one place. */
export class ScriptState {
  readonly functions = new Map<string, CommandNode>();
  #variables: Map<string, string>;
  #positional: readonly string[] | undefined = [];
  /** The variables that the running function has declared as its own, with their values outside of it. */
  #hidden = new Map<string, string | undefined>();

  constructor(variables: Readonly<Record<string, string>>) {
    this.#variables = new Map(Object.entries(variables));
  }

  /** The value of a variable or a positional parameter. An unset one is empty. */
  valueOf(name: string): string {
    if (/^[1-9]\d*$/.test(name)) {
      return this.#positional === undefined ? unknownText : (this.#positional[Number(name) - 1] ?? '');
    }
    if (name === '@' || name === '*') return this.arguments.join(' ');
    return /^[A-Za-z_]/.test(name) ? (this.#variables.get(name) ?? '') : unknownText;
  }

  /** The positional parameters. */
  get arguments(): readonly string[] {
    return this.#positional ?? [unknownText];
  }

  /** Whether a variable has a value, an empty one included. */
  isSet(name: string): boolean {
    return this.#variables.has(name);
  }

  set(name: string, value: string): void {
    this.#variables.set(name, value);
  }

  /** Leaves the value of a variable outside of the running function as it is. */
  hide(name: string): void {
    if (!this.#hidden.has(name)) this.#hidden.set(name, this.#variables.get(name));
  }

  /** Makes the positional parameters unknown, until the running function ends. */
  forgetArguments(): void {
    this.#positional = undefined;
  }

  /** Does the work of a function with its own positional parameters and variables. */
  withArguments(positional: readonly string[], work: () => void): void {
    const before = this.#positional;
    this.#positional = positional;
    this.withOwnVariables(work);
    this.#positional = before;
  }

  /** Does some work, after which the hidden variables are as they were. */
  withOwnVariables(work: () => void): void {
    const before = this.#hidden;
    this.#hidden = new Map();
    work();
    for (const [name, value] of this.#hidden) {
      if (value === undefined) this.#variables.delete(name);
      else this.#variables.set(name, value);
    }
    this.#hidden = before;
  }

  /** Does some work in a shell of its own: what it sets does not outlive it. */
  inSubshell<T>(work: () => T): T {
    const variables = new Map(this.#variables);
    const positional = this.#positional;
    const result = work();
    this.#variables = variables;
    this.#positional = positional;
    return result;
  }

  /** Does some work of the script that may not happen. A variable that the work changes is unknown afterwards. */
  perhaps(work: () => void): void {
    const before = new Map(this.#variables);
    work();
    for (const [name, value] of this.#variables) {
      if (before.get(name) !== value) this.#variables.set(name, unknownText);
    }
  }
}
