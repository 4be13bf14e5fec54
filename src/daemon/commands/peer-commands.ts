import type { Operation } from '../../engine/operation.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import { formatPeerLine } from '../../contract/peer-line.ts';
import type { CommandRunner } from './command-runner.ts';
import type { PeerLoopOptions } from '../peers/peer-loop.ts';

/** How operations become runs of the recipe's commands: one by one, and in batches where the recipe can. */
export function peerCommands(
  commands: CommandRunner,
  own: LeaseSubnets,
): Pick<PeerLoopOptions, 'run' | 'batch'> {
  return {
    run: ({ kind, peer }, signal) =>
      commands.runPeer(kind === 'add' ? 'SubnetAddCommand' : 'SubnetRemoveCommand', own, peer, signal),
    batch: commands.has('SubnetBatchCommand')
      ? {
          formatLine: (operation) => formatOperation(operation, commands),
          run: (lines, signal) => commands.runLines('SubnetBatchCommand', own, lines, signal),
        }
      : undefined,
  };
}

/** A lenient remove may fail without consequence, and a batch fails as a whole: it is run by itself. */
function formatOperation({ kind, peer, mode }: Operation, commands: CommandRunner): string | undefined {
  return mode === 'lenient' ? undefined : formatPeerLine(kind, peer, commands.backendData);
}
