import { setTimeout as delay } from 'node:timers/promises';
import type { SourceText } from '../../diagnostic/source.ts';
import type { EmitEvent } from '../../event/event.ts';
import type { LeaseStore } from '../../store/store.ts';
import type { OutageLog } from '../lease/outage-log.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';

const pollMs = 2000;
/** How often the operator is reminded that a configuration is missing. */
const remindMs = 60_000;

/** How to put a network configuration where it is missing. */
export const networkHint = `put one there: heddle network set FILE, for example with {"Network":"10.50.0.0/16","Backend":{"Type":"vxlan"}}`;

/**
 * Reads the network configuration from a store that may be away for now, or that may not have one yet. Throws a
 * StoreError that no waiting mends, and the signal's reason.
 */
export async function awaitNetwork(
  store: LeaseStore,
  outages: OutageLog,
  emit: EmitEvent,
  signal: AbortSignal,
): Promise<SourceText> {
  let remindedAt = -Infinity;
  for (;;) {
    const document = await outlastOutages(() => store.readNetwork(), outages, signal);
    if (document !== undefined) return document;
    if (performance.now() - remindedAt >= remindMs) {
      remindedAt = performance.now();
      emit({ event: 'network-awaited', source: store.description, hint: networkHint });
    }
    await delay(pollMs, undefined, { signal });
  }
}
