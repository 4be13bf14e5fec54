import { Failure } from '../diagnostic/failure.ts';
import type { EmitEvent } from '../event/event.ts';
import type { Shell } from '../shell/shell.ts';
import { readDeployment } from './deployment.ts';
import type { Deployment } from './deployment.ts';
import { deploymentOf, factsOfPreparation, isSameNetwork } from './node-facts.ts';
import type { UpOptions } from './options.ts';
import type { PeerJournal } from './peer-journal.ts';
import type { Preparation } from './prepare.ts';
import { removeDeployedPeers, takeDownDeployment } from './take-down-deployment.ts';

export interface PreviousNetworkContext {
  readonly options: UpOptions;
  readonly preparation: Preparation;
  readonly journal: PeerJournal;
  readonly shell: Shell;
  readonly emit: EmitEvent;
}

/**
 * What an earlier daemon left up, if this one can take it over; what it cannot is taken down first. A daemon that died
 * while it changed to another recipe had begun with the old one, and that is gone on with. Throws a Failure.
 */
export async function clearPreviousNetwork(context: PreviousNetworkContext): Promise<Deployment | undefined> {
  const { options, preparation, journal, shell, emit } = context;
  const { stateDirectory } = options;
  const previous = await readDeployment(stateDirectory);
  if (previous === undefined) return undefined;
  const { file } = previous.recipe;
  const facts = factsOfPreparation(preparation, options);
  const isSame = isSameNetwork(previous, deploymentOf(preparation, options, facts, null));
  if (isSame && previous.change === undefined) return previous;
  if (isSame && previous.change === 'peers') {
    emit({
      event: 'warning',
      message: `a change of ${file} was not finished here; its peers are removed first`,
    });
    await removeDeployedPeers(previous, journal, stateDirectory, shell, emit);
    return previous;
  }
  emit({ event: 'warning', message: `the network of ${file} is still up here and is taken down first` });
  const { failed, shutdown } = await takeDownDeployment(previous, journal, stateDirectory, shell, emit);
  if (failed.length === 0 && shutdown === 'done') return undefined;
  throw new Failure('command', `the network of ${file} could not be taken down`, {
    hint: 'see the messages above, then run heddle down and try again',
  });
}
