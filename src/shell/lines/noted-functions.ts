import type { CommandNode, List, Redirection, Word, WordPart } from '../../recipe/sh/syntax-tree.ts';
import { literalOf } from '../../recipe/sh/words.ts';

/** A command whose name is the value of a variable. */
const variableCommand = /(?:^|[;&|({}!\n]|\b(?:then|do|else|elif|if|while|until))[ \t]*"?\$(?![({])/;

/** The functions of a script whose commands are noted where they run. */
export class NotedFunctions {
  readonly #names: ReadonlySet<string>;
  readonly #defined: ReadonlySet<string>;
  readonly #mention: RegExp | undefined;

  /**
   * Excludes functions that run at another time than their call (in a trap), and functions that are called in backquotes, where a note
   * could not be quoted.
   */
  constructor(text: string, list: List) {
    const survey = new Survey();
    survey.list(list);
    const hidden = survey.hidden.map((span) => textOf(text, span));
    const names = new Set(survey.functions.map(({ name }) => name));
    this.#defined = new Set(names);
    for (let size = -1; size !== names.size;) {
      size = names.size;
      for (const { name, span } of survey.functions) {
        if (!names.has(name) || !mentionOf([name]).test(hidden.join('\n'))) continue;
        names.delete(name);
        hidden.push(textOf(text, span));
      }
    }
    this.#names = names;
    this.#mention = this.isEmpty ? undefined : mentionOf([...names]);
  }

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  isNoted(name: string): boolean {
    return this.#names.has(name);
  }

  /** Whether the script defines a function of this name, noted or not. */
  isDefined(name: string): boolean {
    return this.#defined.has(name);
  }

  /** Whether a part of the script may call one of the functions. */
  areMentioned(part: string): boolean {
    return this.#mention !== undefined && (this.#mention.test(part) || variableCommand.test(part));
  }
}

interface Extent {
  readonly offset: number;
  readonly length: number;
}

function textOf(text: string, { offset, length }: Extent): string {
  return text.slice(offset, offset + length);
}

function mentionOf(names: readonly string[]): RegExp {
  const words = names.map((name) => name.replace(/[^\w]/g, '\\$&')).join('|');
  return new RegExp(`(?<![\\w-])(?:${words})(?![\\w-])`);
}

/** Finds the functions of a script, and its traps and backquotes. */
class Survey {
  readonly functions: { readonly name: string; readonly span: Extent }[] = [];
  readonly hidden: Extent[] = [];

  list(list: List): void {
    for (const { first, rest } of list) {
      for (const { commands } of [first, ...rest.map(({ pipeline }) => pipeline)]) {
        for (const command of commands) this.#command(command);
      }
    }
  }

  #command(node: CommandNode): void {
    this.#redirections(node.redirections);
    switch (node.kind) {
      case 'simple':
        if (node.words.some((word) => literalOf(word) === 'trap')) this.hidden.push(node.span);
        this.#words([...node.assignments.map(({ value }) => value), ...node.words]);
        return;
      case 'test':
        return this.#words(node.words);
      case 'function':
        this.functions.push({ name: node.name, span: node.span });
        return this.#command(node.body);
      case 'group':
        return this.list(node.body);
      case 'if':
        for (const { condition, body } of node.branches) this.list([...condition, ...body]);
        return this.list(node.otherwise);
      case 'loop':
        return this.list([...node.condition, ...node.body]);
      case 'for':
        this.#words(node.words);
        return this.list(node.body);
      case 'case':
        this.#words([node.subject, ...node.items.flatMap(({ patterns }) => patterns)]);
        return this.list(node.items.flatMap(({ body }) => body));
    }
  }

  #redirections(redirections: readonly Redirection[]): void {
    for (const { target, hereDocument } of redirections)
      this.#words(hereDocument === undefined ? [target] : [target, hereDocument]);
  }

  #words(words: readonly Word[]): void {
    for (const word of words) {
      for (const part of word.parts) {
        if (part.kind === 'substitution' && part.backquoted) this.hidden.push(word.span);
        this.#part(part);
      }
    }
  }

  #part(part: WordPart): void {
    if (part.kind === 'substitution') this.list(part.list);
    else if (part.kind === 'arithmetic') this.#words([part.content]);
    else if (part.kind === 'parameter' && part.argument !== undefined) this.#words([part.argument]);
  }
}
