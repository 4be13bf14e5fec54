import { setImmediate } from 'node:timers/promises';
import type { HeddleNode } from '../../daemon/node.ts';
import { checkHost } from '../../daemon/setup/check-host.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import type { EmitEvent } from '../../event/event.ts';
import { isAbort } from '../../host/system-error.ts';
import { readVersion } from '../../host/version.ts';
import { createLog } from '../terminal/log.ts';
import type { LogOptions } from '../terminal/log.ts';
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
  const observer = await observe(options);
  const check = checkHost(options);
  // Whoever awaits the check is told why it failed.
  check.catch(() => undefined);
  // The programs that it asks start now, and answer while the daemon loads.
  await setImmediate();
  const log = await createLog(logOptions);
  const { HeddleNode } = await import('../../daemon/node.ts');
  let stoppedBy = (): NodeJS.Signals | undefined => undefined;
  const emit: EmitEvent = (event) => {
    observer?.note(event);
    log.emit(event);
  };
  emit({ event: 'started', version: readVersion(), pid: process.pid, options: beginning.optionsInForce });
  const ownWarnings = process.pid === 1 ? [firstProcessWarning] : [];
  for (const message of [...beginning.warnings, ...(observer?.warnings ?? []), ...ownWarnings])
    emit({ event: 'warning', message });
  try {
    const node = new HeddleNode(options, { emit });
    observer?.watch(node);
    stoppedBy = stopOnSignals(node, options, emit);
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
    observer?.close();
    await log.close();
    await endBySignal(stoppedBy());
  }
}

/** Node collects only its own children; see bin/heddle. */
const firstProcessWarning =
  'heddle runs as the first process of its container (PID 1), where processes that commands leave behind stay as zombies; ' +
  'start it as heddle (bin/heddle), or with an init process: docker run --init';

interface Observer {
  /** For the log, once there is one. */
  readonly warnings: readonly string[];
  readonly note: EmitEvent;
  /** From now on there is a node to report about. */
  readonly watch: (node: HeddleNode) => void;
  readonly close: () => void;
}

async function observe({ metricsAddress }: UpOptions): Promise<Observer | undefined> {
  if (metricsAddress === undefined) return undefined;
  const [{ Metrics }, { serveMetrics, warnOfMetricsAddress }] = await Promise.all([
    import('../../daemon/report/metrics.ts'),
    import('../../daemon/report/metrics-server.ts'),
  ]);
  let watched: HeddleNode | undefined;
  const metrics = new Metrics(() => watched?.status());
  const { close } = await serveMetrics(metrics, metricsAddress);
  return {
    warnings: [warnOfMetricsAddress(metricsAddress) ?? []].flat(),
    note: metrics.note,
    watch: (node) => (watched = node),
    close,
  };
}
