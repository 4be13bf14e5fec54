import { join } from 'node:path';
import type { EmitEvent } from '../../event/event.ts';
import { openJournal } from '../../host/state/journal-file.ts';
import { createOneShotShell } from '../../shell/one-shot-shell.ts';
import { Waits } from '../commands/waits.ts';
import { commandLedger, endOrphans } from '../commands/running-commands.ts';
import { readDeployment } from '../network/deployment-file.ts';
import type { Deployment } from '../network/deployment.ts';
import type { TakeDownResult } from '../network/take-down.ts';
import { PeerJournal } from '../peers/peer-journal.ts';
import { requireNamespace } from './other-namespace.ts';
import { takeDownDeployment } from './take-down-deployment.ts';

/** The time between SIGTERM and SIGKILL for commands that are ended in a hurry, in milliseconds. */
const hurriedGraceMs = 1000;

/**
 * Takes down the network of a daemon that is dead, with a shell of its own. The caller has claimed the state directory. When `hurry`
 * is aborted, the commands that still run are ended, and no further one begins. Throws a Failure.
 */
export async function takeDownDead(
  deployment: Deployment,
  stateDirectory: string,
  emit: EmitEvent,
  hurry?: AbortSignal,
  waits = new Waits(emit, AbortSignal.abort()),
): Promise<TakeDownResult> {
  await endOrphans(stateDirectory, emit);
  const file = await openJournal(join(stateDirectory, 'journal'));
  const shell = createOneShotShell({
    closingGraceMs: hurriedGraceMs,
    ledger: commandLedger(stateDirectory),
    owner: stateDirectory,
  });
  const end = (): void => void shell.close();
  hurry?.addEventListener('abort', end, { once: true });
  if (hurry?.aborted === true) end();
  try {
    const journal = await PeerJournal.open(file);
    return await takeDownDeployment(deployment, journal, stateDirectory, shell, emit, waits);
  } finally {
    hurry?.removeEventListener('abort', end);
    await shell.close();
    await file.close();
  }
}

/** Takes down the network that an earlier daemon left up, with a shell of its own. Undefined if there is none. */
export async function takeDownStanding(
  stateDirectory: string,
  emit: EmitEvent,
  hurry?: AbortSignal,
): Promise<TakeDownResult | undefined> {
  const deployment = await readDeployment(stateDirectory);
  if (deployment === undefined) return undefined;
  await requireNamespace(deployment, stateDirectory);
  return takeDownDead(deployment, stateDirectory, emit, hurry);
}
