import type { Operation } from '../../engine/operation.ts';
import type { Abilities } from '../../engine/state.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { formatPeerLine } from '../../contract/peer-line.ts';
import type { CommandResult } from './command-result.ts';
import type { CommandRunner } from './command-runner.ts';

/** How many operations at once, for a recipe that has a SubnetBatchCommand. */
export interface BatchAbility {
  /** An operation as a line of the batch; only for one that `fitsBatch`. */
  readonly formatLine: (operation: Operation) => string;
  readonly run: (lines: readonly string[], signal: AbortSignal) => Promise<CommandResult>;
}

/** Runs what the engine asks for. */
export interface PeerCommands {
  /** Runs SubnetAdd or SubnetRemove for one peer. */
  readonly run: (operation: Operation, signal: AbortSignal) => Promise<CommandResult>;
  /** Undefined where the recipe has no SubnetBatchCommand. */
  readonly batch: BatchAbility | undefined;
}

/** How operations become runs of the recipe's commands: one by one, and in batches where the recipe can. */
export function peerCommands(commands: CommandRunner, own: LeaseSubnets): PeerCommands {
  return {
    run: ({ kind, peer }, signal) =>
      commands.runPeer(kind === 'add' ? 'SubnetAddCommand' : 'SubnetRemoveCommand', own, peer, signal),
    batch: commands.has('SubnetBatchCommand')
      ? {
          formatLine: ({ kind, peer }) => formatPeerLine(kind, peer, commands.backendData) ?? '',
          run: (lines, signal) => commands.runLines('SubnetBatchCommand', own, lines, signal),
        }
      : undefined,
  };
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
