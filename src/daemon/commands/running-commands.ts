import { join } from 'node:path';
import type { EmitEvent } from '../../event/event.ts';
import { createGroupLedger, endNotedGroups, type GroupLedger } from '../../shell/group-ledger.ts';

/** How long a command that an earlier daemon left running has between SIGTERM and SIGKILL, in milliseconds. */
const orphanGraceMs = 2000;

function directoryOf(stateDirectory: string): string {
  return join(stateDirectory, '.commands');
}

/** Where the commands of this node are noted while they run. */
export function commandLedger(stateDirectory: string): GroupLedger {
  return createGroupLedger(directoryOf(stateDirectory));
}

/**
 * Ends the commands that a daemon which was killed left running: they would undo later what its successor does now. To be called by
 * whoever has claimed the state directory, before anything else is run.
 */
export async function endOrphans(stateDirectory: string, emit: EmitEvent): Promise<void> {
  const count = await endNotedGroups(directoryOf(stateDirectory), orphanGraceMs);
  if (count > 0) emit({ event: 'orphans-ended', count });
}
