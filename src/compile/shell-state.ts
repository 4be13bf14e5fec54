import type { CommandNode } from '../recipe/sh/syntax-tree.ts';
import type { Status } from './call.ts';
import { Variables } from './variables.ts';

/** Everything of a shell that a subshell has a copy of. */
export interface ShellState {
  readonly variables: Variables;
  readonly functions: Map<string, CommandNode>;
  /** `$1`, `$2` … */
  parameters: readonly string[];
  /** `set -e` */
  exitsOnFailure: boolean;
  /** `set -u` */
  refusesUnset: boolean;
  /** `$?` */
  lastStatus: Status;
  /** Loops around the command that runs, in this function and this subshell. */
  loopDepth: number;
  /** Functions around the command that runs. */
  functionDepth: number;
}

export function initialState(
  environment: Readonly<Record<string, string>>,
  exitsOnFailure: boolean,
): ShellState {
  return {
    variables: Variables.of(environment),
    functions: new Map(),
    parameters: [],
    exitsOnFailure,
    refusesUnset: false,
    lastStatus: 0,
    loopDepth: 0,
    functionDepth: 0,
  };
}

/** A copy for a subshell. */
export function copyState(state: ShellState): ShellState {
  return { ...state, variables: state.variables.clone(), functions: new Map(state.functions), loopDepth: 0 };
}
