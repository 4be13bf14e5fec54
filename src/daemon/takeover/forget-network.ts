import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import type { EmitEvent } from '../../event/event.ts';
import { parseLeaseKey } from '../../lease/wire.ts';
import { DamagedJournal, setJournalAside } from '../../host/state/damaged-journal.ts';
import { openJournal } from '../../host/state/journal-file.ts';
import { readDeployment, removeDeployment } from '../network/deployment-file.ts';
import { setDeploymentAside, UnreadableDeployment } from '../network/unreadable-deployment.ts';
import type { Deployment } from '../network/deployment.ts';
import { forgetParts } from '../network/parts/parts.ts';
import { PeerJournal } from '../peers/peer-journal.ts';

/** Removes a network that is gone from the state directory. The kernel is not touched. */
export async function forgetNetwork(
  { parts, leaseKey }: Deployment,
  journal: PeerJournal,
  stateDirectory: string,
  emit: EmitEvent,
): Promise<void> {
  await forgetParts(parts, leaseKey === null ? undefined : parseLeaseKey(leaseKey), emit);
  await journal.strikeOut();
  await removeDeployment(stateDirectory);
}

/**
 * Strikes out the network of a dead daemon, if there is one. A damaged journal, or a deployment file that cannot be read, is kept under
 * another name, which a warning tells. A journal without its deployment file stays, because the next daemon can remove its peers. The caller
 * has claimed the state directory. Returns whether there was anything to forget. Throws a Failure.
 */
export async function forgetStanding(stateDirectory: string, emit: EmitEvent): Promise<boolean> {
  const path = join(stateDirectory, 'journal');
  const isUnreadable = await keepUnreadable(stateDirectory, emit);
  const deployment = await readDeployment(stateDirectory);
  if (deployment === undefined && !isThere(path)) return isUnreadable;
  const isDamaged = (await keepDamaged(path, emit)) || isUnreadable;
  if (deployment === undefined) return isDamaged;
  const file = await openJournal(path);
  try {
    await forgetNetwork(deployment, await PeerJournal.open(file), stateDirectory, emit);
  } finally {
    await file.close();
  }
  return true;
}

/** Whether the name is taken, also by a link that leads nowhere. */
function isThere(path: string): boolean {
  return lstatSync(path, { throwIfNoEntry: false }) !== undefined;
}

/** Gives a deployment file that cannot be read another name. Returns whether there was one. */
async function keepUnreadable(stateDirectory: string, emit: EmitEvent): Promise<boolean> {
  try {
    await readDeployment(stateDirectory);
    return false;
  } catch (error) {
    if (!(error instanceof UnreadableDeployment)) throw error;
    const newPath = await setDeploymentAside(stateDirectory, new Date());
    const remains =
      'the device, the traffic rules and the subnet file of its network may still be there: the next heddle up takes them over, or remove them by hand';
    emit({ event: 'warning', message: `${error.message}; it is kept as ${newPath}; ${remains}` });
    return true;
  }
}

/** Gives a damaged journal another name. Returns whether it was damaged. */
async function keepDamaged(path: string, emit: EmitEvent): Promise<boolean> {
  try {
    const file = await openJournal(path);
    await PeerJournal.open(file).finally(() => file.close());
    return false;
  } catch (error) {
    if (!(error instanceof DamagedJournal)) throw error;
    const newPath = await setJournalAside(path, new Date());
    emit({ event: 'warning', message: `${error.message}; the file is kept as ${newPath}` });
    return true;
  }
}
