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
  #positional: readonly string[] = [];

  constructor(variables: Readonly<Record<string, string>>) {
    this.#variables = new Map(Object.entries(variables));
  }

  /** The value of a variable or a positional parameter. An unset one is empty. */
  valueOf(name: string): string {
    if (/^[1-9]\d*$/.test(name)) return this.#positional[Number(name) - 1] ?? '';
    if (name === '@' || name === '*') return this.#positional.join(' ');
    return /^[A-Za-z_]/.test(name) ? (this.#variables.get(name) ?? '') : unknownText;
  }

  set(name: string, value: string): void {
    this.#variables.set(name, value);
  }

  /** Does some work with other positional parameters. */
  withArguments(positional: readonly string[], work: () => void): void {
    const before = this.#positional;
    this.#positional = positional;
    work();
    this.#positional = before;
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
