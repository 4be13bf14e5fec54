import { Failure } from '../../diagnostic/failure.ts';
import { listFew } from '../../diagnostic/words.ts';
import { downCommand } from '../../host/state/down-command.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { secretVariables } from '../../store/secrets.ts';
import type { LeaseEnd } from '../lease/held-lease.ts';
import { narrowDeployment, removeDeployment } from './deployment-file.ts';
import type { LeftObject, RemovalResult, StandingNetwork } from './parts/part.ts';
import { networkParts, removeParts, type PartMemories } from './parts/parts.ts';

/** The result of taking a network down. */
export interface TakeDownResult {
  /** The number of peers whose remove succeeded, or for which the recipe has no remove. */
  readonly removed: number;
  /** The peers that could not be removed. They stay in the journal for `heddle down`. */
  readonly failed: readonly string[];
  /** The files, routes and rules that could not be removed. The deployment file keeps their parts for `heddle down`. */
  readonly left: readonly LeftObject[];
  /**
   * The result of ShutdownCommand; `done` if the recipe has none. `skipped` if nothing was there to shut down, the network was only
   * forgotten, or the rest of it stays.
   */
  readonly shutdown: 'done' | 'failed' | 'skipped';
  /** The result of releasing the lease; absent if it was to be kept. */
  readonly lease?: LeaseEnd;
}

/** The result without a network to take down. */
export const emptyTakeDown: TakeDownResult = { removed: 0, failed: [], left: [], shutdown: 'skipped' };

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
  const shutdown = shutdownOf(outcomes.get('device'));
  if (results.length === 0) await removeDeployment(stateDirectory);
  else if (results.length === left.length) {
    // ShutdownCommand has done its work, so that only these parts are tried again.
    const names = [...outcomes].flatMap(([name, { kind }]) => (kind === 'left' ? [name] : []));
    await narrowDeployment(stateDirectory, names);
  }
  const taken: TakeDownResult = { removed: before - failed.length, failed, left, shutdown };
  const remains = describeRemains(taken);
  emit({
    event: 'shutdown-finished',
    removed: taken.removed,
    failed: failed.length,
    remains: remains === '' ? null : remains,
  });
  return taken;
}

/** The result of ShutdownCommand by that of the device; undefined for a network whose device went down before. */
function shutdownOf(device: RemovalResult | undefined): TakeDownResult['shutdown'] {
  if (device === undefined) return 'skipped';
  return device.kind === 'left' ? 'failed' : 'done';
}

/** The place of a network, for hints. */
export interface TakeDownPlace {
  readonly stateDirectory: string;
  /** The store of the lease, if it is known. */
  readonly store: StoreChoice | undefined;
  /** A clause that says where the reasons of failures are. */
  readonly reasons: string;
}

/** Throws a Failure that names the remains, if there are any. */
export function requireTakenDown(taken: TakeDownResult, place: TakeDownPlace): void {
  const remains = describeRemains(taken);
  if (remains !== '') {
    const [object] = taken.left;
    const isCommand = taken.failed.length > 0 || taken.shutdown === 'failed';
    const kind = isCommand || object === undefined ? 'command' : object.failure;
    throw new Failure(kind, `the network could not be taken down completely: ${remains}`, {
      hint: `${place.reasons}; then run: ${downCommand(place.stateDirectory)}`,
    });
  }
  if (taken.lease?.kind !== 'unconfirmed') return;
  const { subnet, because } = taken.lease;
  throw new Failure('store', `the network is down, but its lease ${subnet} may still be held: ${because}`, {
    hint: releaseHint(place),
  });
}

/** The cure of a lease that the store did not release, in the imperative. */
export function releaseHint({
  stateDirectory,
  store,
}: Pick<TakeDownPlace, 'stateDirectory' | 'store'>): string {
  // A secret of the store is in no file, so heddle down takes it from its variable.
  const variables = store === undefined ? [] : secretVariables(store);
  const secrets = variables.length === 0 ? '' : `, with ${variables.join(' and ')} in its environment`;
  return `when the store answers again, run ${downCommand(stateDirectory, '--release-lease')}${secrets}; otherwise the lease ends by itself`;
}

/** The remains after a network was not taken down completely, as a clause; empty if there are none. */
function describeRemains({ failed, left, shutdown }: TakeDownResult): string {
  const parts = [];
  if (failed.length > 0)
    parts.push(`${failed.length} of its peers could not be removed (${listFew(failed)})`);
  if (shutdown === 'failed') parts.push('ShutdownCommand failed');
  parts.push(...left.map(({ because }) => because));
  return parts.join(' and ');
}
