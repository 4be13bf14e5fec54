import type { Span } from '../../diagnostic/source.ts';

/*
 * What a script of POSIX sh consists of, as far as its text alone tells. Spans are in UTF-16 code units of the script.
 */

/** A script as far as it could be read. */
export interface ScriptTree {
  readonly list: List;
  /** Where reading stopped before the end; undefined if the whole of the text was read. */
  readonly fault: Span | undefined;
  /** The constructs that some shells add to POSIX, in the order of the text. */
  readonly extensions: readonly Extension[];
}

/** A construct that is not of POSIX: some shells refuse it, or take it for something else. */
export interface Extension {
  readonly span: Span;
  /** As an author knows it: `[[ … ]]`, `+=` … */
  readonly construct: string;
}

/** Commands one after the other. */
export type List = readonly AndOr[];

/** Pipelines joined by `&&` and `||`. */
export interface AndOr {
  readonly first: Pipeline;
  readonly rest: readonly { readonly operator: '&&' | '||'; readonly pipeline: Pipeline }[];
  /** Whether it ends with `&`. */
  readonly background: boolean;
}

export interface Pipeline {
  /** From the first command, or the `!` before it, to the end of the last command. */
  readonly span: Span;
  readonly negated: boolean;
  readonly commands: readonly CommandNode[];
}

export type CommandNode =
  SimpleCommand | GroupCommand | IfCommand | LoopCommand | ForCommand | CaseCommand | FunctionNode | TestNode;

interface NodeBase {
  readonly span: Span;
  readonly redirections: readonly Redirection[];
}

/** A program, a builtin or a function with its arguments; or only assignments. */
export interface SimpleCommand extends NodeBase {
  readonly kind: 'simple';
  readonly assignments: readonly Assignment[];
  /** The name and the arguments. */
  readonly words: readonly Word[];
}

/** `( … )` or `{ …; }`. */
interface GroupCommand extends NodeBase {
  readonly kind: 'group';
  /** Whether it is written with brackets: then what it sets does not outlive it. */
  readonly subshell: boolean;
  readonly body: List;
}

export interface IfCommand extends NodeBase {
  readonly kind: 'if';
  /** `if` and each `elif`. */
  readonly branches: readonly { readonly condition: List; readonly body: List }[];
  readonly otherwise: List;
}

/** `while` or `until`. */
interface LoopCommand extends NodeBase {
  readonly kind: 'loop';
  /** Whether it goes on for as long as the condition fails: `until`. */
  readonly until: boolean;
  readonly condition: List;
  readonly body: List;
}

interface ForCommand extends NodeBase {
  readonly kind: 'for';
  readonly variable: string;
  /** Without `in`, the one word `"$@"`. */
  readonly words: readonly Word[];
  readonly body: List;
}

interface CaseCommand extends NodeBase {
  readonly kind: 'case';
  readonly subject: Word;
  readonly items: readonly { readonly patterns: readonly Word[]; readonly body: List }[];
}

interface FunctionNode extends NodeBase {
  readonly kind: 'function';
  readonly name: string;
  readonly body: CommandNode;
}

/** `[[ … ]]`, which bash and BusyBox know. */
interface TestNode extends NodeBase {
  readonly kind: 'test';
  readonly words: readonly Word[];
}

/** `NAME=value`. */
interface Assignment {
  readonly name: string;
  readonly value: Word;
}

export interface Redirection {
  /** The descriptor; undefined for the operator's own: 0 for `<`, 1 for `>`. */
  readonly descriptor: number | undefined;
  readonly operator: string;
  readonly target: Word;
  /** The text of a here-document, if it is one. */
  readonly hereDocument: Word | undefined;
}

/** A word: the shell expands it to one argument, several or none. */
export interface Word {
  readonly span: Span;
  readonly parts: readonly WordPart[];
}

/** `quoted` says that the shell does not split the result into words. */
export type WordPart =
  | { readonly kind: 'literal'; readonly text: string; readonly quoted: boolean }
  | ParameterPart
  | {
      readonly kind: 'substitution';
      readonly list: List;
      /** Whether it is written with backquotes instead of `$(…)`. */
      readonly backquoted: boolean;
      readonly quoted: boolean;
    }
  | { readonly kind: 'arithmetic'; readonly content: Word; readonly quoted: boolean };

/** `$NAME`, `${NAME}`, `${NAME:-word}` … */
export interface ParameterPart {
  readonly kind: 'parameter';
  /** A variable, or one of the shell's own: `1`, `@`, `?` … Empty for a form that is not of POSIX. */
  readonly name: string;
  /** `:-`, `%%` …; `length` for `${#NAME}`. */
  readonly operator: string | undefined;
  readonly argument: Word | undefined;
  readonly quoted: boolean;
  readonly span: Span;
}
