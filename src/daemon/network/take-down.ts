import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent } from '../../event/event.ts';
import { removeSubnetFile } from '../../host/subnet-file.ts';
import { explainError } from '../../host/system-error.ts';
import type { LeaseSubnets } from '../../lease/lease.ts';
import type { CommandRunner } from '../commands/command-runner.ts';
import { removeDeployment } from './deployment-file.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';
import type { PeerLoop } from '../peers/peer-loop.ts';

/** What taking a network down came to. */
export interface TakenDown {
  /** Peers whose remove succeeded, or that the recipe has no remove for. */
  readonly removed: number;
  /** Peers that could not be removed; they stay in the journal for `heddle down`. */
  readonly failed: readonly string[];
  /** `skipped`: the network was only forgotten. */
  readonly shutdown: 'done' | 'failed' | 'skipped';
}

/** A network that is up, with all it takes to bring it down. */
export interface StandingNetwork {
  readonly commands: CommandRunner;
  readonly loop: PeerLoop;
  readonly journal: PeerJournal;
  /** Undefined if it never got as far as a lease. */
  readonly own: LeaseSubnets | undefined;
  readonly stateDirectory: string;
  readonly subnetFile: string;
  readonly emit: EmitEvent;
}

/**
 * Removes every peer, then runs ShutdownCommand. What the journal and the deployment say is forgotten only once it is
 * true; what failed is kept, so that `heddle down` can try again.
 */
export async function takeDown(network: StandingNetwork): Promise<TakenDown> {
  const { commands, loop, journal, own, stateDirectory, subnetFile, emit } = network;
  const before = journal.peers.length;
  const failed = await removePeers(loop);
  const result = await commands.runOwn('ShutdownCommand', own);
  const shutdown = result.kind === 'ok' ? 'done' : 'failed';
  try {
    await removeSubnetFile(subnetFile);
  } catch (error) {
    emit({ event: 'warning', message: `the subnet file ${subnetFile} stays: ${explainError(error)}` });
  }
  if (failed.length === 0 && shutdown === 'done') await removeDeployment(stateDirectory);
  const removed = before - failed.length;
  emit({ event: 'shutdown-finished', removed, failed: failed.length });
  return { removed, failed, shutdown };
}

/** Removes every peer and stops the loop. Returns the keys of those that could not be removed. */
export async function removePeers(loop: PeerLoop): Promise<readonly string[]> {
  loop.feed({ kind: 'shutdown' });
  loop.resume();
  await loop.settled();
  const failed = loop.engine.waitingKeys;
  await loop.stop();
  return failed;
}

/** Throws a Failure that says what is still there, if anything is, and what to do after one has read why. */
export function requireTakenDown(taken: TakenDown, whatNext: string): void {
  const remains = describeRemains(taken);
  if (remains === '') return;
  throw new Failure('command', `the network could not be taken down whole: ${remains}`, {
    hint: `see the messages above, ${whatNext}`,
  });
}

/** What is still there after a network was not taken down whole, as a clause; empty if nothing is. */
function describeRemains({ failed, shutdown }: TakenDown): string {
  const parts = [];
  if (failed.length > 0)
    parts.push(`${failed.length} of its peers could not be removed (${failed.join(', ')})`);
  if (shutdown === 'failed') parts.push('ShutdownCommand failed');
  return parts.join(' and ');
}
