import { readdirSync, readFileSync } from 'node:fs';
import { Failure } from '../diagnostic/failure.ts';
import { explainError, hasErrorCode } from '../host/system-error.ts';
import { findLab, type FoundLab } from './process/find.ts';
import { hostsDirectory, logFileOf } from './protocol.ts';
import { renderLog } from './report/render-log.ts';

/** `lab logs`: prints the log of a host's daemon, or of the store's server. Throws a {@link Failure} for a host that the lab does not have. */
export async function showLog(name: string, host: string, raw: boolean): Promise<void> {
  const lab = findLab(name);
  const log = readLogs(lab).find((each) => each.host === host);
  if (log === undefined) {
    const known = readLogs(lab).map((each) => each.host);
    throw new Failure('not-running', `the lab ${lab.name} does not have a log of ${host}`, {
      hint: known.length === 0 ? 'the lab is starting; try again' : `choose one of ${known.join(', ')}`,
    });
  }
  const text = raw ? log.text : renderLog(log.text);
  await new Promise<void>((resolve) => process.stdout.write(text, () => resolve()));
}

/** The log of a host, as its program wrote it. */
interface HostLog {
  readonly host: string;
  readonly text: string;
}

/** Reads the logs of all hosts of a lab. /proc shows the lab's files to every process that may trace the lab's first process. */
export function readLogs(lab: FoundLab): readonly HostLog[] {
  const root = `/proc/${lab.pid}/root`;
  try {
    return readdirSync(root + hostsDirectory)
      .sort()
      .flatMap((host) => {
        const text = readIfThere(root + logFileOf(host));
        return text === undefined ? [] : [{ host, text }];
      });
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return [];
    throw new Failure('not-running', `cannot read the logs of the lab ${lab.name}: ${explainError(error)}`, {
      hint: 'run it as the user who started the lab, or as root',
      cause: error,
    });
  }
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (hasErrorCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}
