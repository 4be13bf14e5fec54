import type { Span } from '../diagnostic/source.ts';
import type { ScriptTree } from '../recipe/sh/syntax-tree.ts';
import { areEqualCalls, type ProgramCall, type CallOutcome, type Programs } from './call.ts';
import { Machine, type LastCommand, type Stop } from './machine.ts';
import { NotUnderstood } from './text/not-understood.ts';
import { initialState } from './shell-state.ts';

/** A script, and what a shell would run it with. */
interface Situation {
  readonly tree: ScriptTree;
  readonly source: string;
  /** Whether the shell is started with `-e`. */
  readonly exitsOnFailure: boolean;
  /** The environment of the shell. */
  readonly environment: Readonly<Record<string, string>>;
  /** The part of the environment that other runs of the script have, too. A name in `environment` wins. */
  readonly shared?: Readonly<Record<string, string>>;
  readonly stdin: string;
  readonly programs: Programs;
}

/** A script on its way: it stops before each call of a program. */
export interface ScriptRun {
  /** Goes on from the call before, of which the outcome is told; without one, begins. */
  next(outcome?: CallOutcome): Stop;
}

export type Compilation =
  | { readonly kind: 'compiled'; readonly start: () => ScriptRun; readonly paths: readonly Path[] }
  | { readonly kind: 'shell'; readonly span: Span; readonly because: string };

/** One way through a script: its calls, each with the outcome that leads on. */
interface Path {
  readonly calls: readonly { readonly call: ProgramCall; readonly outcome: CallOutcome }[];
  readonly end: Stop & { readonly kind: 'ended' };
}

/** A call, and where each of its outcomes leads. Two outcomes that lead to the same place share it, and count as one way. */
interface Fork {
  readonly kind: 'call';
  readonly call: ProgramCall;
  readonly succeeded: Place;
  readonly failed: Place;
  /** The number of paths from here. */
  readonly ways: number;
}

type Place = Fork | (Stop & { readonly kind: 'ended' });

/** So many paths are tried before a script is left to the shell. */
const mostPaths = 64;

/**
 * Decides whether a script can run without a shell for the given input: every path, whatever its calls end with, must be understood
 * to its end. Otherwise the first place that is not understood is told.
 */
export function compileScript(situation: Situation): Compilation {
  const refusal = refuseWhole(situation);
  if (refusal !== undefined) return refusal;
  const { tree, source, exitsOnFailure, environment, shared = {}, stdin, programs } = situation;
  try {
    const state = initialState(environment, shared, exitsOnFailure);
    const { machine, stop } = Machine.begin(tree.list, { source, programs }, state, stdin);
    const first = explore(machine, stop, 0);
    if (first !== undefined) return compiled(first);
    return { kind: 'shell', span: wholeOf(situation), because: `it can go more than ${mostPaths} ways` };
  } catch (error) {
    if (error instanceof NotUnderstood) return { kind: 'shell', span: error.span, because: error.because };
    throw error;
  }
}

/** Follows a script on from a stop, whatever its calls end with; undefined if it can go too many ways. */
function explore(machine: Machine, stop: Stop, depth: number): Place | undefined {
  if (stop.kind === 'ended') return stop;
  // Each of these calls can fail, which is a way of its own.
  if (depth >= mostPaths) return undefined;
  const { call } = stop;
  const other = machine.fork();
  const onSuccess = machine.goOn('succeeded');
  const onFailure = attempt(() => other.goOn('failed'));
  if (onFailure.kind === 'done' && areEqual(machine, onSuccess, other, onFailure.value)) {
    const both = explore(machine, onSuccess, depth + 1);
    return both && { kind: 'call', call, succeeded: both, failed: both, ways: waysOf(both) };
  }
  const succeeded = explore(machine, onSuccess, depth + 1);
  if (succeeded === undefined) return undefined;
  // The place that is told is the first one on the way on which all calls succeed.
  if (onFailure.kind === 'refused') throw onFailure.error;
  const failed = explore(other, onFailure.value, depth + 1);
  return failed && forkOf(call, succeeded, failed);
}

type Attempt =
  | { readonly kind: 'done'; readonly value: Stop }
  | { readonly kind: 'refused'; readonly error: NotUnderstood };

function attempt(work: () => Stop): Attempt {
  try {
    return { kind: 'done', value: work() };
  } catch (error) {
    if (error instanceof NotUnderstood) return { kind: 'refused', error };
    throw error;
  }
}

function areEqual(machine: Machine, stop: Stop, other: Machine, otherStop: Stop): boolean {
  if (stop.kind === 'ended' && otherStop.kind === 'ended') {
    return (
      stop.succeeded === otherStop.succeeded &&
      (stop.succeeded || areSamePlaces(stop.last, otherStop.last)) &&
      JSON.stringify(stop.written) === JSON.stringify(otherStop.written)
    );
  }
  return (
    stop.kind === 'call' &&
    otherStop.kind === 'call' &&
    areEqualCalls(stop.call, otherStop.call) &&
    machine.equals(other)
  );
}

function areSamePlaces(one: LastCommand, other: LastCommand): boolean {
  return one.status === other.status && one.span?.offset === other.span?.offset;
}

function forkOf(call: ProgramCall, succeeded: Place, failed: Place): Fork | undefined {
  const ways = waysOf(succeeded) + waysOf(failed);
  return ways > mostPaths ? undefined : { kind: 'call', call, succeeded, failed, ways };
}

function waysOf(place: Place): number {
  return place.kind === 'call' ? place.ways : 1;
}

function compiled(first: Place): Compilation {
  return {
    kind: 'compiled',
    start: () => walk(first),
    get paths() {
      return listPaths(first, []);
    },
  };
}

/**
 * The path on which all further calls succeed, then those on which one fails, from the first to the last. A call of which both outcomes lead
 * to the same place is on one path.
 */
function listPaths(place: Place, before: Path['calls']): Path[] {
  const calls = [...before];
  const failures: (() => Path[])[] = [];
  let at = place;
  for (; at.kind === 'call'; at = at.succeeded) {
    const { call, failed, succeeded } = at;
    calls.push({ call, outcome: 'succeeded' });
    if (failed === succeeded) continue;
    const failing = [...calls.slice(0, -1), { call, outcome: 'failed' } as const];
    failures.push(() => listPaths(failed, failing));
  }
  return [{ calls, end: at }, ...failures.flatMap((list) => list())];
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
function walk(first: Place): ScriptRun {
  let place = first;
  return {
    next: (outcome) => {
      if (outcome !== undefined) {
        if (place.kind === 'ended') throw new Error('the script has ended');
        place = place[outcome];
      }
      return place.kind === 'call' ? { kind: 'call', call: place.call } : place;
    },
  };
}
