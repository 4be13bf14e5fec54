import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent } from '../../event/event.ts';
import { downCommand } from '../../host/state/down-command.ts';
import type { Shell } from '../../shell/shell.ts';
import { parseLeaseKey } from '../../lease/wire.ts';
import { readDeployment } from '../network/deployment-file.ts';
import { type Deployment, deploymentOf, isSameNetwork } from '../network/deployment.ts';
import { leavePlaces } from '../network/parts/parts.ts';
import { factsOfPreparation } from '../setup/node-facts.ts';
import { forgetNetwork } from './forget-network.ts';
import type { UpOptions } from '../setup/options.ts';
import { findOtherNamespace, type OtherNamespace } from './other-namespace.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';
import type { Preparation } from '../setup/prepare.ts';
import { removeDeployedPeers, takeDownDeployment } from './take-down-deployment.ts';

export interface PreviousNetworkContext {
  readonly options: UpOptions;
  readonly preparation: Preparation;
  readonly journal: PeerJournal;
  readonly shell: Shell;
  readonly emit: EmitEvent;
}

/** The network of an earlier daemon, for a daemon that runs the same recipe. */
export interface PreviousNetwork {
  /** The key of the network's lease. */
  readonly leaseKey: string | null;
  /** Whether the network is up here, and is taken over. */
  readonly isUp: boolean;
}

/**
 * The network that an earlier daemon left up, if this daemon can take it over. Otherwise that network is taken down
 * first. If the earlier daemon died during a change to another recipe, this one continues with the removes of the old
 * recipe. Throws a Failure.
 */
export async function clearPreviousNetwork(
  context: PreviousNetworkContext,
): Promise<PreviousNetwork | undefined> {
  const { options, preparation, journal, shell, emit } = context;
  const { stateDirectory } = options;
  const previous = await readDeployment(stateDirectory);
  if (previous === undefined) return undefined;
  const { file } = previous.recipe;
  const facts = factsOfPreparation(preparation, options);
  const isSame = isSameNetwork(previous, deploymentOf(preparation, options, facts, null));
  const { leaseKey } = previous;
  const other = await findOtherNamespace(previous);
  if (other !== undefined) {
    await leaveOtherNamespace(previous, other, context);
    return isSame ? { leaseKey, isUp: false } : undefined;
  }
  if (isSame && previous.change === undefined) {
    await leaveEarlierPlaces(previous, options, emit);
    return { leaseKey, isUp: true };
  }
  if (isSame && previous.change === 'peers') {
    emit({
      event: 'warning',
      message: `an earlier change of ${file} was not finished; heddle first removes its peers`,
    });
    await removeDeployedPeers(previous, journal, stateDirectory, shell, emit);
    await leaveEarlierPlaces(previous, options, emit);
    return { leaseKey, isUp: true };
  }
  emit({ event: 'warning', message: `the network of ${file} is still up; heddle first takes it down` });
  const { failed, shutdown } = await takeDownDeployment(previous, journal, stateDirectory, shell, emit);
  if (failed.length === 0 && shutdown !== 'failed') return undefined;
  throw new Failure('command', `the network of ${file} could not be taken down`, {
    hint: `the log says why; correct the cause, run ${downCommand(stateDirectory)} and try again`,
  });
}

/** Removes what the network has at places that the options do not name any more, such as the subnet file. */
async function leaveEarlierPlaces(
  { parts, leaseKey }: Deployment,
  options: UpOptions,
  emit: EmitEvent,
): Promise<void> {
  const own = leaseKey === null ? undefined : parseLeaseKey(leaseKey);
  if (own !== undefined) await leavePlaces(parts, own, options, emit);
}

/**
 * A network in another network namespace cannot be taken down from here. If that namespace still exists, this throws a
 * Failure before the network is forgotten. Otherwise the network went with the namespace, as far as heddle can see.
 */
async function leaveOtherNamespace(
  deployment: Deployment,
  { name, enter }: OtherNamespace,
  { options: { stateDirectory }, journal, emit }: PreviousNetworkContext,
): Promise<void> {
  const { file } = deployment.recipe;
  if (enter !== undefined) {
    throw new Failure(
      'state-directory',
      `the network of ${file} is up in another network namespace (${name})`,
      {
        hint: `take it down in that namespace with ${enter} ${downCommand(stateDirectory)}, or give this daemon another --state-dir`,
      },
    );
  }
  emit({
    event: 'warning',
    message: `the network of ${file} was brought up in a network namespace that does not exist any more (${name}); heddle forgets it`,
  });
  await forgetNetwork(deployment, journal, stateDirectory, emit);
}
