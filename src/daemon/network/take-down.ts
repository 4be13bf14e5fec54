import { Failure } from '../../diagnostic/failure.ts';
import type { LeaseEnd } from '../lease/held-lease.ts';
import { narrowDeployment, removeDeployment } from './deployment-file.ts';
import type { LeftObject, StandingNetwork } from './parts/part.ts';
import { networkParts, removeParts, type PartMemories } from './parts/parts.ts';

/** The result of taking a network down. */
export interface TakeDownResult {
  /** The number of peers whose remove succeeded, or for which the recipe has no remove. */
  readonly removed: number;
  /** The peers that could not be removed. They stay in the journal for `heddle down`. */
  readonly failed: readonly string[];
  /** The files, routes and rules that could not be removed. The deployment file keeps their parts for `heddle down`. */
  readonly left: readonly LeftObject[];
  /** The result of ShutdownCommand; `skipped` if the network was only forgotten, or the rest of it stays. */
  readonly shutdown: 'done' | 'failed' | 'skipped';
  /** The result of releasing the lease; absent if it was to be kept. */
  readonly lease?: LeaseEnd;
}

/** The result without a network to take down. */
export const emptyTakeDown: TakeDownResult = { removed: 0, failed: [], left: [], shutdown: 'done' };

/**
 * Removes the parts of a network, the last one first. The journal and the deployment file keep every part that could not be removed, so
 * that `heddle down` can try again. After `leaving`, the rest of the network stays. Throws a Failure for a part that this version does not
 * know.
 */
export async function takeDown(
  network: StandingNetwork,
  memories: PartMemories,
  leaving?: AbortSignal,
  parts = networkParts,
): Promise<TakeDownResult> {
  const { journal, stateDirectory, emit } = network;
  const before = journal.peers.length;
  const outcomes = await removeParts(network, memories, parts, leaving);
  const results = [...outcomes.values()].filter((result) => result.kind === 'left');
  const failed = results.flatMap((result) => (result.what === 'peers' ? result.keys : []));
  const left = results.flatMap((result) =>
    result.what === 'object' ? [{ because: result.because, failure: result.failure }] : [],
  );
  if (outcomes.size < Object.keys(memories).length) return { removed: 0, failed, left, shutdown: 'skipped' };
  const shutdown = results.some(({ what }) => what === 'device') ? 'failed' : 'done';
  if (results.length === 0) await removeDeployment(stateDirectory);
  else if (results.length === left.length) {
    // ShutdownCommand has done its work, so that only these parts are tried again.
    const names = [...outcomes].flatMap(([name, { kind }]) => (kind === 'left' ? [name] : []));
    await narrowDeployment(stateDirectory, names);
  }
  const removed = before - failed.length;
  emit({ event: 'shutdown-finished', removed, failed: failed.length });
  return { removed, failed, left, shutdown };
}

/** Throws a Failure that names the remains, if there are any. `hint` says where the reasons are, and what to do. */
export function requireTakenDown(taken: TakeDownResult, hint: string): void {
  const remains = describeRemains(taken);
  if (remains !== '') {
    const [object] = taken.left;
    const isCommand = taken.failed.length > 0 || taken.shutdown === 'failed';
    const kind = isCommand || object === undefined ? 'command' : object.failure;
    throw new Failure(kind, `the network could not be taken down completely: ${remains}`, { hint });
  }
  if (taken.lease?.kind !== 'unconfirmed') return;
  const { subnet, because } = taken.lease;
  throw new Failure('store', `the network is down, but its lease ${subnet} may still be held: ${because}`, {
    hint: 'when the store answers again, run heddle down --release-lease; otherwise the lease ends by itself',
  });
}

/** The remains after a network was not taken down completely, as a clause; empty if there are none. */
function describeRemains({ failed, left, shutdown }: TakeDownResult): string {
  const parts = [];
  if (failed.length > 0)
    parts.push(`${failed.length} of its peers could not be removed (${failed.join(', ')})`);
  if (shutdown === 'failed') parts.push('ShutdownCommand failed');
  parts.push(...left.map(({ because }) => because));
  return parts.join(' and ');
}
