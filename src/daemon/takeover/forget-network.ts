import { removeDeployment } from '../network/deployment-file.ts';
import type { PeerJournal } from '../peers/peer-journal.ts';

/**
 * Strikes a network out of the state directory without touching the kernel, for one that is gone already.
 */
export async function forgetNetwork(journal: PeerJournal, stateDirectory: string): Promise<void> {
  await journal.strikeOut();
  await removeDeployment(stateDirectory);
}
