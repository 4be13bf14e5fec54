import { setImmediate } from 'node:timers/promises';
import { checkHost } from '../../daemon/setup/check-host.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import type { EmitEvent } from '../../event/event.ts';
import { isAbort } from '../../host/system-error.ts';
import { readVersion } from '../../host/version.ts';
import { createLog } from '../terminal/log.ts';
import type { LogOptions } from '../terminal/log.ts';
import { Observer } from './observe.ts';
import { endBySignal, stopOnSignals } from './stop-signals.ts';

/** The part of the command line that the log begins with. */
interface LogBeginning {
  /** By name, without secrets. */
  readonly optionsInForce: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

/**
 * Runs the daemon until a signal ends it. What ends it otherwise is thrown, and said once: on stderr for people, where the
 * caller reports it, and as an event besides in a log for machines.
 *
 * @param beginning the first lines of the log
 */
export async function runUp(
  options: UpOptions,
  logOptions: LogOptions,
  beginning: LogBeginning,
): Promise<void> {
  const observer = await Observer.open(options);
  const check = checkHost(options);
  // Whoever awaits the check is told why it failed.
  check.catch(() => undefined);
  // The programs that it asks start now, and answer while the daemon loads.
  await setImmediate();
  const log = await createLog(logOptions);
  const { HeddleNode } = await import('../../daemon/node.ts');
  let stoppedBy = (): NodeJS.Signals | undefined => undefined;
  const emit: EmitEvent = (event) => {
    observer.note(event);
    log.emit(event);
  };
  emit({ event: 'started', version: readVersion(), pid: process.pid, options: beginning.optionsInForce });
  const ownWarnings = process.pid === 1 ? [firstProcessWarning] : [];
  for (const message of [...beginning.warnings, ...observer.warnings, ...ownWarnings])
    emit({ event: 'warning', message });
  try {
    const node = new HeddleNode(options, { emit });
    stoppedBy = stopOnSignals(node, options, emit);
    await observer.watch(node, emit);
    await node.run(check);
  } catch (error) {
    if (isAbort(error)) return; // told to stop while it waited for the store
    if (logOptions.format === 'json') {
      const { asFailure } = await import('../terminal/report-error.ts');
      const { kind, message, hint } = asFailure(error);
      emit({ event: 'failure', kind, message, ...(hint !== undefined && { hint }) });
    }
    throw error;
  } finally {
    await observer.close();
    await log.close();
    await endBySignal(stoppedBy());
  }
}

/** Node collects only its own children; see bin/heddle. */
const firstProcessWarning =
  'heddle runs as the first process of its container (PID 1), where processes that commands leave behind stay as zombies; ' +
  'start it as heddle (bin/heddle), or with an init process: docker run --init';
