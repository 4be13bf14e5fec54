import type { Span } from '../diagnostic/source.ts';
import type { ScriptTree } from '../recipe/sh/syntax-tree.ts';
import { areEqualCalls, type ProgramCall, type CallOutcome, type Programs } from './call.ts';
import { Machine, type LastCommand, type Stop } from './machine.ts';
import { NotUnderstood } from './text/not-understood.ts';
import { initialState } from './shell-state.ts';

/** A script, and what a shell would run it with. */
export interface Situation {
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
  CompiledScript | { readonly kind: 'shell'; readonly span: Span; readonly because: string };

/** One way through a script: its calls, each with the outcome that leads on. */
interface Path {
  readonly calls: readonly { readonly call: ProgramCall; readonly outcome: CallOutcome }[];
  readonly end: End;
}

/** A call, and where each of its outcomes leads. Two outcomes that lead to the same place share it, and count as one way. */
export interface Fork {
  readonly kind: 'call';
  readonly call: ProgramCall;
  readonly succeeded: ScriptPlace;
  readonly failed: ScriptPlace;
  /** The number of paths from here. */
  readonly ways: number;
}

export type ScriptPlace = Fork | End;

export type End = Stop & { readonly kind: 'ended' };

/** So many paths are tried before a script is left to the shell. */
const mostPaths = 64;

/**
 * Decides whether a script can run without a shell for the given input: every path, whatever its calls end with, must be understood
 * to its end. Otherwise the first place that is not understood is told.
 */
export function compileScript(situation: Situation): Compilation {
  try {
    return new CompiledScript(followPaths(situation), asTheyAre);
  } catch (error) {
    if (error instanceof NotUnderstood) return { kind: 'shell', span: error.span, because: error.because };
    throw error;
  }
}

/** Follows a script on every path to its end. Throws a {@link NotUnderstood} for the first place that only a shell can follow. */
export function followPaths(situation: Situation): ScriptPlace {
  refuseWhole(situation);
  const { tree, source, exitsOnFailure, environment, shared = {}, stdin, programs } = situation;
  const state = initialState(environment, shared, exitsOnFailure);
  const { machine, stop } = Machine.begin(tree.list, { source, programs }, state, stdin);
  const first = explore(machine, stop, 0);
  if (first !== undefined) return first;
  throw new NotUnderstood({ offset: 0, length: source.length }, `it can go more than ${mostPaths} ways`);
}

/** Follows a script on from a stop, whatever its calls end with; undefined if it can go too many ways. */
function explore(machine: Machine, stop: Stop, depth: number): ScriptPlace | undefined {
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

function forkOf(call: ProgramCall, succeeded: ScriptPlace, failed: ScriptPlace): Fork | undefined {
  const ways = waysOf(succeeded) + waysOf(failed);
  return ways > mostPaths ? undefined : { kind: 'call', call, succeeded, failed, ways };
}

function waysOf(place: ScriptPlace): number {
  return place.kind === 'call' ? place.ways : 1;
}

/** Makes the calls and the ends of a run from those of the places on its way. */
export interface Filling {
  call(place: Fork): ProgramCall;
  /** The same call. Its texts are made when they are asked for, so that a call that waits takes little memory. */
  waitingCall(place: Fork): ProgramCall;
  end(place: End): End;
}

const asTheyAre: Filling = {
  call: ({ call }) => call,
  waitingCall: ({ call }) => call,
  end: (place) => place,
};

/** The compilation of a script from its places. An object of a class takes less memory than closures; there is one for each peer. */
export class CompiledScript {
  readonly kind = 'compiled';
  readonly #first: ScriptPlace;
  readonly #filling: Filling;

  constructor(first: ScriptPlace, filling: Filling) {
    this.#first = first;
    this.#filling = filling;
  }

  get paths(): readonly Path[] {
    return listPaths(this.#first, [], this.#filling);
  }

  start(): ScriptRun {
    return new Walk(this.#first, this.#filling);
  }
}

/**
 * The path on which all further calls succeed, then those on which one fails, from the first to the last. A call of which both outcomes lead
 * to the same place is on one path.
 */
function listPaths(place: ScriptPlace, before: Path['calls'], filling: Filling): Path[] {
  const calls = [...before];
  const failures: (() => Path[])[] = [];
  let at = place;
  for (; at.kind === 'call'; at = at.succeeded) {
    const { failed, succeeded } = at;
    const call = filling.call(at);
    calls.push({ call, outcome: 'succeeded' });
    if (failed === succeeded) continue;
    const failing = [...calls.slice(0, -1), { call, outcome: 'failed' } as const];
    failures.push(() => listPaths(failed, failing, filling));
  }
  return [{ calls, end: filling.end(at) }, ...failures.flatMap((list) => list())];
}

function refuseWhole({ tree, source, stdin }: Situation): void {
  const [extension] = tree.extensions;
  if (extension !== undefined)
    throw new NotUnderstood(extension.span, `\`${extension.construct}\` is not of POSIX`);
  if (tree.fault !== undefined) throw new NotUnderstood(tree.fault, 'the script cannot be read');
  const odd = /[^\n\t -~\u00a0-\u{10ffff}]/u.exec(source);
  if (odd !== null)
    throw new NotUnderstood({ offset: odd.index, length: 1 }, 'the script has a control character');
  if (stdin.includes('\0')) throw new NotUnderstood({ offset: 0, length: 0 }, 'the input has a NUL');
}

/** A run along the paths that are known. */
class Walk implements ScriptRun {
  readonly #filling: Filling;
  #place: ScriptPlace;

  constructor(first: ScriptPlace, filling: Filling) {
    this.#place = first;
    this.#filling = filling;
  }

  next(outcome?: CallOutcome): Stop {
    if (outcome !== undefined) {
      if (this.#place.kind === 'ended') throw new Error('the script has ended');
      this.#place = this.#place[outcome];
    }
    const place = this.#place;
    if (place.kind === 'ended') return this.#filling.end(place);
    return { kind: 'call', call: this.#filling.waitingCall(place) };
  }
}
