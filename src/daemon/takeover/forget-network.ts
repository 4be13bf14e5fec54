import type { EmitEvent } from '../../event/event.ts';
import { removeDeployment } from '../network/deployment-file.ts';
import type { Deployment } from '../network/deployment.ts';
import { forgetParts } from '../network/parts/parts.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';

/** Removes a network that is gone from the state directory. The kernel is not touched. */
export async function forgetNetwork(
  { parts }: Deployment,
  journal: PeerJournal,
  stateDirectory: string,
  emit: EmitEvent,
): Promise<void> {
  await forgetParts(parts, emit);
  await journal.strikeOut();
  await removeDeployment(stateDirectory);
}
