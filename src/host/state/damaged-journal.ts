import { link, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';
import { hasErrorCode } from '../system-error.ts';
import { downCommand } from './down-command.ts';

/** The failure of a journal that heddle cannot have written, whatever crash it died by: see {@link setJournalAside} for the way out. */
export class DamagedJournal extends Failure {
  /**
   * The failure of a journal with a damaged line.
   *
   * @param line the first damaged line, from 1
   * @param reason has the line for its subject: `is not JSON`
   */
  static at(path: string, line: number, reason: string): DamagedJournal {
    return new DamagedJournal(path, `its line ${line} ${reason}`);
  }

  /** @param reason a clause: `it is not a regular file` */
  constructor(path: string, reason: string) {
    super('state-directory', `the journal ${path} is damaged: ${reason}`, {
      hint: `restore the file, or run ${downCommand(dirname(path), '--forget')}: it keeps the damaged journal under another name and forgets the network; the kernel is not changed`,
    });
  }
}

/**
 * Gives a journal, or whatever has its name, another name in its directory, and frees its own. Returns the new path. Nothing is overwritten
 * and nothing of the journal is lost. Rejects with what the file system says.
 *
 * @param now for the new name
 */
export async function setJournalAside(path: string, now: Date): Promise<string> {
  const newPath = join(dirname(path), `.journal-damaged-${now.toISOString().replaceAll(':', '-')}`);
  try {
    await link(path, newPath);
  } catch (error) {
    // A directory cannot have a second name.
    if (!hasErrorCode(error, 'EPERM')) throw error;
    await rename(path, newPath);
    return newPath;
  }
  await rm(path);
  return newPath;
}
