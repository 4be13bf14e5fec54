import type { Span } from '../diagnostic/source.ts';
import type { ScriptTree } from '../recipe/sh/syntax-tree.ts';
import { isSuccess, type ProgramCall, type CallOutcome, type Programs, type Written } from './call.ts';
import { Interpreter, type RunContext } from './interpreter.ts';
import { NotUnderstood } from './text/not-understood.ts';
import { initialState } from './shell-state.ts';
import { Input } from './streams.ts';

/** A script, and what a shell would run it with. */
interface Situation {
  readonly tree: ScriptTree;
  readonly source: string;
  /** Whether the shell is started with `-e`. */
  readonly exitsOnFailure: boolean;
  /** The whole environment of the shell. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly programs: Programs;
}

/** The next thing that a script does. */
export type Step =
  | { readonly kind: 'call'; readonly call: ProgramCall }
  | { readonly kind: 'ended'; readonly succeeded: boolean; readonly written: readonly Written[] };

/** A script on its way: it stops before each call of a program. */
export interface ScriptRun {
  /** Goes on from the call before, of which the outcome is told; without one, begins. */
  next(outcome?: CallOutcome): Step;
}

export type Compilation =
  | { readonly kind: 'compiled'; readonly start: () => ScriptRun; readonly paths: readonly Path[] }
  | { readonly kind: 'shell'; readonly span: Span; readonly because: string };

/** One way through a script: its calls, each with the outcome that leads on. */
interface Path {
  readonly calls: readonly { readonly call: ProgramCall; readonly outcome: CallOutcome }[];
  readonly end: Step & { readonly kind: 'ended' };
}

/** So many paths are tried before a script is left to the shell. */
const mostPaths = 64;
const mostSteps = 20_000;

/**
 * Decides whether a script can run without a shell for the given input: every path, whatever its calls end with, must be understood
 * to its end. Otherwise the first place that is not understood is told.
 */
export function compileScript(situation: Situation): Compilation {
  const refusal = refuseWhole(situation);
  if (refusal !== undefined) return refusal;
  try {
    const paths: Path[] = [];
    const waiting: CallOutcome[][] = [[]];
    for (let outcomes = waiting.pop(); outcomes !== undefined; outcomes = waiting.pop()) {
      if (paths.length >= mostPaths) {
        return { kind: 'shell', span: wholeOf(situation), because: `it can go more than ${mostPaths} ways` };
      }
      const path = followPath(situation, outcomes);
      for (let at = path.calls.length - 1; at >= outcomes.length; at -= 1) {
        waiting.push([...path.calls.slice(0, at).map(({ outcome }) => outcome), 'failed']);
      }
      paths.push(path);
    }
    return { kind: 'compiled', start: () => walk(paths), paths };
  } catch (error) {
    if (error instanceof NotUnderstood) return { kind: 'shell', span: error.span, because: error.because };
    throw error;
  }
}

function refuseWhole({ tree, source, stdin }: Situation): Compilation | undefined {
  const [extension] = tree.extensions;
  if (extension !== undefined) {
    return { kind: 'shell', span: extension.span, because: `\`${extension.construct}\` is not of POSIX` };
  }
  if (tree.fault !== undefined)
    return { kind: 'shell', span: tree.fault, because: 'the script cannot be read' };
  const odd = /[^\n\t -~\u00a0-\u{10ffff}]/u.exec(source);
  if (odd !== null) {
    return {
      kind: 'shell',
      span: { offset: odd.index, length: 1 },
      because: 'the script has a control character',
    };
  }
  if (stdin.includes('\0'))
    return { kind: 'shell', span: { offset: 0, length: 0 }, because: 'the input has a NUL' };
  return undefined;
}

function wholeOf({ source }: Situation): Span {
  return { offset: 0, length: source.length };
}

/** A run along the paths that are known. */
function walk(paths: readonly Path[]): ScriptRun {
  let possible = paths;
  let at = -1;
  return {
    next: (outcome) => {
      if (outcome !== undefined) possible = possible.filter(({ calls }) => calls[at]?.outcome === outcome);
      at += 1;
      const [path] = possible;
      if (path === undefined) throw new Error('the script has no path with such an outcome');
      const call = path.calls[at]?.call;
      return call === undefined ? path.end : { kind: 'call', call };
    },
  };
}

/** Follows a script; calls beyond the given outcomes succeed. */
function followPath(
  { tree, source, exitsOnFailure, environment, stdin, programs }: Situation,
  outcomes: readonly CallOutcome[],
): Path {
  const context: RunContext = { source, written: [], programs, calls: 0, stepsLeft: mostSteps };
  const shell = new Interpreter(initialState(environment, exitsOnFailure), context);
  const run = shell.script(tree.list, { input: Input.of(stdin), output: 'stdout', errors: 'stderr' });
  const calls: { call: ProgramCall; outcome: CallOutcome }[] = [];
  let step = run.next();
  while (step.done !== true) {
    const outcome = outcomes[calls.length] ?? 'succeeded';
    calls.push({ call: step.value, outcome });
    step = run.next(outcome);
  }
  return { calls, end: { kind: 'ended', succeeded: isSuccess(step.value), written: context.written } };
}
