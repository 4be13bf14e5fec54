import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readLogs } from './logs.ts';
import { findLabs } from './process/find.ts';
import { renderLog } from './report/render-log.ts';

/**
 * Saves the logs of a failed lab before it is removed, in a new directory that only this user can read. Returns a clause with the path.
 * Returns undefined without logs, and if they cannot be saved, because the failure of the lab matters more.
 */
export function saveLogs(name: string): string | undefined {
  const lab = findLabs().find((each) => each.name === name);
  if (lab === undefined) return undefined;
  try {
    const logs = readLogs(lab).filter(({ text }) => text !== '');
    if (logs.length === 0) return undefined;
    const directory = mkdtempSync(join(tmpdir(), 'heddle-lab-logs-'));
    for (const { host, text } of logs) writeFileSync(join(directory, `${host}.log`), renderLog(text));
    return `the logs of the nodes are in ${directory}`;
  } catch {
    return undefined;
  }
}
