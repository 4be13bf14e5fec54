import type { Span } from '../diagnostic/source.ts';

/** One run of an external program that a script asks for. */
export interface ProgramCall {
  /** As the script names it: a name to look for in PATH, or a path. */
  readonly program: string;
  readonly arguments: readonly string[];
  /** The variables that differ from the environment that the script was given; undefined for one that is taken away. */
  readonly environment: ReadonlyMap<string, string | undefined>;
  readonly stdin: CallInput;
  readonly stdout: CallOutput;
  readonly stderr: CallOutput;
  /** Where the command stands in the script. */
  readonly span: Span;
}

export function areEqualCalls(one: ProgramCall, other: ProgramCall): boolean {
  return (
    one.span === other.span &&
    one.program === other.program &&
    one.arguments.length === other.arguments.length &&
    one.arguments.every((word, at) => word === other.arguments[at]) &&
    one.environment.size === other.environment.size &&
    [...one.environment].every(
      ([name, value]) => other.environment.has(name) && other.environment.get(name) === value,
    ) &&
    one.stdout === other.stdout &&
    one.stderr === other.stderr &&
    areEqualInputs(one.stdin, other.stdin)
  );
}

function areEqualInputs(one: CallInput, other: CallInput): boolean {
  return one.kind === 'null' || other.kind === 'null' ? one.kind === other.kind : one.text === other.text;
}

/** A program's standard input: a text, or `/dev/null`. */
export type CallInput = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'null' };

/** Where a program's output goes. */
export type CallOutput = 'stdout' | 'stderr' | 'null';

/** How a call ended. Which status a failed one had is not told. */
export type CallOutcome = 'succeeded' | 'failed';

/** A status of the shell: a number that is known, or that of a call which failed. */
export type Status = number | 'failed';

export function isSuccess(status: Status): boolean {
  return status === 0;
}

/** A text that the script itself writes. */
export interface Written {
  readonly to: 'stdout' | 'stderr';
  readonly text: string;
  /** How many calls came before it. */
  readonly afterCalls: number;
}

/** The facts about the programs of this machine that decide how a script is followed. */
export interface Programs {
  /** Whether a name, or a path, leads to a program that can be executed. */
  has(program: string): boolean;
  /** Whether a program may read its standard input, so that nobody knows what is left of it. */
  mayReadInput(program: string, words: readonly string[]): boolean;
}
