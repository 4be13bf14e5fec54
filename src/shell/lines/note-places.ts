import type {
  AndOr,
  CommandNode,
  List,
  Pipeline,
  Redirection,
  SimpleCommand,
  Word,
  WordPart,
} from '../../recipe/sh/syntax-tree.ts';
import { literalOf } from '../../recipe/sh/words.ts';
import { NotedFunctions } from './noted-functions.ts';
import { QuickCommands } from './quick-commands.ts';

/** A line (from 0) that a note tells about, and the place of its text in the script. */
export interface NotePlace {
  /** The offset in the script, in UTF-16 code units. */
  readonly at: number;
  readonly line: number;
  /**
   * The kind of the note. `wrap` opens a group that `close` closes. `mute` opens a group whose notes do not count. `after` is written only if
   * the command before it failed; `after-wrap` opens a group that `after-close` closes with such a note.
   */
  readonly kind:
    'note' | 'wrap' | 'mute' | 'mute-wrap' | 'close' | 'none' | 'after' | 'after-wrap' | 'after-close';
}

/** The line that the last note surely named at the start of a command; undefined if that depends on what ran. */
type NotedLine = number | undefined;

/**
 * Chooses the places of notes: before each command whose failure may end the script, unless the last note surely named its line. Two kinds
 * of commands get no note: those that run next to others (in the background, or in a pipeline before its end), and those whose status does
 * not count (in a substitution that is an argument).
 *
 * With `isThrifty`, a quick command that may run many times, in a loop or in a function, is noted after it failed, or not at all. If the
 * shell itself ends there, because an expansion fails, then only the shell's own message can name the line.
 */
export function placeNotes(text: string, list: List, isThrifty: boolean): readonly NotePlace[] {
  return new NotePlacer(text, list, isThrifty).place(list);
}

class NotePlacer {
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #functions: NotedFunctions;
  readonly #quick: QuickCommands;
  readonly #isThrifty: boolean;
  readonly #places: NotePlace[] = [];
  /** The number of loops and functions around the place. */
  #repetitions = 0;

  constructor(text: string, list: List, isThrifty: boolean) {
    this.#text = text;
    this.#isThrifty = isThrifty;
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
    this.#functions = new NotedFunctions(text, list);
    this.#quick = new QuickCommands(text, this.#functions);
  }

