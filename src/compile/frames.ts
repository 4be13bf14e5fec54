import type { AndOr, IfCommand, List } from '../recipe/sh/syntax-tree.ts';
import type { Span } from '../diagnostic/source.ts';
import { areEqualLists, areEqualStates, type ShellState } from './shell-state.ts';
import type { Input, Streams } from './streams.ts';
import type { ProgramCall, Status } from './call.ts';
import { NotUnderstood } from './text/not-understood.ts';

/** An ending that leaves more than one command. */
export type Leaving =
  /** The shell, or the subshell, ends. `byFailure` says that `set -e` ends it, and not a command of its own. */
  | { readonly kind: 'exit'; readonly status: Status; readonly byFailure: boolean }
  /** `return` ends a function. */
  | { readonly kind: 'return'; readonly status: Status; readonly span: Span }
  /** `break` or `continue`; `levels` counts the loops that it still has to pass. */
  | { readonly kind: 'break' | 'continue'; readonly levels: number };

/** A call that is made, and the input that its program may read. */
export interface PendingCall {
  readonly kind: 'call';
  readonly call: ProgramCall;
  readonly input: Input;
}

/** How the evaluation of a part goes on: with its status, with a call, or with an ending. Frames that it has pushed come after that. */
export type Result = Status | PendingCall | Leaving;

/** The place of a command: its streams, and whether its failure is asked about, so that `set -e` does not end the shell. */
interface Place {
  readonly streams: Streams;
  readonly tested: boolean;
}

/** The work that a shell still has once the command that runs has ended. A frame never changes, so that two runs can share it. */
export type Frame =
  | (Place & { readonly kind: 'list'; readonly list: List; readonly next: number })
  | (Place & { readonly kind: 'and-or'; readonly andOr: AndOr; readonly next: number })
  | { readonly kind: 'pipeline'; readonly negated: boolean; readonly exits: boolean }
  | { readonly kind: 'exit-on-failure' }
  | (Place & { readonly kind: 'branch'; readonly node: IfCommand; readonly at: number })
  | LoopFrame
  | { readonly kind: 'subshell'; readonly outer: ShellState }
  | FunctionFrame;

/** A function that ends after the command that runs. */
export interface FunctionFrame {
  readonly kind: 'function';
  readonly parameters: readonly string[];
  readonly loopDepth: number;
}

/** A loop that waits for its condition or its body. */
export interface LoopFrame extends Place {
  readonly kind: 'loop';
  readonly body: List;
  readonly span: Span;
  readonly turns:
    | { readonly kind: 'while'; readonly condition: List; readonly until: boolean }
    | {
        readonly kind: 'for';
        readonly variable: string;
        readonly values: readonly string[];
        readonly next: number;
      };
  readonly waitsFor: 'condition' | 'body';
  /** The last status of the body. */
  readonly status: Status;
}

/** A frame for another run that goes on from the same place. */
export function forkFrame(frame: Frame): Frame {
  return frame.kind === 'subshell' ? { ...frame, outer: { ...frame.outer } } : frame;
}

/** Whether two frames of a script do the same. */
export function areEqualFrames(one: Frame, other: Frame): boolean {
  if (one === other) return true;
  switch (one.kind) {
    case 'list':
      return (
        other.kind === 'list' &&
        one.list === other.list &&
        one.next === other.next &&
        areSamePlaces(one, other)
      );
    case 'and-or':
      return (
        other.kind === 'and-or' &&
        one.andOr === other.andOr &&
        one.next === other.next &&
        areSamePlaces(one, other)
      );
    case 'pipeline':
      return other.kind === 'pipeline' && one.negated === other.negated && one.exits === other.exits;
    case 'exit-on-failure':
      return other.kind === 'exit-on-failure';
    case 'branch':
      return (
        other.kind === 'branch' && one.node === other.node && one.at === other.at && areSamePlaces(one, other)
      );
    case 'loop':
      return other.kind === 'loop' && areSameLoops(one, other);
    case 'subshell':
      return other.kind === 'subshell' && areEqualStates(one.outer, other.outer);
    case 'function':
      return (
        other.kind === 'function' &&
        one.loopDepth === other.loopDepth &&
        areEqualLists(one.parameters, other.parameters)
      );
  }
}

function areSameLoops(one: LoopFrame, other: LoopFrame): boolean {
  return (
    one.body === other.body &&
    one.waitsFor === other.waitsFor &&
    one.status === other.status &&
    areSamePlaces(one, other) &&
    areSameTurns(one.turns, other.turns)
  );
}

function areSameTurns(one: LoopFrame['turns'], other: LoopFrame['turns']): boolean {
  if (one === other) return true;
  // The condition of a `while` is that of its body.
  if (one.kind === 'while' || other.kind === 'while') return one.kind === other.kind;
  return one.next === other.next && areEqualLists(one.values, other.values);
}

function areSamePlaces(one: Place, other: Place): boolean {
  return one.tested === other.tested && areSameStreams(one.streams, other.streams);
}

function areSameStreams(one: Streams, other: Streams): boolean {
  return (
    one === other || (one.input === other.input && one.output === other.output && one.errors === other.errors)
  );
}

/** The shell whose frames an ending leaves. */
interface LeftShell {
  state: ShellState;
  leaveFunction(frame: FunctionFrame): void;
}

/** Takes away the frames that an ending leaves. Returns the status that it ends with, or what leaves the first `base` frames, too. */
export function leaveFrames(
  frames: Frame[],
  ending: Leaving,
  base: number,
  shell: LeftShell,
): Status | Leaving {
  let leaving = ending;
  while (frames.length > base) {
    const frame = frames.pop();
    if (frame === undefined) break;
    switch (frame.kind) {
      case 'subshell':
        shell.state = frame.outer;
        return endStatusOf(leaving);
      case 'function':
        shell.leaveFunction(frame);
        if (leaving.kind === 'return') return leaving.status;
        break;
      case 'loop':
        if (leaving.kind === 'continue' && leaving.levels === 1) {
          frames.push({ ...frame, waitsFor: 'body' });
          return 0;
        }
        shell.state.loopDepth -= 1;
        if (leaving.kind === 'exit' || leaving.kind === 'return') break;
        if (leaving.levels === 1) return 0;
        leaving = { kind: leaving.kind, levels: leaving.levels - 1 };
        break;
      case 'pipeline':
        if (frame.negated && leaving.kind === 'return')
          throw new NotUnderstood(leaving.span, 'shells differ in what `!` makes of a `return`');
        break;
      case 'list':
      case 'and-or':
      case 'exit-on-failure':
      case 'branch':
    }
  }
  return leaving;
}

/** The status of a shell that ends. */
export function endStatusOf(end: Status | Leaving): Status {
  if (typeof end !== 'object') return end;
  if (end.kind === 'exit' || end.kind === 'return') return end.status;
  throw new Error('a loop was left that is not there');
}
