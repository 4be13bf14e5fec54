import { Failure } from '../../diagnostic/failure.ts';
import type { LeaseEnd } from '../lease/held-lease.ts';
import { removeDeployment } from './deployment-file.ts';
import type { StandingNetwork } from './parts/part.ts';
import { networkParts, removeParts, type PartMemories } from './parts/parts.ts';

/** The result of taking a network down. */
export interface TakeDownResult {
  /** The number of peers whose remove succeeded, or for which the recipe has no remove. */
  readonly removed: number;
  /** The peers that could not be removed. They stay in the journal for `heddle down`. */
  readonly failed: readonly string[];
  /** The result of ShutdownCommand; `skipped` if the network was only forgotten, or the rest of it stays. */
  readonly shutdown: 'done' | 'failed' | 'skipped';
  /** The result of releasing the lease; absent if it was to be kept. */
  readonly lease?: LeaseEnd;
}

/** The result without a network to take down. */
export const emptyTakeDown: TakeDownResult = { removed: 0, failed: [], shutdown: 'done' };

/**
 * Removes the parts of a network, the last one first. The journal and the deployment file keep every part that could not be removed, so
 * that `heddle down` can try again. After `leaving`, the rest of the network stays. Throws a Failure for a part that this version does not
 * know.
 */
export async function takeDown(
  network: StandingNetwork,
  memories: PartMemories,
  leaving?: AbortSignal,
): Promise<TakeDownResult> {
  const { journal, stateDirectory, emit } = network;
  const before = journal.peers.length;
  const outcomes = await removeParts(network, memories, networkParts, leaving);
  const left = [...outcomes].flatMap(([part, outcome]) =>
    outcome.kind === 'left' ? [{ part, ...outcome }] : [],
  );
  const failed = left.flatMap(({ keys }) => keys);
  if (outcomes.size < Object.keys(memories).length) return { removed: 0, failed, shutdown: 'skipped' };
  const shutdown = left.some(({ part }) => part === 'device') ? 'failed' : 'done';
  if (left.length === 0) await removeDeployment(stateDirectory);
  const removed = before - failed.length;
  emit({ event: 'shutdown-finished', removed, failed: failed.length });
  return { removed, failed, shutdown };
}

/** Throws a Failure that names the remains, if there are any. `hint` says where the reasons are, and what to do. */
export function requireTakenDown(taken: TakeDownResult, hint: string): void {
  const remains = describeRemains(taken);
  if (remains !== '') {
    throw new Failure('command', `the network could not be taken down completely: ${remains}`, { hint });
  }
  if (taken.lease?.kind !== 'unconfirmed') return;
  const { subnet, because } = taken.lease;
  throw new Failure('store', `the network is down, but its lease ${subnet} may still be held: ${because}`, {
    hint: 'when the store answers again, run heddle down --release-lease; otherwise the lease ends by itself',
  });
}

/** The remains after a network was not taken down completely, as a clause; empty if there are none. */
function describeRemains({ failed, shutdown }: TakeDownResult): string {
  const parts = [];
  if (failed.length > 0)
    parts.push(`${failed.length} of its peers could not be removed (${failed.join(', ')})`);
  if (shutdown === 'failed') parts.push('ShutdownCommand failed');
  return parts.join(' and ');
}
