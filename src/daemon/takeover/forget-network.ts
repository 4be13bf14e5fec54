import type { EmitEvent } from '../../event/event.ts';
import { removeDeployment } from '../network/deployment-file.ts';
import type { Deployment } from '../network/deployment.ts';
import { forgetParts } from '../network/parts/parts.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';

/** Strikes a network out of the state directory without touching the kernel, for one that is gone already. */
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
