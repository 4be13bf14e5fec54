import { lstatSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import type { EmitEvent } from '../../event/event.ts';
import { removeLeftPipes } from '../../shell/io/pipe-directory.ts';
import { createGroupLedger, endNotedGroups, type GroupLedger } from '../../shell/group-ledger.ts';

/** The time between SIGTERM and SIGKILL for a command that an earlier daemon left running, in milliseconds. */
const orphanGraceMs = 2000;

function directoryOf(stateDirectory: string): string {
  return join(stateDirectory, '.commands');
}

/** The ledger of this node's running commands. */
export function commandLedger(stateDirectory: string): GroupLedger {
  return createGroupLedger(directoryOf(stateDirectory));
}

/**
 * Ends the commands that a daemon which was killed left running: they would undo later what its successor does now. Removes the names of
 * its pipes. To be called by whoever has claimed the state directory, before anything else is run. Throws Failure
 * `state-directory`.
 */
export async function endOrphans(stateDirectory: string, emit: EmitEvent): Promise<void> {
  await removeLeftPipes(stateDirectory);
  const directory = directoryOf(stateDirectory);
  refuseOther(directory);
  const count = await endNotedGroups(directory, orphanGraceMs);
  if (count > 0) emit({ event: 'orphans-ended', count });
}

/** Throws a Failure if something but a directory has the name. */
function refuseOther(path: string): void {
  if (lstatSync(path, { throwIfNoEntry: false })?.isDirectory() ?? true) return;
  throw new Failure('state-directory', `${path} exists and is not a directory`, {
    hint: 'move it away: heddle makes this directory itself',
  });
}
