import { setTimeout as delay } from 'node:timers/promises';
import type { HeddleNode } from '../../daemon/node.ts';
import type { UpOptions } from '../../daemon/setup/options.ts';
import type { EmitEvent } from '../../event/event.ts';

/** Signals that end a process by default. Whoever sends one wants the daemon to end: its network is taken down as for SIGTERM. */
const stopSignals = [
  'SIGTERM',
  'SIGINT',
  'SIGHUP',
  'SIGQUIT',
  'SIGALRM',
  'SIGUSR2',
  'SIGVTALRM',
  'SIGXCPU',
  'SIGPWR',
  'SIGIO',
] as const satisfies readonly NodeJS.Signals[];

/** The first signal stops the daemon; a second one ends what it is still doing. Returns the first one, once it has come. */
export function stopOnSignals(
  node: HeddleNode,
  { onExit, releaseLease }: UpOptions,
  emit: EmitEvent,
): () => NodeJS.Signals | undefined {
  let first: NodeJS.Signals | undefined;
  const stop = (signal: NodeJS.Signals): void => {
    emit({ event: 'stop-asked', by: signal, effect: effectOf(first, node) });
    if (first === undefined) node.stop({ onExit, releaseLease });
    else node.hurry();
    first ??= signal;
  };
  for (const signal of stopSignals) process.on(signal, stop);
  return () => first;
}

/** The effect of a signal, after the first signal to this process if there was one. `heddle down` may have stopped the daemon before. */
export function effectOf(
  first: NodeJS.Signals | undefined,
  { stopping }: Pick<HeddleNode, 'stopping'>,
): 'stop' | 'hurry' | 'none' {
  if (first !== undefined) return 'hurry';
  return stopping.aborted ? 'none' : 'stop';
}

/** How long the last work on files may take, in milliseconds. */
const settleMs = 100;

/**
 * Ends this process by the signal that stopped it, if it cannot exit: Node waits for work on files and for the look-up of names, and a
 * FIFO or a dead mount never answers. systemd takes an end by such a signal for a clean one.
 */
export async function endBySignal(signal: NodeJS.Signals | undefined): Promise<void> {
  if (signal === undefined || !isAtWork()) return;
  await delay(settleMs);
  if (!isAtWork()) return;
  process.removeAllListeners(signal);
  process.kill(process.pid, signal);
}

function isAtWork(): boolean {
  return process.getActiveResourcesInfo().some((name) => /^(?:FSReq|GetAddrInfo)/.test(name));
}
