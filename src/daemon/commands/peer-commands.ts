import type { CompileMode } from '../../compile/compile-mode.ts';
import type { Operation } from '../../engine/operation.ts';
import type { Abilities } from '../../engine/state.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { formatPeerLine } from '../../contract/peer-line.ts';
import type { CommandResult } from './command-result.ts';
import { CompiledCommands } from './compiled-commands.ts';
import { peerCommandOf, type CommandRunner, type CompiledResult } from './command-runner.ts';
import { VerifiedCommands, type ReportCompiled } from './verified-commands.ts';

/** The end of a batch: one result for all its operations, or one for each, in their order. */
export type BatchEnd =
  | CommandResult
  | { readonly kind: 'each'; readonly results: readonly CompiledResult[]; readonly durationMs: number };

/** Runs operations that `fitsBatch` has accepted, many at once. Once `mayGoOn` says no, it begins no further program. */
export type RunBatch = (
  operations: readonly Operation[],
  signal: AbortSignal,
  mayGoOn: () => boolean,
) => Promise<BatchEnd>;

/** Runs the operations of the engine. */
export interface PeerCommands {
  /** Runs SubnetAdd or SubnetRemove for one peer. */
  readonly run: (operation: Operation, signal: AbortSignal) => Promise<CommandResult>;
  /** Undefined if all operations run one by one. */
  readonly batch: RunBatch | undefined;
}

/** With the recipe's abilities that the engine needs to know. */
type AblePeerCommands = PeerCommands & { readonly abilities: Abilities };

/**
 * Makes runs of the recipe's commands from operations: one by one, and in batches if the recipe has a batch command or its commands compile.
 * Compiled commands run without a shell, also one by one.
 *
 * @param report receives what `verify` finds
 */
export function peerCommands(
  commands: CommandRunner,
  own: LeaseSubnets,
  compile: CompileMode,
  report: ReportCompiled,
): AblePeerCommands {
  const abilities = {
    canRemove: commands.has('SubnetRemoveCommand'),
    repeatable: commands.has('CheckCommand'),
  };
  const blame = <Result extends CompiledResult>(
    operation: Operation,
    result: Result,
  ): Result | CommandResult =>
    abilities.canRemove || result.kind === 'stopped' ? result : blameMissingRemove(operation, result);
  const run = runByShell(commands, own, compile, report);
  const runBlaming = async (operation: Operation, signal: AbortSignal): Promise<CommandResult> =>
    blame(operation, await run(operation, signal));
  if (commands.has('SubnetBatchCommand')) {
    const { backendData } = commands;
    return {
      run: runBlaming,
      batch: (operations, signal) => {
        const lines = operations.map(({ kind, peer }) => formatPeerLine(kind, peer, backendData) ?? '');
        return commands.runLines('SubnetBatchCommand', own, lines, signal);
      },
      abilities: {
        ...abilities,
        fitsBatch: ({ kind, peer }) => formatPeerLine(kind, peer, backendData) !== undefined,
      },
    };
  }
  // One after the other is what Concurrency 1 promises.
  if (compile !== 'on' || !commands.mayOverlap)
    return { run: runBlaming, batch: undefined, abilities: { ...abilities, fitsBatch: undefined } };
  const compiled = new CompiledCommands(commands, own);
  // They answer while the network comes up.
  void commands.findTools();
  /** The peers whose last run failed. The shell runs their commands until they succeed. */
  const failed = new Set<string>();
  const note = <Result extends CompiledResult>({ peer }: Operation, result: Result): Result => {
    if (result.kind === 'ok') failed.delete(peer.key);
    else if (result.kind === 'trouble' && result.didBegin) failed.add(peer.key);
    return result;
  };
  return {
    run: async (operation, signal) => {
      const direct = failed.has(operation.peer.key) ? undefined : compiled.runDirectly(operation, signal);
      return blame(operation, note(operation, await (direct ?? run(operation, signal))));
    },
    batch: async (operations, signal, mayGoOn) => {
      const begin = performance.now();
      const results = (await compiled.run(operations, signal, mayGoOn)).map((result, index) => {
        const operation = operations[index];
        return operation === undefined ? result : blame(operation, note(operation, result));
      });
      return { kind: 'each', results, durationMs: performance.now() - begin };
    },
    abilities: { ...abilities, fitsBatch: (operation) => compiled.fits(operation) },
  };
}

/** Runs each operation by the shell, and compares it where that is asked for. */
function runByShell(
  commands: CommandRunner,
  own: LeaseSubnets,
  compile: CompileMode,
  report: ReportCompiled,
): PeerCommands['run'] {
  if (compile !== 'verify')
    return (operation, signal) => commands.runPeer(peerCommandOf(operation), own, operation.peer, signal);
  const verified = new VerifiedCommands(commands, own, report);
  return (operation, signal) => verified.run(operation, signal);
}

/** The reasons for an add that comes after an earlier add of the same peer. */
const afterAnAdd: ReadonlySet<Operation['reason']> = new Set(['changed', 'drifted', 'restart']);

/** Adds a hint about a missing SubnetRemoveCommand to a failed add that may have met the entries of an earlier add. */
function blameMissingRemove({ kind, reason }: Operation, result: CommandResult): CommandResult {
  if (kind !== 'add' || result.kind === 'ok') return result;
  const { trouble } = result;
  if (!afterAnAdd.has(reason) && !/\bexists?\b/i.test(trouble.stderr)) return result;
  const how = `${trouble.how}; the recipe does not have a SubnetRemoveCommand, so entries of an earlier add may be in the way: add that command to the recipe`;
  return { ...result, trouble: { ...trouble, how } };
}