  get #isLight(): boolean {
    return this.#isThrifty && this.#repetitions > 0;
  }

  place(list: List): readonly NotePlace[] {
    const at = list[0]?.first.span.offset;
    if (at === undefined) return [];
    const line = this.#lineAt(at);
    this.#places.push({ at, line, kind: 'none' });
    this.#list(list, line);
    // A group that opens at the start of a command comes after that command's note. Sorting keeps their order.
    return this.#places.sort((one, other) => one.at - other.at);
  }

  #list(list: List, before: NotedLine): NotedLine {
    return list.reduce((line, andOr) => this.#andOr(andOr, line), before);
  }

  #andOr({ first, rest, background }: AndOr, before: NotedLine): NotedLine {
    if (background) {
      const line = this.#note(first.span.offset, before);
      this.#mute(first.span.offset, endOf(rest.at(-1)?.pipeline ?? first), 'mute-wrap');
      return line;
    }
    let line = this.#operand(first, before, { follows: false, next: rest[0]?.operator });
    for (const [index, { pipeline }] of rest.entries()) {
      const next = rest[index + 1]?.operator;
      line = merge([line, this.#operand(pipeline, line, { follows: true, next })]);
    }
    return line;
  }

  /** Places the notes of a pipeline of a list that is joined by `&&` and `||`. */
  #operand(
    pipeline: Pipeline,
    before: NotedLine,
    { follows, next }: { readonly follows: boolean; readonly next: '&&' | '||' | undefined },
  ): NotedLine {
    const need = this.#isLight ? this.#quick.needOf(pipeline) : undefined;
    if (need === undefined) return this.#pipeline(pipeline, before, follows);
    if (need === 'never') return before;
    if (need === 'call') return undefined;
    // What is after `||` replaces the status.
    if (next === '||') return before;
    const { offset } = pipeline.span;
    const isAlone = !follows && next === undefined;
    if (!isAlone) this.#places.push({ at: offset, line: this.#lineAt(offset), kind: 'after-wrap' });
    const kind = isAlone ? 'after' : 'after-close';
    this.#places.push({ at: endOf(pipeline), line: this.#lineAt(offset), kind });
    return isAlone ? before : undefined;
  }

  /** Places the notes of a condition. */
  #condition(list: List, before: NotedLine): NotedLine {
    return this.#isLight && this.#quick.isQuickCondition(list) ? before : this.#list(list, before);
  }

  /** Places notes in a part of the script that may run many times. */
  #repeated(place: () => NotedLine): NotedLine {
    this.#repetitions += 1;
    const line = place();
    this.#repetitions -= 1;
    return line;
  }

  /**
   * Places the note of a pipeline. After `&&` or `
   *
   * ` it is one command, so its note stands with it in a group.
   */
  #pipeline(pipeline: Pipeline, before: NotedLine, follows: boolean): NotedLine {
    const { commands, span } = pipeline;
    const [only] = commands;
    const last = commands.at(-1);
    if (last === undefined) return before;
    if (commands.length === 1 && only !== undefined && !pipeline.negated) {
      return this.#command(only, before, follows);
    }
    const isGroup = follows && before !== this.#lineAt(span.offset);
    const line = this.#note(span.offset, before, isGroup);
    for (const command of commands.slice(0, -1)) this.#mute(command.span.offset, endOf(command), 'mute-wrap');
    const after = this.#command(last, line, commands.length > 1);
    if (isGroup) this.#close(endOf(pipeline));
    return after;
  }

  #command(node: CommandNode, before: NotedLine, isOneCommand: boolean): NotedLine {
    const start = node.span.offset;
    switch (node.kind) {
      case 'simple':
      case 'test': {
        const isGroup = isOneCommand && before !== this.#lineAt(start);
        const line = this.#note(start, before, isGroup);
        const after = node.kind === 'simple' ? this.#simple(node, line) : this.#muteWords(node.words, line);
        if (isGroup) this.#close(endOf(node));
        return after;
      }
      case 'function':
        if (this.#functions.isNoted(node.name))
          this.#repeated(() => this.#command(node.body, undefined, true));
        return before;
      case 'group':
      case 'if':
      case 'loop':
      case 'for':
      case 'case':
        return this.#compound(node, before, isOneCommand);
    }
  }

  /** Notes a compound command whose own words or redirections may fail, in addition to the commands in it. */
  #compound(
    node: Exclude<CommandNode, SimpleCommand | { kind: 'function' | 'test' }>,
    before: NotedLine,
    isOneCommand: boolean,
  ): NotedLine {
    const mayFail = this.#mayFailItself(node);
    const start = node.span.offset;
    const isGroup = mayFail && isOneCommand && before !== this.#lineAt(start);
    const line = mayFail ? this.#note(start, before, isGroup) : before;
    this.#muteRedirections(node.redirections);
    const after = this.#isWhollyOn(node, line) ? line : this.#body(node, line);
    if (isGroup) this.#close(endOf(node));
    return after;
  }

  /** Whether a compound command may fail by its own words or redirections. */
  #mayFailItself(node: Exclude<CommandNode, SimpleCommand | { kind: 'function' | 'test' }>): boolean {
    if (node.redirections.length > 0) return true;
    const words = node.kind === 'for' ? node.words : node.kind === 'case' ? [node.subject] : [];
    if (this.#isLight) return !words.every((word) => this.#quick.isHarmless(word));
    return node.kind === 'for' || node.kind === 'case';
  }

  #body(
    node: Exclude<CommandNode, SimpleCommand | { kind: 'function' | 'test' }>,
    before: NotedLine,
  ): NotedLine {
    switch (node.kind) {
      case 'group':
        return this.#list(node.body, before);
      case 'if': {
        let condition = before;
        const ends = node.branches.map((branch) => {
          condition = this.#condition(branch.condition, condition);
          return this.#list(branch.body, condition);
        });
        return merge([...ends, this.#list(node.otherwise, condition)]);
      }
      case 'loop': {
        // The last note of a round is unknown when the next one begins.
        return this.#repeated(() => {
          const condition = this.#condition(node.condition, undefined);
          this.#list(node.body, condition);
          return condition;
        });
      }
      case 'for':
        this.#muteWords(node.words, before);
        this.#repeated(() => this.#list(node.body, undefined));
        return undefined;
      case 'case':
        this.#muteWords([node.subject], before);
        return merge([before, ...node.items.map(({ body }) => this.#list(body, before))]);
    }
  }

  /** Places the note of a simple command. A substitution's status counts only if the command consists of assignments. */
  #simple({ words, assignments, redirections }: SimpleCommand, line: NotedLine): NotedLine {
    this.#muteRedirections(redirections);
    this.#muteWords(words, line);
    const values = assignments.map(({ value }) => value);
    if (words.length > 0) {
      this.#muteWords(values, line);
      return words[0] !== undefined && this.#mayCallFunction(words[0]) ? undefined : line;
    }
    return values
      .flatMap(({ parts }) => parts)
      .reduce((before, part) => {
        if (part.kind === 'substitution' && !part.backquoted) return this.#list(part.list, before);
        this.#mutePart(part);
        return before;
      }, line);
  }

  #mayCallFunction(name: Word): boolean {
    const literal = literalOf(name);
    return literal === undefined ? !this.#functions.isEmpty : this.#functions.isNoted(literal);
  }

  /** Mutes the notes in words. Returns the line, which the words leave unchanged. */
  #muteWords(words: readonly Word[], line: NotedLine): NotedLine {
    for (const { parts } of words) for (const part of parts) this.#mutePart(part);
    return line;
  }

  #muteRedirections(redirections: readonly Redirection[]): void {
    for (const { target, hereDocument } of redirections)
      this.#muteWords(hereDocument === undefined ? [target] : [target, hereDocument], undefined);
  }

  #mutePart(part: WordPart): void {
    switch (part.kind) {
      case 'literal':
        return;
      case 'parameter':
        if (part.argument !== undefined) this.#muteWords([part.argument], undefined);
        return;
      case 'arithmetic':
        this.#muteWords([part.content], undefined);
        return;
      case 'substitution': {
        const start = part.list[0]?.first.span.offset;
        const last = part.list.at(-1);
        // Functions that are called in backquotes have no notes.
        if (part.backquoted || start === undefined || last === undefined) return;
        this.#mute(start, endOf(last.rest.at(-1)?.pipeline ?? last.first), 'mute');
      }
    }
  }

  /** Notes a place's line, unless the last note named it. */
  #note(at: number, before: NotedLine, isGroup = false): NotedLine {
    const line = this.#lineAt(at);
    if (line !== before) this.#places.push({ at, line, kind: isGroup ? 'wrap' : 'note' });
    return line;
  }

  #close(at: number): void {
    this.#places.push({ at, line: this.#lineAt(at), kind: 'close' });
  }

  /** Mutes the notes of functions that are called between two places. */
  #mute(start: number, end: number, kind: 'mute' | 'mute-wrap'): void {
    if (!this.#functions.areMentioned(this.#text.slice(start, end))) return;
    this.#places.push({ at: start, line: this.#lineAt(start), kind });
    if (kind === 'mute-wrap') this.#close(end);
  }

  #isWhollyOn(node: CommandNode, line: NotedLine): boolean {
    const { offset, length } = node.span;
    const text = this.#text.slice(offset, offset + length);
    return this.#lineAt(offset) === line && !text.includes('\n') && !this.#functions.areMentioned(text);
  }

  #lineAt(offset: number): number {
    let [low, high] = [0, this.#lineStarts.length - 1];
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#lineStarts[middle] ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function endOf({ span }: { readonly span: { readonly offset: number; readonly length: number } }): number {
  return span.offset + span.length;
}

/** The line on which all ways to a place agree. */
function merge(lines: readonly NotedLine[]): NotedLine {
  const [first] = lines;
  return lines.every((line) => line === first) ? first : undefined;
}
