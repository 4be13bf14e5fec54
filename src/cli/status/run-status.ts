import { askDaemon, nameDaemon } from '../../daemon/report/control.ts';
import type { NodeStatus } from '../../daemon/report/status.ts';
import { exitCodes, Failure } from '../../diagnostic/failure.ts';
import { whileWaiting } from '../../host/interruption.ts';
import { isAbort } from '../../host/system-error.ts';
import { asFailure } from '../terminal/report-error.ts';
import { renderStatus } from './render-status.ts';
import { watchAsLines, watchOnScreen, type View } from './watch-status.ts';

/** Prints the daemon's status, on request after a probe of every peer; sets the exit code by its health. */
export async function runStatus(stateDirectory: string, json: boolean, probe: boolean): Promise<void> {
  const status = await askForStatus(stateDirectory, probe);
  process.stdout.write(json ? `${JSON.stringify(status)}\n` : renderStatus(status, Date.now()));
  process.exitCode = exitCodeOf(status);
}

/** A line of `status --watch --json` while a daemon does not answer. */
export interface NoStatus {
  readonly state: 'not-running' | 'unresponsive';
  /** Why the status is unknown. */
  readonly because: string;
}

/**
 * Shows the daemon's status until a signal ends it: on the terminal, or as a JSON line after each change. A daemon that is not running is
 * waited for. The exit code says how the daemon was in the end; if it never answered, the signal ends this process.
 */
export async function watchStatus(stateDirectory: string, json: boolean): Promise<void> {
  const look = async (signal: AbortSignal): Promise<View> => {
    try {
      const status = await askForStatus(stateDirectory, false, signal);
      process.exitCode = exitCodeOf(status);
      return { text: renderStatus(status, Date.now()), line: JSON.stringify(status) };
    } catch (error) {
      if (isAbort(error)) throw error;
      const { kind, message, hint = '' } = asFailure(error);
      if (kind !== 'not-running' && kind !== 'unresponsive') throw error;
      process.exitCode = exitCodes[kind];
      const none: NoStatus = { state: kind, because: message };
      return { text: `${message}\n  ${hint}\n`, line: JSON.stringify(none) };
    }
  };
  const what = nameDaemon(stateDirectory);
  await whileWaiting({ what }, () => (json ? watchAsLines(look) : watchOnScreen(look)));
}

/** Throws a Failure if a daemon is not running, or does not answer. */
async function askForStatus(
  stateDirectory: string,
  probe: boolean,
  signal?: AbortSignal,
): Promise<NodeStatus> {
  const answer = await (probe
    ? askDaemon(stateDirectory, 'POST', '/probe')
    : askDaemon(stateDirectory, 'GET', '/status', undefined, signal));
  const status = answer as NodeStatus | { readonly error: string } | undefined;
  if (status === undefined) {
    const { describeAbsence } = await import('./describe-absence.ts');
    throw await describeAbsence(stateDirectory);
  }
  if ('error' in status) throw new Failure('prerequisite', status.error);
  return status;
}

function exitCodeOf({ state }: NodeStatus): number {
  return state === 'degraded' ? exitCodes.degraded : 0;
}
