import { setTimeout as delay } from 'node:timers/promises';
import type { SourceText } from '../../diagnostic/source.ts';
import type { StoreChoice } from '../../store/kind.ts';
import { networkWriterOf } from '../../store/network-writer.ts';
import type { LeaseStore, StoredNetworkPlace } from '../../store/store.ts';
import { pollsMs } from '../../time/retry.ts';
import { outlastOutages } from '../lease/outlast-outages.ts';
import type { StartWait } from './start-wait.ts';

/** The hint for a network configuration that is missing in the store of a choice. */
export function networkHint(choice: StoreChoice): string {
  return `write one with ${networkWriterOf(choice)}, for example {"Network":"10.50.0.0/16","Backend":{"Type":"vxlan"}}`;
}

/**
 * Reads the network configuration, and waits for a store that is away, or that does not have one yet. Throws a StoreError that waiting does
 * not cure, and the signal's reason.
 */
export async function awaitNetwork(
  store: LeaseStore,
  choice: StoreChoice,
  wait: StartWait,
  signal: AbortSignal,
): Promise<SourceText> {
  for (;;) {
    const document = await outlastOutages(() => store.readNetwork(), wait.outages, signal);
    if (document !== undefined) return document;
    if (wait.isReminderDue) {
      const place = await locateNetwork(store);
      wait.missesNetwork(store.description, place, place.hint ?? networkHint(choice));
    }
    await delay(pollsMs.network, undefined, { signal });
  }
}

/** The place where a store reads the network configuration. */
export async function locateNetwork(store: LeaseStore): Promise<StoredNetworkPlace> {
  return (await store.locateNetwork?.()) ?? { place: store.description, cause: undefined };
}
