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
 * Makes runs of the recipe's commands from operations: one by one, and in batches if the recipe has a batch command.
 *
 * @param report receives what `verify` finds
 */
export function peerCommands(
  commands: CommandRunner,
  own: LeaseSubnets,
  compile: CompileMode,
  report: ReportCompiled,
): AblePeerCommands {
  const canRemove = commands.has('SubnetRemoveCommand');
  const verified = compile === 'verify' ? new VerifiedCommands(commands, own, report) : undefined;
  return {
    run: async (operation, signal) => {
      const result =
        verified === undefined
          ? await commands.runPeer(peerCommandOf(operation), own, operation.peer, signal)
          : await verified.run(operation, signal);
      return canRemove ? result : blameMissingRemove(operation, result);
    },
    ...batchOf(commands, own, compile),
  };
}

/** The way to run many operations at once: the recipe's own command wins over compiled ones. */
function batchOf(
  commands: CommandRunner,
  own: LeaseSubnets,
  compile: CompileMode,
): Pick<AblePeerCommands, 'batch' | 'abilities'> {
  const { backendData } = commands;
  const abilities = {
    canRemove: commands.has('SubnetRemoveCommand'),
    repeatable: commands.has('CheckCommand'),
  };
  if (commands.has('SubnetBatchCommand')) {
    return {
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
    return { batch: undefined, abilities: { ...abilities, fitsBatch: undefined } };
  const compiled = new CompiledCommands(commands, own);
  // They answer while the network comes up.
  void commands.findTools();
  return {
    batch: async (operations, signal, mayGoOn) => {
      const begin = performance.now();
      const results = (await compiled.run(operations, signal, mayGoOn)).map((result, index) => {
        const operation = operations[index];
        return abilities.canRemove || operation === undefined || result.kind === 'stopped'
          ? result
          : blameMissingRemove(operation, result);
      });
      return { kind: 'each', results, durationMs: performance.now() - begin };
    },
    abilities: { ...abilities, fitsBatch: (operation) => compiled.fits(operation) },
  };
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
