import type { Operation } from '../../engine/operation.ts';
import type { Abilities } from '../../engine/state.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { formatPeerLine } from '../../contract/peer-line.ts';
import type { CommandResult } from './command-result.ts';
import type { CommandRunner } from './command-runner.ts';

/** The use of SubnetBatchCommand, for a recipe that has it. */
export interface BatchAbility {
  /** Formats an operation as a line of the batch. Call it only for an operation that `fitsBatch`. */
  readonly formatLine: (operation: Operation) => string;
  readonly run: (lines: readonly string[], signal: AbortSignal) => Promise<CommandResult>;
}

/** Runs the operations of the engine. */
export interface PeerCommands {
  /** Runs SubnetAdd or SubnetRemove for one peer. */
  readonly run: (operation: Operation, signal: AbortSignal) => Promise<CommandResult>;
  /** The use of batches; undefined for a recipe without SubnetBatchCommand. */
  readonly batch: BatchAbility | undefined;
}

/** Makes runs of the recipe's commands from operations: one by one, and in batches if the recipe has a batch command. */
export function peerCommands(commands: CommandRunner, own: LeaseSubnets): PeerCommands {
  return {
    run: async (operation, signal) => {
      const { kind, peer } = operation;
      const name = kind === 'add' ? 'SubnetAddCommand' : 'SubnetRemoveCommand';
      const result = await commands.runPeer(name, own, peer, signal);
      return commands.has('SubnetRemoveCommand') ? result : blameMissingRemove(operation, result);
    },
    batch: commands.has('SubnetBatchCommand')
      ? {
          formatLine: ({ kind, peer }) => formatPeerLine(kind, peer, commands.backendData) ?? '',
          run: (lines, signal) => commands.runLines('SubnetBatchCommand', own, lines, signal),
        }
      : undefined,
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

/** The recipe's abilities that the engine needs to know. */
export function abilitiesOf(commands: CommandRunner): Abilities {
  const { backendData } = commands;
  return {
    canRemove: commands.has('SubnetRemoveCommand'),
    repeatable: commands.has('CheckCommand'),
    fitsBatch: commands.has('SubnetBatchCommand')
      ? ({ kind, peer }) => formatPeerLine(kind, peer, backendData) !== undefined
      : undefined,
  };
}
