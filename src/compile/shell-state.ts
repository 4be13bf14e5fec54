import type { CommandNode } from '../recipe/sh/syntax-tree.ts';
import type { Status } from './call.ts';
import { Variables } from './variables.ts';

/** Everything of a shell that a subshell has a copy of. */
export interface ShellState {
  variables: Variables;
  functions: ReadonlyMap<string, CommandNode>;
  /** `$1`, `$2` … */
  parameters: readonly string[];
  /** `set -e` */
  exitsOnFailure: boolean;
  /** `set -u` */
  refusesUnset: boolean;
  /** `$?`; unclear after a substitution that ended otherwise, until the command that it is part of ends. */
  lastStatus: Status | 'unclear';
  /** Loops around the command that runs, in this function and this subshell. */
  loopDepth: number;
  /** Functions around the command that runs. */
  functionDepth: number;
}

export function initialState(
  own: Readonly<Record<string, string>>,
  shared: Readonly<Record<string, string>>,
  exitsOnFailure: boolean,
): ShellState {
  return {
    variables: Variables.of(own, shared),
    functions: noFunctions,
    parameters: [],
    exitsOnFailure,
    refusesUnset: false,
    lastStatus: 0,
    loopDepth: 0,
    functionDepth: 0,
  };
}

const noFunctions: ReadonlyMap<string, CommandNode> = new Map();

/** A copy for a subshell. */
export function stateOfSubshell(state: ShellState): ShellState {
  return { ...state, loopDepth: 0 };
}

/** Whether a script goes on in the same way from two states. */
export function areEqualStates(one: ShellState, other: ShellState): boolean {
  return (
    one === other ||
    (one.variables.equals(other.variables) &&
      one.functions === other.functions &&
      areEqualLists(one.parameters, other.parameters) &&
      one.exitsOnFailure === other.exitsOnFailure &&
      one.refusesUnset === other.refusesUnset &&
      one.lastStatus === other.lastStatus &&
      one.loopDepth === other.loopDepth &&
      one.functionDepth === other.functionDepth)
  );
}

export function areEqualLists(some: readonly unknown[], others: readonly unknown[]): boolean {
  return some === others || (some.length === others.length && some.every((each, at) => each === others[at]));
}
