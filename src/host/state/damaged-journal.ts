import { link, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Failure } from '../../diagnostic/failure.ts';

/** The failure of a journal that heddle cannot have written, whatever crash it died by: see {@link setJournalAside} for the way out. */
export class DamagedJournal extends Failure {
  /**
   * @param line the first damaged line, from 1
   * @param reason has the line for its subject: `is not JSON`
   */
  constructor(path: string, line: number, reason: string) {
    super('state-directory', `the journal ${path} is damaged: its line ${line} ${reason}`, {
      hint: `restore the file, or run heddle down --forget --state-dir ${dirname(path)}: it keeps the damaged journal under another name and forgets the network; the kernel is not changed`,
    });
  }
}

/**
 * Gives a journal another name in its directory, and frees its own. Returns the new path. Nothing is overwritten and nothing of the
 * journal is lost. Rejects with what the file system says.
 *
 * @param now for the new name
 */
export async function setJournalAside(path: string, now: Date): Promise<string> {
  const newPath = join(dirname(path), `.journal-damaged-${now.toISOString().replaceAll(':', '-')}`);
  await link(path, newPath);
  await rm(path);
  return newPath;
}
